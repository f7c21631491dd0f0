import Glibc
import Processes
import TestSupport
import Testing

@testable import Hub

@Suite("What a key opens, tried with OpenSSH's own clients")
struct ServiceConfinementTests {
    /// A running hub with two agents, a phone, a file in the share and one in each staging.
    private static func hub() throws -> ServiceHub {
        let hub = try hubOfOthers()
        try hub.admit("laptop", as: .agent)
        try hub.admit("phone", as: .sftp)
        return hub
    }

    /// With one agent.
    private static func hubOfOthers() throws -> ServiceHub {
        let hub = try ServiceHub()
        try hub.start()
        try hub.admit("other", as: .agent)
        hub.directory.write("shared", to: "hub/share/file")
        hub.directory.makeDirectory("hub/staging/other")
        hub.directory.write("secret", to: "hub/staging/other/staged")
        hub.directory.write("text", to: "text")
        return hub
    }

    // MARK: Every kind of device, and what it tries

    /// A device, and what it tries: commands of `sftp`. ROOT is the hub's, NAME the device's own name, TEXT a file on its side, GOT one
    /// that must not come to be.
    struct Device: Sendable, CustomTestStringConvertible {
        let name: String
        let access: AuthorizedKey.Access
        var isReadOnly = false
        var isInPart = false
        var can: [String]
        var cannot: [String]

        var testDescription: String { name }

        static let all = [
            Device(
                name: "laptop", access: .agent,
                can: ["get share/file GOT", "put TEXT staging/NAME/c", "rm staging/NAME/c"],
                cannot: [
                    "put TEXT share/new", "put TEXT share/file", "rm share/file", "rename share/file share/moved",
                    "mkdir share/d", "chmod 600 share/file", "chmod 777 staging/NAME", "mkdir staging/NAME/d",
                    "ln -s /etc staging/NAME/link", "ln share/file staging/NAME/link",
                    "rename staging/NAME/own staging/NAME/other", "get share/../journal.db GOT",
                ]),
            Device(
                name: "phone", access: .sftp,
                can: [
                    "get file GOT", "put -p TEXT new", "mkdir d", "rename new d/new", "chmod 640 d/new",
                    "ln -s d/new link", "rm d/new", "rm link", "rmdir d",
                ],
                cannot: [
                    "get ../journal.db GOT", "ls ../staging", "put TEXT ../staging/x", "put TEXT ../versions/x",
                    "get planted GOT", "put TEXT planted", "put TEXT plantedDirectory/x", "ln ../journal.db stolen",
                    "rename ../admin.token stolen", "rename file ../versions/file", "ln file ../versions/file",
                    "ln file ../staging/other/file", "ln -s ../admin.token ../versions/link",
                ]),
            Device(
                name: "screen", access: .sftp, isReadOnly: true, can: ["get file GOT", "ls part"],
                cannot: inside("file") + ["get ../journal.db GOT", "ls ../staging"]),
            Device(
                name: "frame", access: .agent, isReadOnly: true,
                can: ["get share/file GOT", "get staging/NAME/own GOT", "rm staging/NAME/own"],
                cannot: inside("share/file") + ["put TEXT staging/NAME/new", "put TEXT staging/NAME/own"]),
            Device(
                name: "guest", access: .sftp, isInPart: true,
                can: [
                    "get inner GOT", "put -p TEXT new", "mkdir d", "rename new d/new", "chmod 640 d/new", "rm d/new",
                    "rmdir d",
                ],
                cannot: outside + [
                    "ls ..", "get ../file GOT", "put TEXT ../new", "mkdir ../d", "rm ../file", "rename inner ../moved",
                    "ln inner ../linked", "rename ../file stolen", "ln ../file stolen",
                ]),
            Device(
                name: "desk", access: .agent, isInPart: true,
                can: ["get share/part/inner GOT", "put TEXT staging/NAME/c", "rm staging/NAME/c"],
                cannot: outside + inside("share/part/inner")),
        ]

        /// Nobody's business.
        static let everybody = [
            "get /etc/shadow GOT", "get /proc/self/environ GOT", "ls /root", "ls /home", "ls /tmp",
            "chmod 777 /etc/hostname",
            "get ROOT/journal.db GOT", "get ROOT/admin.token GOT", "get ROOT/hub.json5 GOT", "put TEXT ROOT/hub.json5",
            "get ROOT/ssh/authorized_keys GOT", "put TEXT ROOT/ssh/authorized_keys",
            "get ROOT/ssh/ssh_host_ed25519_key GOT", "ls ROOT/versions", "put TEXT ROOT/.synchub/x",
            "chmod 777 ROOT/admin.token", "ls ROOT/staging/other", "get ROOT/staging/other/staged GOT",
            "put TEXT ROOT/staging/other/new", "rm ROOT/staging/other/staged", "get ROOT/share/planted GOT",
            "put TEXT ROOT/share/planted", "put TEXT ROOT/share/plantedDirectory/x",
            "ln ROOT/journal.db ROOT/share/part/stolen", "rename ROOT/admin.token ROOT/share/part/stolen",
        ]

        /// Of what is read-only.
        private static func inside(_ file: String) -> [String] {
            [
                "put TEXT \(file)", "put TEXT \(file)2", "rm \(file)", "rename \(file) \(file)2", "mkdir \(file)d",
                "chmod 600 \(file)", "ln \(file) \(file)2", "ln -s /etc \(file)2",
            ]
        }

        /// Of who is in a part.
        private static let outside = [
            "get ROOT/share/file GOT", "ls ROOT/share", "put TEXT ROOT/share/new", "rm ROOT/share/file",
            "get ROOT/share/part/escape GOT", "put TEXT ROOT/share/part/escape",
            "rename ROOT/share/part/inner ROOT/share/moved", "rename ROOT/share/file ROOT/share/part/stolen",
        ]
    }

    @Test(arguments: Device.all)
    func `a device does what it may, and nothing else`(_ device: Device) async throws {
        try await blocking {
            let hub = try Self.hubOfOthers()
            hub.directory.makeDirectory("hub/share/part")
            hub.directory.write("inner", to: "hub/share/part/inner")
            symlink("../file", hub.layout.share + "/part/escape")
            symlink(hub.layout.adminToken, hub.layout.share + "/planted")
            symlink(hub.layout.versions, hub.layout.share + "/plantedDirectory")
            try hub.admit(
                device.name, as: device.access, isReadOnly: device.isReadOnly, part: device.isInPart ? "part" : nil)
            hub.directory.makeDirectory("hub/staging/\(device.name)")
            hub.directory.write("own", to: "hub/staging/\(device.name)/own")
            let master = try hub.openMaster(as: device.name)
            defer { master.kill() }
            func attempt(_ command: String) throws -> (Completed, got: [UInt8]?) {
                unlink(hub.directory.path("got"))
                let words = command.replacing("TEXT", with: hub.directory.path("text"))
                    .replacing("GOT", with: hub.directory.path("got")).replacing("ROOT", with: hub.layout.root)
                    .replacing("NAME", with: device.name)
                return (try hub.sftp(through: device.name, words), hub.directory.read("got"))
            }
            // The first session makes what the device needs.
            #expect(try attempt("pwd").0.status.isSuccess)
            let before = Self.state(of: hub, device.name)
            for command in Device.everybody + device.cannot {
                let (outcome, got) = try attempt(command)
                #expect(!outcome.status.isSuccess, "\(command): \(outcome.outputText)")
                // It was the session that refused, and not that there was none.
                #expect(!outcome.errorText.contains("onnection"), "\(command): \(outcome.errorText)")
                #expect(got?.isEmpty ?? true, "\(command)")
                #expect(Self.state(of: hub, device.name) == before, "\(command)")
            }
            for command in device.can {
                let (outcome, got) = try attempt(command)
                #expect(outcome.status.isSuccess, "\(command): \(outcome.errorText)")
                #expect(!command.contains("GOT") || got != nil, "\(command)")
            }
        }
    }

    @Test func `a session of a part opens that directory, and no other in its place`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            let share = hub.layout.share
            for name in ["part", "elsewhere"] { hub.directory.makeDirectory("hub/share/\(name)") }
            let words = SFTPGrant(
                client: try ClientName("pi"), kind: .sftp, reach: ShareReach(part: try hub.part("part"))
            ).words
            // Without a question there is nothing to do: it ends well.
            func session() throws -> Completed {
                try Processes.run(
                    ServiceHub.program, ["sftp", "--root", hub.layout.root] + words, timeout: .seconds(20))
            }
            let here = try session()
            #expect(here.status == .exited(0), "\(here.errorText)")
            rename(share + "/part", share + "/away")
            let gone = try session()
            #expect(gone.status == .exited(1) && gone.errorText.contains("No such file"), "\(gone.errorText)")
            rename(share + "/elsewhere", share + "/part")
            let other = try session()
            #expect(other.status == .exited(1))
            #expect(other.errorText.contains("is not the directory any more"), "\(other.errorText)")
            rename(share + "/part", share + "/elsewhere")
            symlink("elsewhere", share + "/part")
            #expect(try session().status == .exited(1))
            unlink(share + "/part")
            rename(share + "/away", share + "/part")
            #expect(try session().status == .exited(0))
        }
    }

    @Test(.enabled(if: findExecutable("strace") != nil, "strace is not installed"))
    func `where the kernel has no Landlock, a phone is refused unless the hub says otherwise`() async throws {
        try await blocking {
            let strace = try #require(findExecutable("strace"))
            let hub = try ServiceHub()
            func session(_ words: [String]) throws -> Completed {
                try Processes.run(
                    strace,
                    [
                        "-f", "-o", "/dev/null", "-e", "trace=landlock_create_ruleset", "-e",
                        "inject=landlock_create_ruleset:error=ENOSYS", ServiceHub.program, "sftp", "--root",
                        hub.layout.root, "--client", "pi",
                    ] + words, input: [], timeout: .seconds(30))
            }
            let phone = try session([])
            #expect(phone.status == .exited(1) && phone.errorText.contains("has no Landlock"), "\(phone.errorText)")
            for words in [["--kind", "agent", "--read-only"], ["--kind", "agent", "--unconfined", "nobody"]] {
                #expect(try session(words).status == .exited(1), "\(words)")
            }
            for words in [["--kind", "agent"], ["--unconfined", "everybody"]] {
                let goesOn = try session(words)
                #expect(goesOn.status == .exited(0), "\(goesOn.errorText)")
                #expect(goesOn.errorText.contains("not_confined"), "\(goesOn.errorText)")
            }
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

    @Test func `a key opens no shell, runs no command, and has no terminal`() async throws {
        try await blocking {
            let hub = try Self.hub()
            let made = hub.layout.share + "/made"
            let tricks = [
                ["echo stolen; touch \(made)"], ["$(touch \(made))"], ["sftp\ntouch \(made)"],
                ["--kind", "agent", "--root", "/"],
                ["synchub sftp --root / --client other --kind agent"], ["/bin/sh", "-c", "touch \(made)"],
                ["-tt", "touch \(made)"],
            ]
            for client in ["laptop", "phone"] {
                for trick in tricks {
                    let options = trick.prefix { $0 == "-tt" }
                    let outcome = try hub.ssh(
                        as: client, words: Array(options) + [hub.login] + trick.dropFirst(options.count),
                        input: "touch \(made)\necho stolen\n")
                    #expect(!outcome.outputText.contains("stolen"), "\(trick)")
                    #expect(access(made, F_OK) != 0, "\(trick)")
                }
                // Asked for by name, what comes is the forced command, or nothing.
                for subsystem in ["netconf", "sftp"] {
                    let outcome = try hub.ssh(as: client, "-s", hub.login, subsystem, input: "touch \(made)\n")
                    #expect(!outcome.status.isSuccess && access(made, F_OK) != 0, "\(subsystem)")
                }
            }
        }
    }

    /// As sshd says it to the one who logs in.
    @Test func `a key allows neither agent, X11, terminal nor start-up files`() async throws {
        try await blocking {
            let hub = try Self.hub()
            for (client, expected) in [
                ("laptop", ["command", "permitopen", "port-forwarding"]), ("phone", ["command"]),
            ] {
                let outcome = try Processes.run(
                    "/usr/bin/ssh",
                    ["-v", "-A", "-X", "-o", "LogLevel=DEBUG1"] + hub.options(client)
                        + ["-p", "\(hub.sftpPort)", hub.login, "true"],
                    timeout: .seconds(20))
                let lines = outcome.errorText.split(whereSeparator: \.isNewline).filter { $0.contains("key options:") }
                #expect(!lines.isEmpty, "\(outcome.errorText)")
                for line in lines {
                    let words = line.split(separator: " ").map(String.init)
                    let options = words.drop { $0 != "options:" }.dropFirst()
                    #expect(options.sorted() == expected, "\(line)")
                }
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
            #expect(try tunnel("phone", to: "127.0.0.1:\(other)").errorText.contains("forwarding failed"))
            #expect(try tunnel("phone", to: "127.0.0.1:\(hub.apiPort)").errorText.contains("forwarding failed"))
        }
    }

    @Test func `a key forwards no socket with a name, and listens nowhere`() async throws {
        try await blocking {
            let hub = try Self.hub()
            let far = hub.directory.path("far")
            let listener = try unixSocket(far, bind)
            defer { close(listener) }
            try #require(listen(listener, 8) == 0 && fcntl(listener, F_SETFL, O_NONBLOCK) == 0)
            for client in ["laptop", "phone"] {
                let near = hub.directory.path("near-\(client)")
                let tunnel = try ChildProcess(
                    "/usr/bin/ssh",
                    hub.options(client) + ["-N", "-L", "\(near):\(far)", "-p", "\(hub.sftpPort)", hub.login],
                    ChildProcess.Options(output: .null, errors: .null, diesWithParent: true))
                var end: Int32 = -1
                // The name is there before anybody listens.
                try #require(
                    eventually({
                        end = (try? unixSocket(near, connect)) ?? -1
                        return end >= 0
                    }))
                var byte: UInt8 = 0
                let count = read(end, &byte, 1)
                #expect(count <= 0)
                close(end)
                #expect(accept(listener, nil, nil) == -1)
                tunnel.kill()
                _ = tunnel.wait()
                for backwards in ["0:127.0.0.1:\(hub.apiPort)", "\(near)2:127.0.0.1:\(hub.apiPort)"] {
                    let outcome = try hub.ssh(
                        as: client,
                        words: ["-N", "-o", "ExitOnForwardFailure=yes", "-R", backwards, hub.login])
                    #expect(outcome.status == .exited(255), "\(backwards)")
                    #expect(outcome.errorText.contains("forwarding failed"), "\(outcome.errorText)")
                }
            }
        }
    }

    @Test func `an invite's key opens the tunnel until it expires, and no SFTP`() async throws {
        try await blocking {
            let hub = try Self.hub()
            try hub.admit("invited", as: .invite(expires: 4_000_000_000))
            try hub.list(try hub.makeKey("late"), of: "late", as: .invite(expires: 1_000_000_000))
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
            try hub.api.revoke("phone")
            #expect(try !hub.sftp(as: "phone", "pwd").status.isSuccess)
        }
    }

    private struct Errno: Error { let code: Int32 }

    private func unixSocket(
        _ path: String, _ join: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(Errno) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        precondition(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path))
        let end = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        // SAFETY: the path and its NUL fit.
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                join(end, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if result == 0 { return end }
        let reason = Errno(code: errno)
        close(end)
        throw reason
    }

    /// What nobody may have changed: names, modes and bytes of what matters.
    private static func state(of hub: ServiceHub, _ own: String) -> [String] {
        let files = [
            "hub.json5", "admin.token", "ssh/authorized_keys", "share/file", "share/part/inner", "staging/other/staged",
            "staging/\(own)/own",
        ]
        let names = ["share", "share/part", "versions", "staging/other", "staging/\(own)", "ssh", ".synchub"].map {
            name in
            "\(name) \(hub.directory.names(in: "hub/" + name).filter { !$0.hasSuffix(".pid") })"
        }
        return names
            + (files.map { "hub/" + $0 }).map {
                "\($0) \(mode(hub.directory.path($0))) \(hub.directory.text($0) ?? "-")"
            }
            + ["journal \(mode(hub.layout.journal))", "staging \(mode(hub.layout.staging + "/" + own))"]
    }

    private static func mode(_ path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode : 0
    }
}
