import Journal
import SyncCore
import TestSupport
import Testing

/// The share's marker was gone: what else is missing waits for a person, however little it is.
@Suite("Guard in doubt")
struct GuardDoubtTests {
    private let journal: Journal
    private let files: [Node]
    /// Five of twelve nodes would be enough; the window has 600 seconds.
    private static let rule = MassChangeGuard(percent: 30, least: 5)

    init() throws {
        let fixture = try GuardFixture()
        journal = fixture.journal
        let directory = try #require(try journal.node(at: path("d")))
        files = try journal.children(of: directory.id)
        for placement in try journal.pendingPlacements() { try journal.finish([placement.id]) }
    }

    private func look(
        _ changes: [Change], at moment: Int64, rule: MassChangeGuard = GuardDoubtTests.rule, all: Bool = false
    ) throws -> Set<NodeID> {
        try journal.guardShare(changes, by: "share", rule: rule, areAllDeletions: all, at: 1, moment: moment).refused
    }

    private func doubt(at moment: Int64) throws { try journal.doubtShare("share", at: moment) }

    private func approve(_ batch: Int64, at moment: Int64) throws {
        _ = try journal.approve(batch, at: 1, date: "2026-11-21", moment: moment)
    }

    private func make(_ name: String, _ number: Int64) throws -> Node {
        let operation = Operation(id: OperationID(generation: "s", number: number), change: .file(name, name))
        _ = try journal.commit(
            client: "share", operations: [operation], acknowledged: 0, at: 1, date: "2026-11-21", origin: .share)
        return try #require(try journal.node(at: path(name)))
    }

    @Test(arguments: [GuardDoubtTests.rule, .off])
    func `a single deletion waits, and a rewrite does not`(rule: MassChangeGuard) throws {
        #expect(try look([.delete(files[0])], at: 100, rule: rule).isEmpty)
        try doubt(at: 100)
        #expect(try look([.edit(files[2], "new")], at: 101, rule: rule).isEmpty)
        #expect(try look([.delete(files[1]), .edit(files[3], "new")], at: 101, rule: rule) == [files[1].id])
        #expect(try look([.delete(files[1]), .delete(files[4])], at: 102, rule: rule) == [files[1].id, files[4].id])
        #expect(try journal.heldBatches().map { [$0.deletes, $0.rewrites] } == [[2, 0]])
    }

    @Test func `a mass rewrite is held by the rule as ever`() throws {
        try doubt(at: 100)
        #expect(try look([.delete(files[0])], at: 100).count == 1)
        #expect(try look(files.dropFirst().map { .edit($0, "enc") }, at: 101).count == 9)
    }

    @Test(arguments: [true, false])
    func `a decision about what was held ends it, and one about what was held before does not`(isApproved: Bool) throws
    {
        #expect(try look(files.prefix(6).map { .delete($0) }, at: 100).count == 6)
        try doubt(at: 200)
        try approve(try #require(journal.heldBatches().first).id, at: 201)
        #expect(try look([.delete(files[0])], at: 202).isEmpty)
        #expect(try look([.delete(files[7])], at: 202) == [files[7].id])
        #expect(try journal.isShareDoubted)
        let batch = try #require(journal.heldBatches().first).id
        if isApproved {
            try approve(batch, at: 203)
        } else {
            _ = try journal.reject(batch, at: 1, date: "2026-11-21", moment: 203)
        }
        #expect(try !journal.isShareDoubted)
        // What still comes of it is decided as with any batch.
        #expect(try look([.delete(files[8])], at: 204).isEmpty == isApproved)
    }

    @Test(arguments: [true, false])
    func `a decision about rewrites alone says nothing about what is missing`(isApproved: Bool) throws {
        try doubt(at: 100)
        #expect(try look(files.map { .edit($0, "enc") }, at: 101).count == files.count)
        let batch = try #require(journal.heldBatches().first).id
        if isApproved {
            try approve(batch, at: 102)
        } else {
            _ = try journal.reject(batch, at: 1, date: "2026-11-21", moment: 102)
        }
        #expect(try journal.isShareDoubted)
        let new = try make("x", 1)
        try doubt(at: 103)
        #expect(try look([.delete(new)], at: 104) == [new.id])
    }

    @Test func `an approval of before says nothing about what is missing with the marker`() throws {
        #expect(try look(files.prefix(6).map { .delete($0) }, at: 100).count == 6)
        try approve(try #require(journal.heldBatches().first).id, at: 101)
        #expect(try look([.delete(files[7])], at: 102).isEmpty)
        try doubt(at: 103)
        #expect(try look([.delete(files[8])], at: 104) == [files[8].id])
    }

    @Test func `it ends when nothing is held, and nothing was for the guard's window`() throws {
        func end(at moment: Int64) throws -> Bool { try journal.endShareDoubt("share", Self.rule, at: moment) }
        #expect(try end(at: 0))
        try doubt(at: 100)
        #expect(try !end(at: 700))
        #expect(try look([.delete(files[0])], at: 300).count == 1)
        #expect(try !end(at: 9_000))
        // It is back.
        #expect(try look([], at: 400, all: true).isEmpty && journal.heldBatches().isEmpty)
        #expect(try !end(at: 900) && journal.isShareDoubted)
        #expect(try end(at: 901) && !journal.isShareDoubted)
        #expect(try look([.delete(files[0])], at: 902).isEmpty)
    }

    @Test func `what was made in the share before waits, and what was made since goes as it came`() throws {
        _ = try look([], at: 99)
        let (first, before) = (try make("first", 1), try make("before", 2))
        #expect(try look([.delete(first)], at: 100).isEmpty)
        try doubt(at: 101)
        let since = try make("since", 3)
        #expect(try look([.delete(before), .delete(since)], at: 102) == [before.id])
    }
}
