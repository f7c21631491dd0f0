import Glibc
import Processes
import TestSupport
import Testing

@testable import Hub

@Suite("What a key opens, tried with OpenSSH's own clients")
struct ServiceConfinementTests {
    /// A running hub with two agents, a phone, a file in the share and one in each staging.
    private static func hub() throws -> ServiceHub {
        let hub = try ServiceHub()
        try hub.start()
        try hub.admit("laptop", as: .agent)
        try hub.admit("other", as: .agent)
        try hub.admit("phone", as: .sftp)
        hub.directory.write("shared", to: "hub/share/file")
        hub.directory.makeDirectory("hub/staging/other")
        hub.directory.write("secret", to: "hub/staging/other/staged")
        hub.directory.write("text", to: "text")
        return hub
    }

    @Test func `an agent reads the share and writes its own staging`() async throws {
        try await blocking {
            let hub = try Self.hub()
            let text = hub.directory.path("text")
            let outcome = try hub.sftp(
                as: "laptop", "get share/file \(hub.directory.path("got"))", "mkdir staging/laptop/d",
                "put \(text) staging/laptop/d/a", "rename staging/laptop/d/a staging/laptop/b",
                "rmdir staging/laptop/d",
                "put \(text) staging/laptop/c", "rm staging/laptop/c")
            #expect(outcome.status.isSuccess, "\(outcome.errorText)")
            #expect(hub.directory.text("got") == "shared")
            #expect(hub.directory.names(in: "hub/staging/laptop") == ["b"])
        }
    }

    /// What an agent must not do, as a command of `sftp`.
    @Test(arguments: [
        "put TEXT share/new", "put TEXT share/file", "rm share/file", "rename share/file share/moved", "mkdir share/d",
        "chmod 600 share/file", "put -p TEXT staging/laptop/x", "chmod 777 staging/laptop",
        "ln -s /etc staging/laptop/link",
        "ln share/file staging/laptop/link", "ls staging/other", "get staging/other/staged GOT",
        "put TEXT staging/other/new", "rm staging/other/staged", "get journal.db GOT", "get admin.token GOT",
        "get hub.json5 GOT", "get ssh/authorized_keys GOT", "put TEXT ssh/authorized_keys", "put TEXT hub.json5",
        "get /etc/shadow GOT", "get share/../journal.db GOT", "ls versions", "put TEXT .synchub/x", "ls /root",
        "ls /tmp",
    ])
    func `an agent cannot`(_ command: String) async throws {
        try await blocking {
            let hub = try Self.hub()
            let before = Self.state(of: hub)
            let words = command.replacing("TEXT", with: hub.directory.path("text"))
                .replacing("GOT", with: hub.directory.path("got"))
            let outcome = try hub.sftp(as: "laptop", "pwd", words)
            #expect(outcome.outputText.contains("working directory"), "\(outcome.errorText)")
            if command.hasPrefix("put -p") {
                // sftp copies the bytes, then may not set times and mode.
                #expect(outcome.errorText.contains("Permission denied"))
                return
            }
            #expect(!outcome.status.isSuccess, "\(outcome.outputText)")
            #expect(hub.directory.read("got")?.isEmpty ?? true)
            #expect(Self.state(of: hub) == before)
        }
    }

    @Test func `an agent reads and removes what is laid out for it in memory, and writes nothing there`() async throws {
        try await blocking {
            let hub = try Self.hub()
            let memory = try #require(PackMemory(root: hub.directory.path("hub"), limit: 1 << 20))
            defer { memory.remove() }
            for client in ["laptop", "other"] {
                #expect(try hub.sftp(as: client, "pwd").status.isSuccess)
                let pack = open("\(memory.path)/\(client)/laid-1", O_CREAT | O_WRONLY, 0o600)
                try #require(pack >= 0)
                close(pack)
            }
            let (own, others) = ("\(memory.path)/laptop", "\(memory.path)/other")
            let text = hub.directory.path("text")
            for command in [
                "put \(text) \(own)/new", "put \(text) \(own)/laid-1", "mkdir \(own)/d",
                "rename \(own)/laid-1 \(own)/b",
                "rename \(own)/laid-1 staging/laptop/b", "get \(others)/laid-1 \(hub.directory.path("got"))",
                "rm \(others)/laid-1", "ls \(memory.path)",
            ] {
                #expect(try !hub.sftp(as: "laptop", command).status.isSuccess, "\(command)")
            }
            let outcome = try hub.sftp(
                as: "laptop", "get \(own)/laid-1 \(hub.directory.path("mine"))", "rm \(own)/laid-1")
            #expect(outcome.status.isSuccess, "\(outcome.errorText)")
            #expect(hub.directory.text("mine") == "")
            #expect(access("\(own)/laid-1", F_OK) != 0)
            #expect(access("\(others)/laid-1", F_OK) == 0)
        }
    }

    @Test func `an agent reads what others are still sending to it, and changes nothing there`() async throws {
        try await blocking {
            let hub = try Self.hub()
            let (own, others) = (".synchub/coming/laptop", ".synchub/coming/other")
            for client in ["laptop", "other"] { #expect(try hub.sftp(as: client, "pwd").status.isSuccess) }
            hub.directory.write("half", to: "hub/staging/other/up-1")
            for place in [own, others] {
                #expect(link(hub.layout.root + "/staging/other/up-1", hub.layout.root + "/\(place)/1") == 0)
            }
            let text = hub.directory.path("text")
            for command in [
                "put \(text) \(own)/1", "put \(text) \(own)/new", "rm \(own)/1", "rename \(own)/1 staging/laptop/1",
                "rename \(own)/1 \(own)/2", "chmod 666 \(own)/1", "mkdir \(own)/d", "ls .synchub/coming",
                "get \(others)/1 \(hub.directory.path("got"))", "get .synchub/ahead \(hub.directory.path("got"))",
            ] {
                #expect(try !hub.sftp(as: "laptop", command).status.isSuccess, "\(command)")
            }
            let outcome = try hub.sftp(as: "laptop", "get \(own)/1 \(hub.directory.path("mine"))")
            #expect(outcome.status.isSuccess, "\(outcome.errorText)")
            #expect(hub.directory.text("mine") == "half" && hub.directory.text("hub/staging/other/up-1") == "half")
            #expect(hub.directory.names(in: "hub/\(own)") == ["1"])
        }
    }

    @Test func `a phone does with the share what it likes`() async throws {
        try await blocking {
            let hub = try Self.hub()
            let outcome = try hub.sftp(
                as: "phone", "get file \(hub.directory.path("got"))", "put -p \(hub.directory.path("text")) new",
                "mkdir d", "rename new d/new", "chmod 640 d/new", "ln -s d/new link", "rm file")
            #expect(outcome.status.isSuccess, "\(outcome.errorText)")
            #expect(hub.directory.text("got") == "shared")
            let names = hub.directory.names(in: "hub/share").filter { !$0.hasPrefix(".synchub") }
            #expect(names == ["d", "link"])
        }
    }

    @Test(arguments: [
        "get ../journal.db GOT", "get ../admin.token GOT", "ls ../staging", "ls ../staging/other",
        "put TEXT ../staging/x",
        "put TEXT ../versions/x", "put TEXT ../ssh/authorized_keys", "chmod 777 ../admin.token",
        "chmod 777 /etc/hostname",
        "get /etc/shadow GOT", "get planted GOT", "put TEXT planted", "put TEXT plantedDirectory/x",
        "ln ../journal.db stolen",
        "rename ../admin.token stolen", "rename file ../versions/file",
    ])
    func `a phone cannot`(_ command: String) async throws {
        try await blocking {
            let hub = try Self.hub()
            symlink(hub.layout.adminToken, hub.layout.share + "/planted")
            symlink(hub.layout.versions, hub.layout.share + "/plantedDirectory")
            let before = Self.state(of: hub)
            let words = command.replacing("TEXT", with: hub.directory.path("text"))
                .replacing("GOT", with: hub.directory.path("got"))
            let outcome = try hub.sftp(as: "phone", "pwd", words)
            #expect(outcome.outputText.contains("working directory"), "\(outcome.errorText)")
            #expect(!outcome.status.isSuccess, "\(outcome.outputText)")
            #expect(hub.directory.read("got")?.isEmpty ?? true)
            #expect(Self.state(of: hub) == before)
        }
    }

    @Test func `a key opens no shell, and runs no command`() async throws {
        try await blocking {
            let hub = try Self.hub()
            for client in ["laptop", "phone"] {
                let outcome = try hub.ssh(as: client, hub.login, "echo a; touch \(hub.layout.share)/made")
                #expect(!outcome.outputText.contains("a"))
                #expect(access(hub.layout.share + "/made", F_OK) != 0)
            }
        }
    }

    @Test func `an agent's tunnel reaches the API and nothing else, a phone has none`() async throws {
        try await blocking {
            let hub = try Self.hub()
            let (socket, other) = try SSHDServer.listenLoopback()
            defer { close(socket) }
            func tunnel(_ client: String, to target: String) throws -> Completed {
                let question = "GET / HTTP/1.1\r\nHost: 127.0.0.1:\(hub.apiPort)\r\nConnection: close\r\n\r\n"
                // The end of the input would end the connection before the answer.
                return try Processes.run(
                    "/bin/sh",
                    ["-c", "{ printf \"$0\"; sleep 2; } | \"$@\"", question, "/usr/bin/ssh"]
                        + hub.options(client) + ["-p", "\(hub.sftpPort)", "-W", target, hub.login],
                    timeout: .seconds(20))
            }
            #expect(try tunnel("laptop", to: "127.0.0.1:\(hub.apiPort)").outputText.hasPrefix("HTTP/1.1 "))
            for target in ["127.0.0.1:\(other)", "localhost:\(hub.apiPort)", "127.0.0.1:\(hub.sftpPort)"] {
                #expect(try tunnel("laptop", to: target).errorText.contains("forwarding failed"), "\(target)")
            }
            #expect(try tunnel("phone", to: "127.0.0.1:\(hub.apiPort)").errorText.contains("forwarding failed"))
        }
    }

    @Test func `an invite's key opens the tunnel until it expires, and no SFTP`() async throws {
        try await blocking {
            let hub = try Self.hub()
            try hub.admit("invited", as: .invite(expires: 4_000_000_000))
            try hub.admit("late", as: .invite(expires: 1_000_000_000))
            #expect(try !hub.sftp(as: "invited", "pwd").status.isSuccess)
            #expect(try hub.ssh(as: "invited", hub.login, "true").status == .exited(1))
            let late = try hub.ssh(as: "late", hub.login, "true")
            #expect(late.errorText.contains("Permission denied"), "\(late.errorText)")
        }
    }

    @Test func `a key that is not there any more opens nothing`() async throws {
        try await blocking {
            let hub = try Self.hub()
            #expect(try hub.sftp(as: "phone", "pwd").status.isSuccess)
            let configuration = try HubConfiguration.load(hub.layout)
            try AuthorizedKeysFile(
                layout: hub.layout, configuration: configuration, program: ServiceHub.program,
                sessions: SSHSessions(port: hub.sftpPort)
            ).rewrite([])
            #expect(try !hub.sftp(as: "phone", "pwd").status.isSuccess)
        }
    }

    /// What nobody may have changed: names, modes and bytes of what matters.
    private static func state(of hub: ServiceHub) -> [String] {
        let files = ["hub.json5", "admin.token", "ssh/authorized_keys", "share/file", "staging/other/staged"]
        let names = ["share", "versions", "staging/other", "ssh", ".synchub"].map { name in
            "\(name) \(hub.directory.names(in: "hub/" + name).filter { !$0.hasSuffix(".pid") })"
        }
        return names
            + (files.map { "hub/" + $0 }).map {
                "\($0) \(mode(hub.directory.path($0))) \(hub.directory.text($0) ?? "-")"
            }
            + ["journal \(mode(hub.layout.journal))"]
    }

    private static func mode(_ path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode : 0
    }
}
