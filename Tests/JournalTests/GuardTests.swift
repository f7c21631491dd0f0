import Journal
import SyncCore
import TestSupport
import Testing

/// The guard against mass deletions and rewrites: what is held, what goes on, and what a decision does.
@Suite("Guard")
struct GuardTests {
    let journal: Journal
    let ann: Desk
    let bea: Desk
    static let rule = MassChangeGuard(percent: 30, least: 5)

    init() throws {
        let fixture = try GuardFixture()
        (journal, ann, bea) = (fixture.journal, fixture.ann, fixture.bea)
    }

    private func node(_ text: String) throws -> Node { try #require(try journal.node(at: path(text))) }

    private func commit(
        _ desk: Desk, _ operations: [Operation], announced: AnnouncedChanges = AnnouncedChanges(),
        rule: MassChangeGuard = GuardTests.rule, moment: Int64 = 0
    ) throws -> [Outcome] {
        var staged: [OperationID: StagedContent] = [:]
        for operation in operations where operation.change.content?.file != nil {
            staged[operation.id] = StagedContent(name: "\(desk.client)-\(operation.id.number)")
        }
        return try journal.commit(
            client: desk.client, operations: operations, staged: staged, at: 1000, date: "2026-11-21",
            guardedBy: rule, announced: announced, moment: moment
        ).outcomes
    }

    /// All of `d`, and `d` itself.
    private func deletions() throws -> [Operation] {
        let directory = try node("d")
        return try journal.children(of: directory.id).map { ann.operation(.delete($0)) } + [
            ann.operation(.delete(directory))
        ]
    }

    private func names(_ id: NodeID) throws -> [String] { try journal.children(of: id).map { "\($0.name)" } }

    private func late(_ client: String = "ann") throws -> [Outcome] {
        try journal.lateOutcomes(for: client, generation: "a1", after: 0, limit: 100).map(\.outcome)
    }

    @discardableResult
    private func reject(_ batch: Int64, moment: Int64 = 0) throws -> HeldDecision {
        try journal.reject(batch, at: 2000, date: "2026-11-22", moment: moment)
    }

    @Test func `a mass deletion changes nothing until it is approved, and is one batch`() throws {
        let head = try journal.head
        let operations = try deletions()
        let outcomes = try commit(ann, operations)
        #expect(outcomes.allSatisfy { $0.isHeld })
        #expect(try journal.head == head && names(node("d").id).count == 10)
        let batch = try #require(try journal.heldBatches().first)
        #expect(batch.client == "ann" && batch.deletes == 11 && batch.rewrites == 0)
        #expect(try commit(ann, operations) == outcomes)
        #expect(try journal.heldBatches().count == 1)
        let decision = try journal.approve(batch.id, at: 2000, date: "2026-11-22")
        #expect(
            batch.undone == 0 && decision.client == "ann" && decision.operations == 11
                && decision.placements.count == 11)
        #expect(try names(.root) == ["beside"])
        #expect(try journal.heldBatches().isEmpty && late().count == 11)
        #expect(try commit(ann, operations).allSatisfy { Text.word($0) == "applied" })
        #expect(throws: JournalError.noSuchBatch(batch.id)) { try reject(batch.id) }
        #expect(try journal.check().isEmpty)
    }

    @Test func `a rejected deletion leaves everything, and its client is told what is there`() throws {
        _ = try commit(ann, try deletions())
        let batch = try #require(try journal.heldBatches().first)
        _ = try reject(batch.id)
        #expect(try names(node("d").id).count == 10 && journal.heldBatches().isEmpty)
        #expect(
            try late().allSatisfy { if case .refused(.rejected, let node?) = $0 { !node.isDeleted } else { false } })
        try journal.acknowledgeLate(for: "ann", generation: "a1", through: Int64.max)
        #expect(try late().isEmpty)
    }

    @Test func `a mass rewrite is held with its bytes, which a rejection keeps`() throws {
        let edits = try journal.children(of: node("d").id).map { ann.operation(.edit($0, "changed")) }
        #expect(try commit(ann, edits).allSatisfy { $0.isHeld })
        let batch = try #require(try journal.heldBatches().first)
        #expect(batch.rewrites == 10 && batch.deletes == 0)
        #expect(try journal.heldFiles().count == 10)
        _ = try reject(batch.id)
        let shelf = try journal.contentsToShelve()
        #expect(shelf.count == 10)
        try journal.shelved(shelf)
        #expect(try journal.hasVersion(shelf[0].digest) && journal.heldFiles().isEmpty)
        #expect(try node("d/f1").contentVersion == .first)
    }

    @Test func `an approved rewrite meets what others did meanwhile by the merge rules`() throws {
        let edits = try journal.children(of: node("d").id).map { ann.operation(.edit($0, "ann's")) }
        _ = try commit(ann, edits)
        _ = try bea.run(.edit(try node("d/f1"), "bea's"))
        let batch = try #require(try journal.heldBatches().first)
        _ = try journal.approve(batch.id, at: 2000, date: "2026-11-22")
        #expect(try node("d/f0").content.hasSameBytes(as: Text.file("ann's")))
        #expect(try node("d/f1").content.hasSameBytes(as: Text.file("bea's")))
        #expect(try node("d/f1 (conflict 2026-11-22 ann)").content.hasSameBytes(as: Text.file("ann's")))
        #expect(try late().map(Text.word).filter { $0 == "conflict" }.count == 1)
    }

    @Test func `an edit wins over a held deletion, and what is new in its directory stays`() throws {
        _ = try commit(ann, try deletions())
        _ = try bea.run(.edit(try node("d/f1"), "bea's"), .file("new", "new", in: try node("d").id))
        _ = try journal.approve(try #require(journal.heldBatches().first).id, at: 2000, date: "2026-11-22")
        #expect(try names(node("d").id) == ["f1", "new"])
    }

    @Test func `what is small or wished for goes through`() throws {
        let few = try journal.children(of: node("d").id).prefix(4).map { ann.operation(.delete($0)) }
        #expect(try commit(ann, few).allSatisfy { Text.word($0) == "applied" })
        let rest = try deletions()
        #expect(try commit(ann, rest, rule: .off).allSatisfy { Text.word($0) == "applied" })
    }

    @Test func `others and other paths go on, and what hangs on a held change is held with it`() throws {
        let outcomes = try commit(ann, try deletions())
        #expect(outcomes.allSatisfy { $0.isHeld })
        let directory = ann.operation(.directory("d"))
        let inside = ann.operation(
            .create(in: .created(by: directory.id), name: try Name("inside"), content: Text.file("inside")))
        let free = ann.operation(.file("free", "free"))
        let words = try commit(ann, [directory, inside, free]).map(Text.word)
        #expect(words == ["held", "held", "applied"])
        #expect(try Text.word(commit(bea, [bea.operation(.edit(try node("d/f1"), "bea's"))])[0]) == "applied")
        let batch = try #require(try journal.heldBatches().first)
        #expect(batch.others == 2)
        _ = try journal.approve(batch.id, at: 2000, date: "2026-11-22")
        #expect(try names(.root) == ["beside", "d", "free"])
        #expect(try Set(names(node("d").id)) == ["f1", "inside"])
    }

    @Test func `a batch in several commits counts as one, by what is announced and by what was done`() throws {
        let all = try deletions()
        #expect(
            try commit(ann, Array(all.prefix(2)), announced: AnnouncedChanges(deletes: 11)).allSatisfy { $0.isHeld })
        // The rest says less of itself, and belongs to it.
        #expect(
            try commit(ann, Array(all.dropFirst(2)), announced: AnnouncedChanges(deletes: 1)).allSatisfy { $0.isHeld })
        #expect(try journal.heldBatches().map(\.deletes) == [11])
        _ = try reject(try #require(journal.heldBatches().first).id)
        let again = try deletions()
        #expect(try commit(ann, Array(again.prefix(3)), moment: 1000).allSatisfy { Text.word($0) == "applied" })
        #expect(try commit(ann, Array(again.dropFirst(3).prefix(3)), moment: 1000).allSatisfy { $0.isHeld })
        let batch = try #require(try journal.heldBatches().first)
        _ = try journal.approve(batch.id, at: 2000, date: "2026-11-22", moment: 1100)
        #expect(try commit(ann, Array(again.dropFirst(6)), moment: 1200).allSatisfy { Text.word($0) == "applied" })
        #expect(try names(.root) == ["beside"])
    }

    @Test func `two batches of one client are decided each for itself`() throws {
        let first = try journal.children(of: node("d").id).prefix(5).map { ann.operation(.delete($0)) }
        #expect(try commit(ann, first).allSatisfy { $0.isHeld })
        let second = try journal.children(of: node("d").id).suffix(5).map { ann.operation(.edit($0, "changed")) }
        #expect(try commit(ann, second, moment: 600).allSatisfy { $0.isHeld })
        let batches = try journal.heldBatches()
        #expect(batches.map { [$0.deletes, $0.rewrites] } == [[5, 0], [0, 5]])
        _ = try reject(batches[0].id)
        _ = try journal.approve(batches[1].id, at: 2000, date: "2026-11-22")
        #expect(try names(node("d").id).count == 10)
        #expect(try node("d/f9").content.hasSameBytes(as: Text.file("changed")))
    }

    @Test func `who has it again as it was takes it out of what is held; who changes it again stays held`() throws {
        let nodes = try journal.children(of: node("d").id)
        _ = try commit(ann, nodes.map { ann.operation(.delete($0)) })
        #expect(try Text.word(commit(ann, [ann.operation(.edit(nodes[0], "text 0"))], moment: 5000)[0]) == "merged")
        #expect(try journal.heldBatches().map(\.deletes) == [9])
        #expect(try commit(ann, [ann.operation(.edit(nodes[1], "other"))], moment: 5000)[0].isHeld)
        #expect(try journal.heldBatches().map { [$0.deletes, $0.rewrites] } == [[8, 1]])
        _ = try journal.approve(try #require(journal.heldBatches().first).id, at: 2000, date: "2026-11-22")
        #expect(try names(node("d").id) == ["f0", "f1"])
        #expect(try node("d/f1").content.hasSameBytes(as: Text.file("other")))
    }

    @Test func `what a client itself has just made may go again`() throws {
        let directory = try node("d")
        let own = (0..<20).map { ann.operation(.file("own\($0)", "own", in: directory.id)) }
        _ = try commit(ann, [ann.operation(.delete(try node("beside")))])
        _ = try commit(ann, own)
        let gone = try journal.children(of: directory.id).filter { "\($0.name)".hasPrefix("own") }
        #expect(try commit(ann, gone.map { ann.operation(.delete($0)) }).allSatisfy { Text.word($0) == "applied" })
    }

    @Test func `a decision stands when its client was revoked or has another index`() throws {
        _ = try commit(ann, try deletions())
        try journal.revoke("ann", at: 1500)
        _ = try journal.approve(try #require(journal.heldBatches().first).id, at: 2000, date: "2026-11-22")
        #expect(try names(.root) == ["beside"])
        #expect(try journal.lateOutcomes(for: "ann", generation: "b2", after: 0, limit: 10).isEmpty)
    }

    @Test func `what vanished from the share is held, forgotten when it is back, and let go when it is approved`()
        throws
    {
        let gone = try deletions().map(\.change)
        func look(_ changes: [Change], moment: Int64 = 0) throws -> Set<NodeID> {
            try journal.guardShare(
                changes, by: "share", rule: GuardTests.rule, areAllDeletions: true, at: 1000, moment: moment
            ).held
        }
        #expect(try look(Array(gone.prefix(3))).isEmpty)
        #expect(try look(gone).count == 11)
        #expect(try look(Array(gone.suffix(6))).count == 6)
        let batch = try #require(try journal.heldBatches().first)
        #expect(batch.client == "share" && batch.deletes == 6)
        _ = try journal.approve(batch.id, at: 2000, date: "2026-11-22")
        #expect(try journal.heldBatches().isEmpty && look(Array(gone.suffix(6))).isEmpty)
        #expect(try look(gone, moment: 1000).count == 11)
        let again = try #require(try journal.heldBatches().first)
        let placements = try reject(again.id, moment: 1000).placements
        #expect(placements.count == 11)
        guard case .directory? = placements.first?.step else { Issue.record("the directory comes first"); return }
        #expect(try names(node("d").id).count == 10)
    }
}
