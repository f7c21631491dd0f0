import FileTree
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What a new journal is made of.
struct RebuildTests {
    private let credentials = [
        ClientCredential(
            name: "ann", kind: .agent, role: .admin, publicKey: "ssh-ed25519 A",
            tokenHash: [UInt8](repeating: 7, count: 32),
            createdAt: 5, pause: .until(9)),
        ClientCredential(
            name: "part", kind: .agent, role: .member, publicKey: "ssh-ed25519 C", tokenHash: nil, createdAt: 7,
            // SAFETY: constants that are names.
            pause: nil, subtree: RelativePath([try! Name("photos"), try! Name("2024")])),
        ClientCredential(
            name: "phone", kind: .sftp, role: .member, publicKey: "ssh-ed25519 B", tokenHash: nil, createdAt: 6,
            pause: nil),
    ]

    @Test func `clients come back from their file as they were, and only the owner may read it`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.path("clients.json")
            try ClientsFile(credentials).write(to: path)
            #expect(try ClientsFile.read(path) == credentials)
            #expect(HubFile.status(path).map { $0.st_mode & 0o777 } == 0o600)
            chmod(path, 0o644)
            #expect(throws: (any Error).self) { try ClientsFile.read(path) }
        }
    }

    @Test func `a thousand clients come back from their file, too`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.path("clients.json")
            let many = (0..<1_000).map { number in
                ClientCredential(
                    name: "client-\(number)", kind: .agent, role: .member, publicKey: HubFixture.key(of: "\(number)"),
                    tokenHash: [UInt8](repeating: 7, count: 32), createdAt: 5, pause: nil)
            }
            try ClientsFile(many).write(to: path)
            #expect(try ClientsFile.read(path) == many)
        }
    }

    @Test func `clients that are admitted to another journal are those of the first`() throws {
        let journal = try Journal.inMemory()
        for credential in credentials { try journal.admit(credential) }
        #expect(try journal.credentials() == credentials)
        #expect(try journal.client(tokenHash: [UInt8](repeating: 7, count: 32))?.name == "ann")
        try journal.revoke("ann", at: 1)
        #expect(try journal.credentials().map(\.name) == ["part", "phone"])
    }

    @Test func `the hub keeps the file of its clients as they change`() throws {
        let hub = try HubFixture()
        func names() throws -> [String] { try ClientsFile.read(hub.layout.clients).map(\.name) }
        #expect(try names() == [])
        let desk = try hub.join("desk")
        #expect(try names() == ["desk"])
        let before = try ClientsFile.read(hub.layout.clients)
        #expect(before[0].pause == nil)
        #expect(hub.send("POST", "/v1/pause", json: #"{"client":"desk"}"#).status == 200)
        #expect(try ClientsFile.read(hub.layout.clients)[0].pause == .untilResumed)
        #expect(hub.send("POST", "/v1/revoke", json: #"{"client":"desk"}"#).status == 200)
        #expect(try names() == [])
        _ = desk
    }

    @Test func `an upload that broke off is no version in a new journal either`() throws {
        try withTemporaryDirectory { directory in
            directory.makeDirectory("d")
            for name in ["piece", "written", "other"] { directory.write("the ha", to: "d/\(name)") }
            let share = try TreeRoot(path: directory.path(""))
            func record(_ name: String, size: Int64 = 6, inode: UInt64 = 0) throws -> (RelativePath, BrokenUpload) {
                let path = RelativePath([try Name("d"), try Name(name)])
                let status = try #require(try share.status(of: path))
                return (
                    path,
                    BrokenUpload(
                        client: "phone", moment: 0, inode: status.inode + inode,
                        seen: BrokenUpload.Seen(size: size, mtime: status.mtime))
                )
            }
            let journal = try Journal.inMemory()
            var work = ShareImport(of: share, into: journal, clock: .system)
            work.uploads = Dictionary(
                uniqueKeysWithValues: [
                    try record("piece"), try record("written", size: 5), try record("other", inode: 1),
                ])
            try work.run()
            #expect(work.keptUploads == 1 && work.count.files == 2 && work.problems.isEmpty)
            let parent = try #require(try journal.node(at: RelativePath([try Name("d")])))
            #expect(try journal.children(of: parent.id).map { "\($0.name)" } == ["other", "written"])
            let location = Location(parent: parent.id, name: try Name("piece"))
            #expect(try journal.brokenUploads().keys.map { $0 } == [location])
        }
    }

    @Test func `the whole share is taken in, in any number of transactions, and the journal is well`() throws {
        try withTemporaryDirectory { directory in
            for number in 0..<40 {
                directory.makeDirectory("d\(number % 7)")
                directory.write("text \(number)", to: "d\(number % 7)/f\(number)")
            }
            directory.makeDirectory("d0/e")
            directory.write("deep", to: "d0/e/f")
            directory.write("ours", to: ".synchub-share")
            try #require(symlink("d0", directory.path("link")) == 0)
            try #require(mkfifo(directory.path("pipe"), 0o600) == 0)
            let journal = try Journal.inMemory()
            var share = ShareImport(of: try TreeRoot(path: directory.path), into: journal, clock: .system)
            try share.run()
            #expect(share.count.files == 41 && share.count.directories == 8 && share.count.symlinks == 1)
            #expect(share.problems.map(\.path.description) == ["pipe"])
            #expect(try journal.check() == [] && journal.pendingPlacements().isEmpty)
            #expect(try journal.statistics().files == 41)
            let node = try #require(try journal.node(at: RelativePath(bytes: Array("d0/e/f".utf8))))
            #expect(try node.content.file?.digest == content("deep").digest && journal.placed(node.id) != nil)
        }
    }

    @Test func `open conflicts are found again by the names of their copies`() throws {
        try withTemporaryDirectory { directory in
            directory.makeDirectory("d")
            let copy = "d/a (conflict 2026-11-20 bea).txt", lonely = "d/gone (conflict 2026-11-20 bea).txt"
            for path in ["d/a.txt", copy, lonely, "d/b (conflict).txt", "d/b.txt"] { directory.write(path, to: path) }
            let journal = try Journal.inMemory()
            var share = ShareImport(of: try TreeRoot(path: directory.path), into: journal, clock: .system)
            try share.run()
            #expect(try journal.findConflicts { $0 == "2026-11-20" ? 7 : nil } == 1)
            let conflict = try #require(try journal.openConflicts().first)
            #expect(conflict.over.name.description == "a.txt" && conflict.client == "bea" && conflict.at == 7)
            #expect(try journal.path(of: conflict.copy.id)?.description == copy)
            #expect(try journal.findConflicts { _ in nil } == 0 && journal.check().isEmpty)
        }
    }

    @Test(arguments: ["cut", "no database", "empty"])
    func `a file that cannot be a journal is told from one`(how: String) throws {
        try withTemporaryDirectory { directory in
            let path = directory.path("journal.db")
            try Journal(path: path).checkpoint()
            #expect(try Journal.damage(path: path) == nil)
            let bytes = try #require(directory.read("journal.db"))
            switch how {
            case "cut": directory.write(bytes.prefix(bytes.count / 3), to: "journal.db")
            case "no database": directory.write([UInt8](repeating: 65, count: 5_000), to: "journal.db")
            default: directory.write("", to: "journal.db")
            }
            #expect(try Journal.damage(path: path) != nil)
        }
    }
}
