import Glibc
import TestSupport
import Testing

@testable import Hub

@Suite struct AnnouncementTests {
    private let directory = TemporaryDirectory()

    private func hub(_ name: String = "pi", listen: String? = nil, announce: Bool = true) -> HubConfiguration {
        var configuration = HubConfiguration(name: name, listen: listen, sftpPort: 2222, apiPort: 1)
        configuration.announce = announce
        return configuration
    }

    /// A program that writes its arguments down as avahi-publish-service would be called, and says so until it is ended.
    private func program(_ script: String) -> String {
        let path = directory.write("#!/bin/sh\necho $$ >> '\(directory.path)/pids'\n\(script)\n", to: "publish")
        chmod(path, 0o700)
        return path
    }

    private var pids: [pid_t] { (directory.text("pids") ?? "").split(separator: "\n").compactMap { pid_t($0) } }

    @Test func `who cannot be reached, or shall not be found, is not announced`() {
        for address in ["127.0.0.1", "127.8.9.1", "::1"] { #expect(!Announcement.isWanted(hub(listen: address))) }
        for address in [nil, "0.0.0.0", "192.168.1.5"] { #expect(Announcement.isWanted(hub(listen: address))) }
        #expect(!Announcement.isWanted(hub(announce: false)))
    }

    @Test(arguments: [
        ("pi", "SyncHub pi"), ("-x", "SyncHub -x"),
        (String(repeating: "é", count: 40), "SyncHub " + String(repeating: "é", count: 27)),
    ])
    func `an instance has a name of 63 bytes at most`(name: String, instance: String) {
        #expect(Announcement.instance(name) == instance && instance.utf8.count <= 63)
    }

    @Test func `the child says name, type, port and fingerprint, and ends with the hub`() throws {
        let path = program("printf '%s\\n' \"$@\" > '\(directory.path)/said'\nexec sleep 1000")
        let announcement = try #require(Announcement(hub("my pi"), fingerprint: "SHA256:abc", program: path))
        announcement.start()
        #expect(eventually { directory.text("said")?.hasSuffix("hub=my pi\n") == true })
        #expect(directory.text("said") == "--no-fail\nSyncHub my pi\n_sync-hub._tcp\n2222\nfp=SHA256:abc\nhub=my pi\n")
        let pid = try #require(pids.first)
        #expect(isAlive(pid))
        announcement.stop()
        #expect(!isAlive(pid) && pids.count == 1)
    }

    @Test func `a child that ends is started again, until the hub ends`() throws {
        let announcement = Announcement(program: program("exit 1"), [], pause: .milliseconds(1))
        announcement.start()
        #expect(eventually { pids.count >= 3 })
        announcement.stop()
        // Nothing that was begun is left.
        #expect(eventually { pids.allSatisfy { !isAlive($0) } })
    }
}
