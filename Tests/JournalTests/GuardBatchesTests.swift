import Journal
import SyncCore
import TestSupport
import Testing

/// Several batches of one client: what is said about one of them says nothing about another, and is not undone by it.
@Suite("Guard's batches")
struct GuardBatchesTests {
    private let journal: Journal
    private let ann: Desk
    private let bea: Desk
    /// Four of the about twenty nodes are enough; the window has 600 seconds.
    private static let rule = MassChangeGuard(percent: 10, least: 3)
    private let old: [Node]
    private let new: [Node]

    /// Five files that go first, and five that go long after.
    init() throws {
        let fixture = try GuardFixture()
        (journal, ann, bea) = (fixture.journal, fixture.ann, fixture.bea)
        let files = try journal.children(of: #require(try journal.node(at: path("d"))).id)
        (old, new) = (Array(files.prefix(5)), Array(files.suffix(5)))
        for placement in try journal.pendingPlacements() { try journal.finish([placement.id]) }
    }

    /// What a person says, and to which batch: the first or the second.
    enum Word: CustomTestStringConvertible {
        case approve(Int), reject(Int)
        var testDescription: String {
            switch self {
            case .approve(let batch): "approve \(batch)"
            case .reject(let batch): "reject \(batch)"
            }
        }
    }

    private func say(_ word: Word, at moment: Int64) throws {
        switch word {
        case .approve(let batch): _ = try journal.approve(Int64(batch), at: 1, date: "2026-11-21", moment: moment)
        case .reject(let batch): _ = try journal.reject(Int64(batch), at: 1, date: "2026-11-21", moment: moment)
        }
    }

    static let cases: [(words: [Word], old: Bool, new: Bool)] = [
        ([.approve(1)], true, false), ([.approve(1), .approve(2)], true, true),
        ([.approve(2), .approve(1)], true, true), ([.reject(1), .approve(2)], false, true),
        ([.approve(2), .reject(1)], false, true), ([.approve(1), .reject(2)], true, false),
        ([.reject(2), .approve(1)], true, false), ([.reject(1), .reject(2)], false, false),
    ]

    /// Which of the files are still there.
    private func remaining() throws -> (old: Int, new: Int) {
        func count(_ nodes: [Node]) throws -> Int { try nodes.count { try journal.node($0.id)?.isDeleted == false } }
        return (try count(old), try count(new))
    }

    // MARK: - A client

    private func send(_ changes: [Change], at moment: Int64) throws -> [String] {
        let operations = changes.map { ann.operation($0) }
        return try journal.commit(
            client: "ann", operations: operations, at: 1, date: "2026-11-21", guardedBy: Self.rule, moment: moment
        ).outcomes.map { Text.word($0) }
    }

    @Test(arguments: cases)
    func `of two batches of a client each is decided about by itself`(words: [Word], goesOld: Bool, goesNew: Bool)
        throws
    {
        #expect(try send(old.map { .delete($0) }, at: 100) == Array(repeating: "held", count: 5))
        #expect(try send(new.map { .delete($0) }, at: 1000) == Array(repeating: "held", count: 5))
        #expect(try journal.heldBatches().map(\.deletes) == [5, 5])
        for (index, word) in words.enumerated() { try say(word, at: 1010 + Int64(index)) }
        #expect(try journal.heldBatches().count == 2 - words.count)
        #expect(try remaining() == (goesOld ? 0 : 5, goesNew ? 0 : 5))
        // Each operation has got its answer, once.
        let late = try journal.lateOutcomes(for: "ann", generation: "a1", after: 0, limit: 100)
        #expect(late.count == 5 * words.count && Set(late.map(\.number)).count == late.count)
        let applied = late.count { if case .applied = $0.outcome { true } else { false } }
        #expect(applied == (goesOld ? 5 : 0) + (goesNew ? 5 : 0))
    }

    @Test func `what still comes belongs to the newest batch, whatever is said about the older`() throws {
        _ = try send(old.prefix(4).map { .delete($0) }, at: 100)
        _ = try send(new.prefix(4).map { .delete($0) }, at: 1000)
        try say(.approve(1), at: 1010)
        #expect(try send([.delete(old[4])], at: 1020) == ["held"])
        #expect(try journal.heldBatches().map(\.deletes) == [5])
        try say(.approve(2), at: 1030)
        #expect(try send([.delete(new[4])], at: 1040) == ["applied"])
        #expect(try remaining() == (0, 0))
    }

    // MARK: - The share

    /// All of these have vanished from the share.
    private func look(_ nodes: [Node], at moment: Int64) throws -> Set<NodeID> {
        let gone = try nodes.filter { try journal.node($0.id)?.isDeleted == false }
        let word = try journal.guardShare(
            gone.map { .delete($0) }, by: "share", rule: Self.rule, areAllDeletions: true, at: 1, moment: moment)
        // What is not held becomes a change.
        let passed = gone.filter { !word.refused.contains($0.id) }
        if !passed.isEmpty {
            _ = try journal.commit(
                client: "share", operations: passed.map { bea.operation(.delete($0)) }, at: 1, date: "2026-11-21",
                origin: .share)
        }
        return word.refused
    }

    @Test(arguments: cases)
    func `of two batches of the share each is decided about by itself`(words: [Word], goesOld: Bool, goesNew: Bool)
        throws
    {
        #expect(try look(old, at: 100) == Set(old.map(\.id)))
        #expect(try look(old + new, at: 1000).count == 10)
        #expect(try journal.heldBatches().map(\.deletes) == [5, 5])
        var away = old + new
        for (index, word) in words.enumerated() {
            try say(word, at: 1010 + Int64(index) * 10)
            // What is rejected is put back, and what else is away is looked at.
            switch word {
            case .reject(1): away.removeAll { old.contains($0) }
            case .reject: away.removeAll { new.contains($0) }
            case .approve: break
            }
            _ = try look(away, at: 1015 + Int64(index) * 10)
        }
        #expect(try journal.heldBatches().count == 2 - words.count)
        #expect(try remaining() == (goesOld ? 0 : 5, goesNew ? 0 : 5))
        // Nothing is held anew, or let go, when it is looked at once more.
        _ = try look(away, at: 1100)
        #expect(try journal.heldBatches().count == 2 - words.count)
        #expect(try remaining() == (goesOld ? 0 : 5, goesNew ? 0 : 5))
        #expect(try journal.check().isEmpty)
    }

    @Test func `an older batch that was approved passes though a third was held since, and only within the window`()
        throws
    {
        _ = try look(Array(old.prefix(4)), at: 100)
        _ = try look(Array(old.prefix(4)) + new.prefix(3), at: 1000)
        try say(.approve(1), at: 2000)
        _ = try look(Array(old.suffix(1)) + new, at: 2100)
        // The hub was off, and looks at it only now.
        #expect(
            try journal.guardShare([.delete(old[0])], by: "share", rule: Self.rule, at: 1, moment: 2599).refused == [])
        #expect(try remaining() == (5, 5))
        let late = try journal.guardShare(
            old.prefix(4).map { .delete($0) }, by: "share", rule: Self.rule, at: 1, moment: 2600)
        #expect(late.refused.count == 4)
        try journal.forgetGuarded(Self.rule, at: 2600)
    }
}
