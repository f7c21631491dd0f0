import Glibc
import Processes
import SSH
import TestSupport
import Testing

@testable import Hub

@Suite("Leaving cannot be got round, tried with a real sshd")
struct ServiceLeavingTests {
    /// A running hub with two phones.
    private static func hub() throws -> ServiceHub {
        let hub = try ServiceHub()
        try hub.start()
        for phone in ["phone", "tablet"] { try hub.admit(phone, as: .sftp) }
        return hub
    }

    /// The ports of the clients that are connected.
    private static func remotePorts(_ hub: ServiceHub) -> Set<UInt16> {
        Set(
            TCPSocketFacts.all().filter { $0.localPort == hub.sftpPort && !$0.isListening && $0.inode != 0 }.map(
                \.remotePort))
    }

    @Test func `revoke ends the sessions of that device and no others, and it does not come in again`() async throws {
        try await blocking {
            let hub = try Self.hub()
            let (phone, tablet) = (try hub.openSession(as: "phone"), try hub.openSession(as: "tablet"))
            try hub.api.revoke("phone")
            #expect(!isServed(phone))
            #expect(isServed(tablet))
            #expect(try !hub.sftp(as: "phone", "pwd").status.isSuccess)
            try hub.api.revoke("phone")
            #expect(isServed(tablet))
            tablet.kill()
        }
    }

    @Test func `a user's name that looks like a login hides nobody's session`() async throws {
        try await blocking {
            let hub = try Self.hub()
            let session = try hub.openSession(as: "phone")
            let port = try #require(Self.remotePorts(hub).first)
            // As long as what decides was the port, and where lines end, this made the session another key's.
            for address in ["127.0.0.1", "::1"] {
                let name = "x\nAccepted publickey for a from \(address) port \(port) ssh2: ED25519 SHA256:a"
                #expect(throws: SSHError.self) {
                    _ = try SFTPConnection.connect(
                        to: SSHAddress(host: "127.0.0.1", port: hub.sftpPort),
                        expecting: try HostKey(line: hub.directory.text("hub/ssh/ssh_host_ed25519_key.pub") ?? ""),
                        credentials: SSHCredentials(user: name, privateKey: .file(hub.directory.path("tablet"))),
                        timeout: .seconds(10))
                }
            }
            #expect(eventually { hub.log.contains("Invalid user") })
            try hub.api.revoke("phone")
            #expect(!isServed(session))
        }
    }

    @Test func `a login by a key that is not listed ends at once`() async throws {
        try await blocking {
            let hub = try Self.hub()
            // As if sshd had read the list a moment before it changed, or the list could not be changed.
            try hub.list(try hub.makeKey("ghost"), of: "ghost", as: .sftp)
            let session = try? hub.openSession(as: "ghost")
            #expect(eventually { hub.log.contains("ended_at_login") && hub.log.contains("sessions_ended") })
            if let session { #expect(!isServed(session)) }
            #expect(try hub.sftp(as: "phone", "pwd").status.isSuccess)
        }
    }

    @Test func `a revoke ends what nobody can be shown to own, too`() async throws {
        try await blocking {
            let hub = try Self.hub()
            let tablet = try hub.openSession(as: "tablet")
            let stranger = try SSHDServer.connectLoopback(hub.sftpPort)
            defer { close(stranger) }
            var byte: UInt8 = 0
            // It has begun: sshd has said who it is.
            #expect(recv(stranger, &byte, 1, 0) == 1)
            try hub.api.revoke("phone")
            var bytes = [UInt8](repeating: 0, count: 4_096)
            var count = 1
            while count > 0 { count = recv(stranger, &bytes, bytes.count, 0) }
            #expect(isServed(tablet))
            tablet.kill()
        }
    }

    @Test func `who has joined and not said hello has no SFTP, and the one-time key none after it`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            try hub.start()
            let invite = try hub.api.invite("laptop")
            try hub.keep(invite)
            rename(hub.directory.path("laptop"), hub.directory.path("one-time"))
            let token = try hub.api.join(invite, key: try hub.makeKey("laptop"))
            #expect(try !hub.sftp(as: "laptop", "pwd").status.isSuccess)
            #expect(try hub.ssh(as: "laptop", hub.login, "true").status == .exited(1))
            // The tunnel of the one-time key, held open.
            let tunnel = try ChildProcess(
                "/usr/bin/ssh", hub.options("one-time") + ["-N", "-p", "\(hub.sftpPort)", hub.login],
                ChildProcess.Options(output: .null, errors: .null, diesWithParent: true))
            #expect(eventually { !Self.remotePorts(hub).isEmpty })
            try hub.api.hello("laptop", token: token)
            #expect(tunnel.wait(timeout: .seconds(10)) != nil)
            #expect(try hub.sftp(as: "laptop", "pwd").status.isSuccess)
            #expect(try hub.ssh(as: "one-time", hub.login, "true").errorText.contains("Permission denied"))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting wants root"))
    func `a disk that is full to the last inode keeps nobody's key`() async throws {
        try await blocking {
            let hub = try ServiceHub(initialise: false)
            let root = hub.directory.makeDirectory("hub")
            try #require(
                try run("/bin/mount", ["-t", "tmpfs", "-o", "size=32m,nr_inodes=300,mode=700", "tmpfs", root]).status
                    .isSuccess)
            defer { _ = try? run("/bin/umount", ["-l", root]) }
            try hub.initialise()
            try hub.start()
            for phone in ["phone", "tablet"] { try hub.admit(phone, as: .sftp) }
            let (phone, tablet) = (try hub.openSession(as: "phone"), try hub.openSession(as: "tablet"))
            hub.directory.makeDirectory("hub/filler")
            var count = 0
            while case let file = creat(root + "/filler/\(count)", 0o600), file >= 0 {
                close(file)
                count += 1
            }
            #expect(errno == ENOSPC && count > 0)
            let said = #expect(throws: (any Error).self) { try hub.api.revoke("phone") }
            #expect(said.map { "\($0)" }?.contains("the list of keys could not be written anew") == true)
            #expect(!isServed(phone))
            #expect(try !hub.sftp(as: "phone", "pwd").status.isSuccess)
            #expect(isServed(tablet))
            #expect(try hub.sftp(as: "tablet", "pwd").status.isSuccess)
            // When there is room again, it is done by itself.
            #expect(try run("/bin/rm", ["-rf", root + "/filler"]).status.isSuccess)
            #expect(eventually { hub.directory.text("hub/ssh/authorized_keys")?.contains(" phone\n") == false })
            try hub.api.revoke("phone")
            tablet.kill()
            _ = try hub.stop()
        }
    }
}
