import Glibc
import Journal
import Processes
import SyncCore
import TestSupport
import Testing

@testable import Hub

@Suite("synchub init and check")
struct ServiceInitTests {
    @Test func `init makes everything of a hub, and its secrets are private`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            #expect(
                hub.directory.names(in: "hub") == [
                    ".synchub", "admin.token", "hub.json5", "journal.db", "share", "ssh", "staging", "versions",
                ])
            for (path, mode) in hub.layout.directories { #expect(permissions(path) == mode, "\(path)") }
            for path in [
                hub.layout.adminToken, hub.layout.hostKey, hub.layout.configuration, hub.layout.authorizedKeys,
            ] {
                #expect(permissions(path) == 0o600, "\(path)")
            }
            #expect(hub.directory.text("hub/admin.token")?.utf8.count == 65)
        }
    }

    @Test func `free ports are chosen and written down, those that are given are kept`() async throws {
        try await blocking {
            let free = try ServiceHub()
            let chosen = try HubConfiguration.load(free.layout)
            #expect(chosen.sftpPort > 0 && chosen.apiPort > 0 && chosen.sftpPort != chosen.apiPort)
            let hub = try ServiceHub(initialise: false)
            _ = try hub.synchub(
                "init", "--name", "our pi", "--listen", "127.0.0.1", "--sftp-port", "2222", "--api-port", "2223")
            let given = try HubConfiguration.load(hub.layout)
            #expect(given == HubConfiguration(name: "our pi", listen: "127.0.0.1", sftpPort: 2222, apiPort: 2223))
        }
    }

    @Test func `a hub is not made twice`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            let token = hub.directory.text("hub/admin.token")
            let again = try hub.synchub("init")
            #expect(again.status == .exited(1))
            #expect(again.errorText.contains("is a hub already"))
            #expect(hub.directory.text("hub/admin.token") == token)
        }
    }

    @Test func `somebody's files do not become a share`() async throws {
        try await blocking {
            let hub = try ServiceHub(initialise: false)
            hub.directory.makeDirectory("hub/share")
            hub.directory.write("mine", to: "hub/share/file")
            let made = try hub.synchub("init")
            #expect(made.status == .exited(1))
            #expect(made.errorText.contains("has files in it"))
            #expect(hub.directory.text("hub/share/file") == "mine")
        }
    }

    @Test(arguments: [["--listen", "pi.home"], ["--name", ""], ["--sftp-port", "5000", "--api-port", "5000"]])
    func `what makes no sense is refused`(_ words: [String]) async throws {
        try await blocking {
            let directory = TemporaryDirectory()
            let made = try Processes.run(ServiceHub.program, ["init", "--root", directory.path("hub")] + words)
            #expect(made.status == .exited(1), "\(made.errorText)")
            #expect(access(directory.path("hub/hub.json5"), F_OK) != 0)
        }
    }

    @Test func `the root comes from the environment when it is not given`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            let report = try Processes.run(
                ServiceHub.program, ["check"], environment: ["SYNCHUB_ROOT": hub.layout.root, "PATH": "/usr/bin:/bin"])
            #expect(report.outputText.contains("hub.json5 is understood"))
        }
    }

    @Test(arguments: [["--root"], ["run", "--rot", "x"], ["sftp"], ["dance"], ["init", "--sftp-port", "65536"]])
    func `wrong usage ends with 2`(_ words: [String]) async throws {
        try await blocking {
            let outcome = try Processes.run(ServiceHub.program, words)
            #expect(outcome.status == .exited(2), "\(outcome.errorText)")
            #expect(outcome.output.isEmpty)
        }
    }

    // MARK: check

    @Test func `check finds nothing wrong with a new hub`() async throws {
        try await blocking {
            let report = try ServiceHub().synchub("check")
            #expect(report.status.isSuccess, "\(report.outputText)")
            #expect(report.outputText.hasSuffix("Nothing is wrong.\n"))
        }
    }

    @Test func `check says so when there is no hub`() async throws {
        try await blocking {
            let report = try ServiceHub(initialise: false).synchub("check", "--json")
            #expect(report.status == .exited(1))
            #expect(report.outputText.contains("\"ok\":false"))
            #expect(report.outputText.contains("there is no hub in"))
        }
    }

    /// A fault, and words of the sentence that tells of it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let says: String
        let plant: @Sendable (ServiceHub) throws -> Void
    }

    @Test(arguments: [
        Fault(testDescription: "a key that others may read", says: "is a secret, but its mode is") {
            chmod($0.layout.hostKey, 0o644)
        },
        Fault(testDescription: "a token that is gone", says: "admin.token: cannot be read") {
            unlink($0.layout.adminToken)
        },
        Fault(testDescription: "a root that others may write into", says: "may look into or change") {
            chmod($0.layout.root, 0o777)
        },
        Fault(testDescription: "a share that is missing", says: "share is missing") {
            unlink($0.layout.share + "/.synchub-share")
            rmdir($0.layout.share)
        },
        Fault(testDescription: "an unknown key", says: "unknown key") {
            let text = $0.directory.text("hub/hub.json5") ?? ""
            $0.directory.write("{ colour: 1, " + text.drop { $0 != "{" }.dropFirst(), to: "hub/hub.json5")
        },
        Fault(testDescription: "a journal that is gone", says: "journal.db is missing") { unlink($0.layout.journal) },
        Fault(testDescription: "a journal that is none", says: "WRONG journal") {
            $0.directory.write(Array(repeating: 0x41, count: 8192), to: "hub/journal.db")
        },
    ])
    func `check finds a planted fault, and says what to do`(_ fault: Fault) async throws {
        try await blocking {
            let hub = try ServiceHub()
            try fault.plant(hub)
            let report = try hub.synchub("check")
            #expect(report.status == .exited(1))
            #expect(report.outputText.contains(fault.says), "\(report.outputText)")
            #expect(report.outputText.contains("      -> "))
        }
    }

    @Test func `check compares the share with the journal`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            hub.directory.write("put here by hand", to: "hub/share/stranger")
            hub.directory.write("ours", to: "hub/share/.synchub-marker")
            hub.directory.makeDirectory("hub/share/directory")
            var report = try hub.synchub("check")
            #expect(report.status.isSuccess)
            #expect(report.outputText.contains("2 things in the share are unknown to the journal, such as 'directory'"))
            // A change that was committed and never placed.
            let change = Change.create(in: .node(.root), name: try Name("lost"), content: .directory(Mode(0o755)))
            let operation = Operation(id: OperationID(generation: "test", number: 1), change: change)
            _ = try Journal(path: hub.layout.journal).commit(
                client: "laptop", operations: [operation], at: 1, date: "2026-11-21")
            report = try hub.synchub("check")
            #expect(report.status == .exited(1))
            #expect(report.outputText.contains("such as 'lost'"), "\(report.outputText)")
        }
    }

    @Test func `check finds a port that another program has`() async throws {
        try await blocking {
            let hub = try ServiceHub(initialise: false)
            let (socket, port) = try SSHDServer.listenLoopback()
            defer { close(socket) }
            _ = try hub.synchub("init", "--listen", "127.0.0.1", "--sftp-port", "\(port)")
            let report = try hub.synchub("check")
            #expect(report.status == .exited(1))
            #expect(report.outputText.contains("port \(port) (sftp)"), "\(report.outputText)")
        }
    }

    private static let hasSecondFileSystem: Bool = {
        let usual = TemporaryDirectory()
        return withExtendedLifetime(usual) { access("/dev/shm", W_OK) == 0 && device("/dev/shm") != device(usual.path) }
    }()

    @Test(.enabled(if: hasSecondFileSystem, "needs a second file system at /dev/shm"))
    func `check finds parts of a hub on other file systems`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            let elsewhere = TemporaryDirectory(below: "/dev/shm")
            rmdir(hub.layout.versions)
            symlink(elsewhere.path, hub.layout.versions)
            let report = try hub.synchub("check")
            withExtendedLifetime(elsewhere) {}
            #expect(report.outputText.contains("are not on one file system"), "\(report.outputText)")
        }
    }

    @Test func `check knows the ports of a hub that runs`() async throws {
        try await blocking {
            let hub = try ServiceHub()
            try hub.start()
            let report = try hub.synchub("check")
            #expect(report.status.isSuccess, "\(report.outputText)")
            #expect(report.outputText.contains("the hub is running"))
        }
    }
}

private func permissions(_ path: String) -> UInt32 {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
}

private func device(_ path: String) -> dev_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_dev : 0
}
