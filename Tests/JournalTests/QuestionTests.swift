import Journal
import SyncCore
import TestSupport
import Testing

@Suite("Questions to the journal")
struct QuestionTests {
    let desk: Desk
    var journal: Journal { desk.journal }

    init() throws { desk = Desk(try Journal.inMemory()) }

    private func node(_ text: String) throws -> Node { try #require(try journal.node(at: path(text))) }

    @Test func `changes come by seq, each node once, in pages, tombstones too`() throws {
        _ = try desk.run(.file("a", "0"), .file("b", "0"), .file("c", "0"))
        _ = try desk.run(.edit(try node("a"), "1"), .delete(try node("b")))
        let first = try journal.changes(after: .zero, limit: 2)
        #expect(first.nodes.map(\.seq) == [Sequence(3), Sequence(4)])
        #expect(first.through == Sequence(4) && first.head == Sequence(5))
        let rest = try journal.changes(after: first.through, limit: 2)
        #expect(rest.nodes.map(\.isDeleted) == [true])
        #expect(rest.through == Sequence(5))
        #expect(try journal.changes(after: rest.through, limit: 2).nodes.isEmpty)
        #expect(try journal.countBehind(Sequence(3)) == 2)
        #expect(try journal.nodesBehind(Sequence(3), limit: 1).map(\.id) == [NodeID(2)])
    }

    @Test func `paths and nodes answer each other`() throws {
        let d = desk.operation(.directory("d"))
        let f = desk.operation(.create(in: .created(by: d.id), name: try Name("f"), content: Text.file("1")))
        _ = try desk.commit([d, f])
        let found = try node("d/f")
        #expect(try journal.path(of: found.id) == path("d/f"))
        #expect(try journal.path(of: .root) == .top)
        #expect(try journal.path(of: NodeID(99)) == nil)
        #expect(try journal.node(at: path("d/g")) == nil)
        #expect(try journal.node(at: .top) == nil)
        #expect(try journal.hasChildren(try node("d").id))
        #expect(try !journal.hasChildren(found.id))
        #expect(try journal.lastClient(of: found.id) == "ann")
    }

    @Test func `history tells each change with the paths of its time`() throws {
        _ = try desk.run(.directory("d"), .file("f", "1"))
        _ = try desk.run(.move(try node("f"), "g", in: try node("d").id))
        _ = try desk.run(.move(try node("d"), "e"))
        _ = try desk.run(.edit(try node("e/g"), "2"))
        let gone = try node("e/g")
        _ = try desk.run(.delete(gone))
        _ = try desk.run(.edit(gone, "3"))
        let records = try journal.history(after: .zero, limit: 99)
        #expect(records.map(\.change) == [.create, .create, .move, .move, .edit, .delete, .revive])
        #expect(records.map { "\($0.path)" } == ["d", "f", "d/g", "e", "e/g", "e/g", "e/g"])
        #expect(records.map { $0.fromPath.map { "\($0)" } } == [nil, nil, "f", "d", nil, nil, nil])
        #expect(try journal.newestHistory(limit: 2) == Array(records.suffix(2)))
        #expect(try journal.history(after: Sequence(5), limit: 1) == [records[5]])
        let ofFile = try journal.history(of: gone.id, limit: 99)
        #expect(ofFile.map(\.seq.rawValue) == [7, 6, 5, 3, 2])
        #expect(try journal.content(of: gone.id, at: Version(1)) == Text.file("1"))
        #expect(try journal.content(of: gone.id, at: Version(2)) == Text.file("2"))
        #expect(try journal.content(of: gone.id, at: Version(4)) == nil)
    }

    @Test func `a client has what it took in of a file, or has made of it since`() throws {
        let bob = Desk(journal, client: "bob")
        _ = try desk.run(.file("f", "1"))
        _ = try bob.run(.edit(try node("f"), "2"))
        _ = try desk.run(.edit(try node("f"), "1"))
        _ = try bob.run(.edit(try node("f"), "1", mode: 0o600))
        _ = try Desk(journal, client: "cyd").run(.move(try node("f"), "g"))
        let id = try node("g").id
        func had(_ text: String, _ client: String, _ seq: Int64) throws -> Bool {
            let digest = try #require(Text.file(text).file).digest
            return try journal.had(digest, of: id, client, through: Sequence(seq))
        }
        // Who has only moved it has what it took in.
        for (seq, text) in [(1, "1"), (2, "2"), (3, "1"), (4, "1"), (5, "1")] as [(Int64, String)] {
            #expect(try had(text, "cyd", seq) && !had(text == "1" ? "2" : "1", "cyd", seq), "\(seq)")
        }
        #expect(try !had("1", "cyd", 0) && !had("2", "cyd", 0))
        // What they made is ahead of what they know that they took in.
        for seq in Int64(0)...2 { #expect(try had("1", "ann", seq) && had("1", "bob", seq), "\(seq)") }
        _ = try desk.run(.delete(try node("g")))
        #expect(try had("1", "cyd", 5) && !had("1", "cyd", 6) && !had("1", "ann", 5))
        #expect(try journal.had(#require(Text.file("1").file).digest, of: NodeID(99), "cyd", through: Sequence(6)))
    }

    @Test func `who has the name of a revoked client has not what that one made`() throws {
        func had(_ seq: Int64) throws -> Bool {
            let digest = try #require(Text.file("1").file).digest
            return try journal.had(digest, of: try node("f").id, "phone", through: Sequence(seq))
        }
        func join() throws { try journal.addClient("phone", kind: .agent, publicKey: "ssh-ed25519 AAAA", at: 1) }
        try join()
        _ = try Desk(journal, client: "phone").run(.file("f", "1"))
        #expect(try had(0))
        try journal.revoke("phone", at: 2)
        try join()
        #expect(try !had(0) && had(1))
        _ = try Desk(journal, client: "phone").run(.edit(try node("f"), "1", mode: 0o600))
        #expect(try had(0))
    }

    @Test func `uploads that were not finished are kept by where they are, until they are forgotten`() throws {
        let places = try ["a", "b"].map { Location(parent: .root, name: try Name($0)) }
        let closed = BrokenUpload(
            client: "phone", moment: 3, inode: .max, seen: BrokenUpload.Seen(size: 5, mtime: -7))
        let open = BrokenUpload(client: "tablet", moment: 4, inode: 1, seen: nil)
        try journal.keepUploads([places[0]: open, places[1]: open])
        try journal.keepUploads([places[0]: closed], forgetting: [places[1]])
        #expect(try journal.brokenUploads() == [places[0]: closed])
        try journal.keepUploads([:], forgetting: places)
        #expect(try journal.brokenUploads().isEmpty)
    }

    @Test func `the bytes of a digest are found where they live and in versions`() throws {
        _ = try desk.run(.file("a", "same"), .file("b", "same"), .file("c", "same"))
        let digest = try #require(try node("a").content.file?.digest)
        #expect(try journal.whereabouts(of: digest, limit: 2).paths.count == 2)
        for name in ["a", "b", "c"] { _ = try desk.run(.delete(try node(name))) }
        #expect(try journal.whereabouts(of: digest) == Whereabouts(paths: [], isInVersions: false))
        try journal.finish(journal.pendingPlacements().map(\.id), stored: [(digest, 4), (digest, 4)])
        #expect(try journal.whereabouts(of: digest) == Whereabouts(paths: [], isInVersions: true))
        #expect(
            try journal.versions(limit: 9) == [StoredVersion(digest: digest, size: 4, storedAt: try journal.head)])
        #expect(try journal.forgetVersions([digest]) == [digest])
        #expect(try journal.versions(limit: 9).isEmpty)
    }
}
