import Glibc
import Processes
import TestSupport
import Testing

@testable import Hub

@Suite("synchub run: the hub and its sshd live and end together")
struct ServiceRunTests {
    @Test func `run says ready once both ports answer, and writes the API's port down`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            try hub.start()
            let configuration = try HubConfiguration.load(hub.layout)
            #expect(hub.sftpPort == configuration.sftpPort && hub.apiPort == configuration.apiPort)
            #expect(hub.directory.text("hub/api.port") == "\(hub.apiPort)\n")
            let banner = try Processes.run("/usr/bin/ssh-keyscan", ["-p", "\(hub.sftpPort)", "127.0.0.1"])
            let key = hub.directory.text("hub/ssh/ssh_host_ed25519_key.pub")?.split(separator: " ")[1]
            #expect(key.map { banner.outputText.contains($0) } == true)
        }
    }

    @Test func `a hub whose root has spaces and quotes serves`() async throws {
        try await blocking {
            let hub = try ServiceHub(name: "a b\"c'd%h$x\\")
            try hub.start()
            try hub.admit("phone", as: .sftp)
            let listing = try hub.sftp(as: "phone", "pwd")
            #expect(listing.status.isSuccess, "\(listing.errorText)\n\(hub.log)")
            #expect(listing.outputText.contains(hub.layout.share))
        }
    }

    @Test func `SIGTERM ends the hub with 0, and leaves no process`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            try hub.start()
            try hub.admit("phone", as: .sftp)
            let session = try hub.openSession(as: "phone")
            let processes = hub.ownProcesses
            #expect(processes.count >= 2)
            let children = processes.flatMap(ProcessTable().descendants)
            #expect(try hub.stop() == .exited(0))
            #expect((processes + children).filter(isAlive) == [])
            #expect(!isServed(session))
        }
    }

    @Test func `a hub that is killed takes its sshd with it, and the next one ends what is left`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            try hub.start()
            try hub.admit("phone", as: .sftp)
            let session = try hub.openSession(as: "phone")
            let listener = try #require(hub.sshd)
            let processes = hub.ownProcesses.filter { $0 != listener }
            #expect(!processes.isEmpty)
            hub.crash()
            #expect(eventually { !isAlive(listener) })
            try hub.start()
            #expect(processes.filter(isAlive) == [])
            #expect(!isServed(session))
            #expect(try hub.stop() == .exited(0))
        }
    }

    @Test func `an sshd that dies is started again`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            try hub.start()
            try hub.admit("phone", as: .sftp)
            let first = try #require(hub.sshd)
            kill(first, SIGKILL)
            #expect(eventually { hub.sshd.map { $0 != first } ?? false })
            #expect(eventually { (try? hub.sftp(as: "phone", "pwd").status.isSuccess) ?? false })
            #expect(hub.log.contains("sshd error died"))
        }
    }

    @Test func `a second hub on one root is refused, and the first goes on`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            try hub.start()
            let second = try hub.synchub("run")
            #expect(second.status == .exited(1))
            #expect(second.errorText.contains("a hub is running in \(hub.layout.root) already"))
            #expect(try hub.stop() == .exited(0))
        }
    }

    @Test func `a hub does not start with secrets that others may read`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            let (root, ssh) = (hub.layout.root, hub.layout.ssh)
            for (path, mode, normal, complaint) in [
                (hub.layout.hostKey, mode_t(0o640), mode_t(0o600), "is a secret, but its mode is 0640"),
                (hub.layout.adminToken, 0o604, 0o600, "is a secret, but its mode is 0604"),
                (root, 0o770, 0o700, "other users may write into \(root)"),
                (ssh, 0o702, 0o700, "other users may write into \(ssh)"),
            ] {
                chmod(path, mode)
                let outcome = try hub.synchub("run")
                #expect(outcome.status == .exited(1), "\(path)")
                #expect(outcome.errorText.contains(complaint), "\(path): \(outcome.errorText)")
                #expect(outcome.output.isEmpty)
                chmod(path, normal)
            }
        }
    }

    @Test func `a port that is taken is named`() async throws {
        try await blocking {
            let hub = try ServiceHub(initialise: false)
            let (socket, port) = try SSHDServer.listenLoopback()
            defer { close(socket) }
            _ = try hub.synchub("init", "--listen", "127.0.0.1", "--sftp-port", "\(port)")
            let outcome = try hub.synchub("run")
            #expect(outcome.status == .exited(1))
            #expect(outcome.errorText.contains("port \(port) on 127.0.0.1 is in use"), "\(outcome.errorText)")
        }
    }

    @Test func `run where there is no hub says how to make one`() async throws {
        try await blocking {
            let outcome = try ServiceHub(initialise: false).synchub("run")
            #expect(outcome.status == .exited(1))
            #expect(outcome.errorText.contains("synchub init --root"))
        }
    }

    @Test func `live sessions of one key can be ended, others go on`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            let configuration = try HubConfiguration.load(hub.layout)
            let sessions = SSHSessions(of: .managed(port: configuration.sftpPort))
            let server = try SSHServer(layout: hub.layout, hub: configuration, sessions: sessions)
            try server.start()
            defer { server.stop() }
            hub.sftpPort = configuration.sftpPort
            let (key, other) = (try hub.makeKey("phone"), try hub.makeKey("tablet"))
            let file = AuthorizedKeysFile(
                layout: hub.layout, configuration: configuration, program: ServiceHub.program, sessions: sessions)
            try file.rewrite([
                AuthorizedKey(client: try ClientName("phone"), key: key, access: .sftp),
                AuthorizedKey(client: try ClientName("tablet"), key: other, access: .sftp),
            ])
            let (phone, tablet) = (try hub.openSession(as: "phone"), try hub.openSession(as: "tablet"))
            // Until sshd's log has told us of the login.
            #expect(eventually { sessions.knows(key) && sessions.knows(other) })
            sessions.end(openedBy: key)
            #expect(!isServed(phone))
            #expect(isServed(tablet))
            tablet.kill()
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root may become another user"))
    func `the hub runs as an ordinary user`() async throws {
        try await blocking {
            let (unshare, setpriv) = (
                try #require(findExecutable("unshare")), try #require(findExecutable("setpriv"))
            )
            try OrdinaryHub(unshare: unshare, setpriv: setpriv).check()
        }
    }
}
