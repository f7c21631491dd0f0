import Journal
import SyncCore
import TestSupport
import Testing

/// What lies in `versions/` while it is current.
struct KeptTests {
    private let journal: Journal
    private let desk: Desk
    private let one: Digest

    init() throws {
        journal = try Journal.inMemory()
        desk = Desk(journal)
        one = try #require(Text.file("one").file?.digest)
        _ = try desk.run(.file("a", "one"))
        try journal.finish(journal.pendingPlacements().map(\.id), kept: [(one, 3)])
    }

    private var versions: [StoredVersion] { get throws { try journal.versions(limit: 9) } }

    private func node(_ name: String) throws -> Node {
        try #require(try journal.child(of: .root, named: Name(name)))
    }

    @Test func `its time as a version counts from when it is displaced, and again each time`() throws {
        #expect(try journal.hasVersion(one) && versions.isEmpty)
        #expect(try !journal.wasDisplaced(one))
        _ = try desk.run(.edit(try node("a"), "two"))
        let displaced = try journal.head
        #expect(try versions == [StoredVersion(digest: one, size: 3, storedAt: displaced)])
        _ = try desk.run(.edit(try node("a"), "one"))
        #expect(try versions.map(\.storedAt) == [displaced])
        _ = try desk.run(.delete(try node("a")), origin: .share)
        #expect(try versions == [StoredVersion(digest: one, size: 3, storedAt: journal.head)])
        #expect(try journal.wasDisplaced(one))
    }

    @Test func `what a placement has displaced counts from then, whatever was known of it before`() throws {
        _ = try desk.run(.file("b", "more"))
        try journal.finish(stored: [(one, 3)])
        #expect(try versions == [StoredVersion(digest: one, size: 3, storedAt: journal.head)])
    }

    @Test func `what is current is not removed, and counts anew when it is displaced`() throws {
        _ = try desk.run(.edit(try node("a"), "two"))
        _ = try desk.run(.edit(try node("a"), "one"))
        #expect(try versions.count == 1)
        #expect(try journal.forgetVersions([one]).isEmpty)
        #expect(try journal.hasVersion(one) && versions.isEmpty)
        _ = try desk.run(.delete(try node("a")))
        try journal.finish(journal.pendingPlacements().map(\.id))
        #expect(try journal.forgetVersions([one]) == [one])
        #expect(try !journal.hasVersion(one))
    }

    @Test func `where nothing is kept beside what is current, it is removed like any other`() throws {
        #expect(try journal.neverDisplaced(after: nil, limit: 9).map(\.digest) == [one])
        #expect(try journal.neverDisplaced(after: one, limit: 9).isEmpty)
        #expect(try journal.forgetVersions([one], keepingCurrent: false) == [one])
        #expect(try !journal.hasVersion(one))
    }

    @Test func `a copy that is written down after its content was displaced is a displaced version`() throws {
        _ = try desk.run(.file("b", "two"))
        let two = try #require(try node("b").content.file?.digest)
        _ = try desk.run(.delete(try node("b")))
        try journal.finish(kept: [(two, 3)])
        #expect(try versions.map(\.digest) == [two])
    }

    @Test func `another place of the same content does not keep it from counting as displaced`() throws {
        _ = try desk.run(.file("b", "one"))
        _ = try desk.run(.delete(try node("b")))
        #expect(try versions.map(\.digest) == [one])
        #expect(try journal.forgetVersions([one]).isEmpty)
    }

    @Test func `files are told by their last change, with whether they are kept`() throws {
        _ = try desk.run(.file("b", "two"), .directory("d"), .file("c", "one"))
        let all = try journal.currentFiles(after: .zero, limit: 9)
        #expect(all.map(\.node.name.description) == ["a", "b", "c"])
        #expect(all.map(\.isKept) == [true, false, true])
        #expect(try journal.currentFiles(after: all[0].node.seq, limit: 1).map(\.node.name.description) == ["b"])
        let count = try journal.countCurrent()
        #expect(count.all == 2 && count.kept == 1)
    }
}
