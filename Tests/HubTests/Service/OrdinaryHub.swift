import Glibc
@testable import Hub
import Processes
import TestSupport
import Testing

/// A hub run by a user of its own, which exists only in a mount namespace: `/etc/passwd` has one line more there. Needs root.
struct OrdinaryHub {
    private static let user: UInt32 = 61_234
    private let directory = TemporaryDirectory()
    private let layout: HubLayout
    private let prefix: [String]
    private let unshare: String

    init(unshare: String, setpriv: String) {
        self.unshare = unshare
        let passwd = String(decoding: OrdinaryHub.read("/etc/passwd"), as: UTF8.self)
        let line = "synchubtest:x:\(OrdinaryHub.user):\(OrdinaryHub.user):test:/nonexistent:/bin/sh\n"
        directory.write(passwd + line, to: "passwd")
        chmod(directory.path, 0o755)
        chown(directory.makeDirectory("own"), OrdinaryHub.user, OrdinaryHub.user)
        layout = HubLayout(root: directory.path("own/hub"))
        prefix = [
            "--mount", "/bin/sh", "-c", "mount --bind \"$0\" /etc/passwd && exec \"$@\"", directory.path("passwd"),
            setpriv,
            "--reuid=\(OrdinaryHub.user)", "--regid=\(OrdinaryHub.user)", "--clear-groups", ServiceHub.program,
        ]
    }

    /// Makes it, runs it, and goes in as a phone.
    func check() throws {
        let reached = try command("--version")
        guard reached.status.isSuccess else {
            Issue.record("an ordinary user cannot reach \(ServiceHub.program): \(reached.errorText)")
            return
        }
        let made = try command(
            "init", "--root", layout.root, "--listen", "127.0.0.1", "--sftp-port", "\(FleetPorts.free())",
            "--api-port", "\(FleetPorts.free())")
        try #require(made.status.isSuccess, "\(made.errorText)")
        let report = try command("check", "--root", layout.root)
        #expect(report.status.isSuccess, "\(report.outputText)")
        let hub = try ChildProcess(
            unshare, prefix + ["run", "--root", layout.root],
            ChildProcess.Options(output: .pipe, errors: .null, diesWithParent: true))
        defer { hub.kill() }
        let line = hub.output?.read().map { String(decoding: $0, as: UTF8.self) } ?? ""
        try #require(line.hasPrefix("ready: "))
        try goIn()
        hub.terminate()
        #expect(hub.wait(timeout: .seconds(10)) == .exited(0))
        withExtendedLifetime(directory) {}
    }

    private func goIn() throws {
        let configuration = try HubConfiguration.load(layout)
        try SSHDServer.makeKey(directory.path("phone"))
        let key = try PublicKey(line: directory.text("phone.pub") ?? "")
        try ServiceAPI(layout: layout, port: configuration.apiPort).admit("phone", key: key)
        let text = directory.write("from the phone", to: "text")
        let outcome = try Processes.run(
            "/usr/bin/sftp",
            [
                "-q", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-i",
                directory.path("phone"), "-P", "\(configuration.sftpPort)", "-b", "-", "synchubtest@127.0.0.1",
            ],
            input: Array(
                "put \(text) note\n-chmod 777 ../journal.db\n-get ../admin.token \(directory.path("stolen"))\n".utf8))
        #expect(outcome.status.isSuccess, "\(outcome.errorText)")
        #expect(directory.text("own/hub/share/note") == "from the phone")
        #expect(directory.text("stolen") == nil)
        #expect(permissions(layout.journal) == 0o600)
    }

    private func command(_ words: String...) throws -> Completed { try Processes.run(unshare, prefix + words) }

    private func permissions(_ path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    private static func read(_ path: String) -> [UInt8] {
        guard let outcome = try? Processes.run("/bin/cat", [path]) else { return [] }
        return outcome.output
    }
}
