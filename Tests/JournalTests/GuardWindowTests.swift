import Journal
import SyncCore
import TestSupport
import Testing

/// What the guard sums up over time, what a rejection undoes of it, and how long a decision holds.
@Suite("Guard's window")
struct GuardWindowTests {
    let journal: Journal
    let ann: Desk
    let bea: Desk
    /// Five of twelve nodes are enough; the window has 600 seconds.
    static let rule = MassChangeGuard(percent: 30, least: 5)

    /// The bytes of what bea has made are at the hub.
    init() throws {
        let fixture = try GuardFixture()
        (journal, ann, bea) = (fixture.journal, fixture.ann, fixture.bea)
        try place()
    }

    private func node(_ text: String) throws -> Node { try #require(try journal.node(at: path(text))) }
    private func names() throws -> [String] { try journal.children(of: node("d").id).map { "\($0.name)" } }
    private var files: [Node] { get throws { try journal.children(of: node("d").id) } }

    /// What is pending is done in the share; what a deletion or an edit displaces lies in `versions/`.
    private func place() throws {
        for placement in try journal.pendingPlacements() {
            let displaced = placement.expected?.content.file.map { [($0.digest, $0.size)] } ?? []
            try journal.finish([placement.id], stored: displaced)
        }
    }

    /// One commit for each change, one second after the other.
    private func slowly(
        _ desk: Desk, _ changes: [Change], from moment: Int64, step: Int64 = 1, at: (Int) -> Int64 = { _ in 1000 }
    ) throws -> [String] {
        try changes.enumerated().map { index, change in
            let operation = desk.operation(change)
            let staged =
                change.content?.file == nil ? [:] : [operation.id: StagedContent(name: "s\(operation.id.number)")]
            let result = try journal.commit(
                client: desk.client, operations: [operation], staged: staged, at: at(index), date: "2026-11-21",
                guardedBy: Self.rule, moment: moment + Int64(index) * step)
            try place()
            return Text.word(result.outcomes[0])
        }
    }

    private func reject(_ moment: Int64) throws -> HeldDecision {
        let batch = try #require(try journal.heldBatches().last)
        let decision = try journal.reject(batch.id, at: 2000, date: "2026-11-22", moment: moment)
        try place()
        return decision
    }

    @Test func `a slow deletion is held when its sum is too much, and a rejection brings back what passed`() throws {
        let before = try files
        let words = try slowly(ann, before.map { .delete($0) }, from: 100)
        #expect(words == ["applied", "applied", "applied", "applied"] + Array(repeating: "held", count: 6))
        #expect(try names().count == 6)
        let batch = try #require(try journal.heldBatches().first)
        #expect(batch.deletes == 6 && batch.undone == 4)
        let decision = try reject(120)
        #expect(decision.restored == 4 && decision.left.isEmpty)
        #expect(try files.map(\.id) == before.map(\.id) && files.map(\.content) == before.map(\.content))
        #expect(
            try journal.history(after: Sequence(journal.head.rawValue - 4), limit: 4).allSatisfy {
                $0.client == "guard"
            })
        #expect(try journal.check().isEmpty && journal.heldBatches().isEmpty)
    }

    @Test func `a directory that went with its files comes back with them`() throws {
        let directory = try node("d")
        let words = try slowly(ann, try files.map { .delete($0) } + [.delete(directory)], from: 100)
        #expect(words.filter { $0 == "held" }.count == 7)
        _ = try journal.approve(try #require(journal.heldBatches().first).id, at: 1, date: "2026-11-21", moment: 120)
        try place()
        #expect(try journal.node(at: path("d")) == nil)
        // Approved, so nothing of it comes back with what is rejected later.
        _ = try bea.run(.directory("e"))
        let inside = try node("e").id
        _ = try bea.commit((0..<6).map { bea.operation(.file("g\($0)", "g \($0)", in: inside)) })
        let all = try journal.children(of: inside).map { Change.delete($0) } + [.delete(try node("e"))]
        // All at once would be held as a whole: five of eight, then the directory when it is empty.
        #expect(try slowly(ann, all, from: 1000).prefix(4) == ["applied", "applied", "applied", "applied"])
        let decision = try reject(1010)
        #expect(decision.restored == 4)
        #expect(try journal.children(of: inside).count == 6 && journal.node(at: path("d")) == nil)
    }

    @Test func `a deletion over hours passes, whatever the clock says`() throws {
        let times: [Int64] = [1000, 4_000_000_000, -5, 1000, 0]
        let words = try slowly(ann, files.map { .delete($0) }, from: 100, step: 160) { times[$0 % times.count] }
        #expect(words.allSatisfy { $0 == "applied" })
        #expect(try journal.heldBatches().isEmpty)
    }

    @Test func `a jump of the clock opens no window and closes none`() throws {
        let times: [Int64] = [1000, 4_000_000_000, -5, 1000, 0]
        let words = try slowly(ann, files.map { .delete($0) }, from: 100, step: 30) { times[$0 % times.count] }
        #expect(words.filter { $0 == "held" }.count == 6)
    }

    @Test func `a hub that starts again goes on where its window was`() throws {
        #expect(try journal.runningTime == 0)
        _ = try slowly(ann, files.prefix(3).map { .delete($0) }, from: 100)
        #expect(try journal.runningTime == 102)
        let moment = try journal.runningTime
        #expect(try slowly(ann, files.prefix(2).map { .delete($0) }, from: moment) == ["applied", "held"])
    }

    @Test
    func `after a rejection what still comes is held again, edits are not, and after the window all is as before`()
        throws
    {
        _ = try slowly(ann, files.map { .delete($0) }, from: 100)
        _ = try reject(120)
        let again = try files
        #expect(try slowly(ann, [.edit(again[1], "edited")], from: 130) == ["applied"])
        #expect(try slowly(ann, [.delete(again[0])], from: 719) == ["held"])
        #expect(try slowly(ann, [.edit(again[3], "edited")], from: 719) == ["applied"])
        #expect(try journal.heldBatches().map(\.deletes) == [1])
        let decision = try reject(720)
        #expect(decision.operations == 1 && decision.restored == 0)
        #expect(try node("d/f1").content.hasSameBytes(as: Text.file("edited")))
        #expect(try slowly(ann, [.delete(again[2])], from: 1319) == ["held"])
        _ = try reject(1319)
        #expect(try slowly(ann, [.delete(again[2])], from: 1919) == ["applied"])
    }

    @Test func `after an approval what still comes passes, and is not counted`() throws {
        let all = try files
        _ = try slowly(ann, all.prefix(5).map { .delete($0) }, from: 100)
        let batch = try #require(try journal.heldBatches().first)
        _ = try journal.approve(batch.id, at: 1, date: "2026-11-21", moment: 110)
        try place()
        #expect(try slowly(ann, all.dropFirst(5).map { .delete($0) }, from: 120).allSatisfy { $0 == "applied" })
        #expect(try names().isEmpty && journal.heldBatches().isEmpty)
    }

    @Test func `more of a batch that waits for a person is held with it, until nothing of it has come for the window`()
        throws
    {
        let all = try files
        _ = try slowly(ann, all.prefix(5).map { .delete($0) }, from: 100)
        #expect(try slowly(ann, [.delete(all[5])], from: 600) == ["held"])
        #expect(try slowly(ann, [.delete(all[6])], from: 1199) == ["held"])
        #expect(try slowly(ann, [.delete(all[7])], from: 1800) == ["applied"])
        #expect(try journal.heldBatches().map(\.deletes) == [3])
        // What passed long after it is no part of it.
        #expect(try reject(1800).restored == 4)
        #expect(try names().count == 9)
    }

    @Test func `what others did meanwhile is not overwritten by a rejection, which says so`() throws {
        let all = try files
        _ = try slowly(ann, all.prefix(4).map { .delete($0) }, from: 100)
        // Edited by somebody who had not heard of it; made anew with other bytes; and made anew as it was.
        _ = try bea.run(.edit(all[0], "bea's"))
        _ = try bea.run(.file("f1", "another", in: try node("d").id), .file("f2", "text 2", in: try node("d").id))
        #expect(try slowly(ann, [.delete(all[4]), .delete(all[5])], from: 110).contains("held"))
        let passed = try #require(try journal.heldBatches().first).undone
        let decision = try reject(120)
        #expect(Set(decision.left.map(\.reason)) == [.taken] && decision.left.map(\.path) == [path("d/f1")])
        #expect(decision.restored == passed - 3)
        #expect(try node("d/f0").content.hasSameBytes(as: Text.file("bea's")))
        #expect(try node("d/f1").content.hasSameBytes(as: Text.file("another")))
        #expect(try Set(names()) == Set((0..<10).map { "f\($0)" }))
    }

    @Test func `what somebody else deleted since stays deleted`() throws {
        let all = try files
        _ = try slowly(ann, all.prefix(4).map { .edit($0, "encrypted \($0.name)") }, from: 100)
        _ = try bea.run(.delete(try node("d/f0")))
        try place()
        #expect(
            try slowly(ann, [.edit(all[4], "encrypted"), .edit(all[5], "encrypted")], from: 110) == ["held", "held"])
        let decision = try reject(120)
        #expect(decision.restored == 3 && decision.left == [LeftOut(path: path("d/f0"), reason: .changed)])
        #expect(try journal.node(at: path("d/f0")) == nil)
    }

    @Test
    func `a slow rewrite is held, and what passed gets its bytes back, also when it was touched or deleted after it`()
        throws
    {
        let all = try files
        #expect(
            try slowly(ann, all.prefix(4).map { .edit($0, "encrypted \($0.name)") }, from: 100)
                .allSatisfy { $0 == "applied" })
        _ = try slowly(ann, [.edit(try node("d/f0"), "encrypted f0", mode: 0o600)], from: 105)
        #expect(try slowly(ann, [.delete(try node("d/f1"))], from: 106) == ["applied"])
        #expect(try slowly(ann, [.edit(all[4], "encrypted")], from: 110) == ["held"])
        let decision = try reject(120)
        #expect(decision.restored == 4 && decision.left.isEmpty)
        #expect(try files.map(\.content) == all.map(\.content))
    }

    @Test func `who edits a file and then deletes a directory by mistake gets the file back as it was edited`() throws {
        _ = try slowly(ann, [.edit(try node("beside"), "edited"), .edit(try node("d/f0"), "edited too")], from: 100)
        #expect(try slowly(ann, files.map { .delete($0) }, from: 110).filter { $0 == "applied" }.count == 3)
        #expect(try journal.heldBatches().map(\.undone) == [3])
        #expect(try reject(130).restored == 3)
        #expect(try node("beside").content.hasSameBytes(as: Text.file("edited")))
        #expect(try node("d/f0").content.hasSameBytes(as: Text.file("edited too")) && names().count == 10)
    }

    @Test func `bytes that the hub does not have cannot come back, and that is said`() throws {
        let all = try files
        for file in all.prefix(4) {
            _ = try journal.commit(
                client: "ann", operations: [ann.operation(.delete(file))], at: 1, date: "2026-11-21",
                guardedBy: Self.rule, moment: 100)
        }
        #expect(try slowly(ann, [.delete(all[4])], from: 110) == ["held"])
        let kept = try journal.versions(limit: 10).map(\.digest)
        _ = try journal.forgetVersions(Array(kept.prefix(1)))
        let decision = try reject(120)
        #expect(decision.restored == 3 && decision.left.map(\.reason) == [.bytes])
    }

    @Test func `the same files again and again are few, and what is there again was not lost`() throws {
        // A program that writes the same three files every second.
        for round in 0..<10 {
            let edits = try files.prefix(3).map { Change.edit($0, "round \(round)") }
            #expect(try slowly(ann, edits, from: 100 + Int64(round)).allSatisfy { $0 == "applied" })
        }
        // Deleted, and made again with the same bytes: four nodes more that are there.
        let four = try Array(files.suffix(4))
        #expect(try slowly(bea, four.map { .delete($0) }, from: 200).allSatisfy { $0 == "applied" })
        let directory = try node("d").id
        #expect(
            try slowly(bea, four.map { .create(in: .node(directory), name: $0.name, content: $0.content) }, from: 210)
                .allSatisfy { $0 == "applied" })
        #expect(try slowly(bea, [.delete(try node("beside"))], from: 220) == ["applied"])
        // Taken away once more they are, though bea has made them herself a moment ago.
        let again = try Array(files.suffix(4))
        #expect(try slowly(bea, again.map { .delete($0) }, from: 230).last == "held")
    }

    @Test func `what a client made a moment ago counts once somebody else has put something into it`() throws {
        _ = try slowly(ann, [.directory("own")], from: 100)
        let own = try node("own").id
        #expect(
            try slowly(ann, (0..<12).map { .file("o\($0)", "own \($0)", in: own) }, from: 100).allSatisfy {
                $0 == "applied"
            })
        for node in try journal.children(of: own).prefix(9) { _ = try bea.run(.edit(node, "bea's \(node.name)")) }
        let words = try slowly(ann, try journal.children(of: own).map { .delete($0) }, from: 110)
        #expect(words.prefix(7).allSatisfy { $0 == "applied" } && words[8] == "held")
        #expect(words.suffix(3).allSatisfy { $0 == "applied" })
    }

    @Test func `a move is no deletion, also one that came as two halves`() throws {
        _ = try ann.run(.directory("e"))
        let target = try node("e").id
        let moves = try files.prefix(6).map { Change.move($0, "\($0.name)", in: target) }
        #expect(try slowly(ann, moves, from: 100).allSatisfy { $0 == "applied" })
        let rest = try files
        #expect(rest.count == 4)
        let halves = rest.flatMap { node in
            [Change.create(in: .node(target), name: node.name, content: node.content), .delete(node)]
        }
        #expect(try slowly(ann, halves, from: 110).allSatisfy { $0 == "applied" })
        #expect(try slowly(ann, [.delete(try node("beside"))], from: 120) == ["applied"])
    }

    @Test func `a tombstone stays while a rejection may bring it back`() throws {
        _ = try slowly(ann, files.prefix(3).map { .delete($0) }, from: 100)
        try journal.forgetGuarded(Self.rule, at: 699)
        #expect(try journal.collectTombstones(upTo: journal.head) == 0)
        try journal.forgetGuarded(Self.rule, at: 702)
        #expect(try journal.collectTombstones(upTo: journal.head) == 3)
    }

    @Test func `a commit that only changes what was changed before does not trip, whatever it announces`() throws {
        _ = try slowly(ann, files.prefix(3).map { .edit($0, "once") }, from: 100)
        let edits = try files.prefix(2).map { ann.operation(.edit($0, "twice")) }
        let staged = Dictionary(uniqueKeysWithValues: edits.map { ($0.id, StagedContent(name: "t\($0.id.number)")) })
        let outcomes = try journal.commit(
            client: "ann", operations: edits, staged: staged, at: 1, date: "2026-11-21", guardedBy: Self.rule,
            announced: AnnouncedChanges(rewrites: 3), moment: 110
        ).outcomes
        #expect(outcomes.allSatisfy { Text.word($0) == "applied" })
    }

    // MARK: - The share

    private func share(_ changes: [Change], moment: Int64 = 100, all: Bool = false) throws -> ShareGuardWord {
        try journal.guardShare(
            changes, by: "share", rule: Self.rule, areAllDeletions: all, at: 1, moment: moment)
    }

    @Test func `rewrites in the share are held, and a rejection places what the journal has over them`() throws {
        let all = try files
        #expect(try share(all.prefix(4).map { .edit($0, "enc \($0.name)") }).refused.isEmpty)
        let word = try share(all.dropFirst(4).map { .edit($0, "enc \($0.name)") })
        #expect(word.refused.count == 6 && word.held.count == 6)
        // Seen again after a restart; written once more; as it was; and gone.
        #expect(try share([.edit(all[4], "enc f4")], moment: 5000).refused == [all[4].id])
        #expect(try share([.edit(all[5], "more")], moment: 5000).refused == [all[5].id])
        try journal.forgetHeld(all[6].id, of: "share")
        #expect(try share([.delete(all[7])], moment: 5000).refused == [all[7].id])
        #expect(try journal.heldBatches().map { [$0.deletes, $0.rewrites, $0.undone] } == [[1, 4, 4]])
        #expect(try share([.edit(all[8], "text 8", mode: 0o600)], moment: 5000).refused.isEmpty)
        let decision = try reject(5000)
        #expect(decision.placements.count == 4)
        let placed = try #require(decision.placements.first { $0.node == all[5].id })
        #expect(placed.expected?.content == Text.file("more"))
        #expect(placed.step == .file(path("d/f5"), all[5].content.file!, source: .version(all[5].content.file!.digest)))
        #expect(decision.placements.first { $0.node == all[7].id }?.expected == nil)
    }

    @Test func `approved rewrites in the share are looked at again, and pass`() throws {
        let edits = try files.map { Change.edit($0, "enc \($0.name)") }
        #expect(try share(edits).refused.count == 10)
        let batch = try #require(try journal.heldBatches().first)
        let decision = try journal.approve(batch.id, at: 1, date: "2026-11-21", moment: 100)
        #expect(decision.released.count == 10 && decision.placements.isEmpty)
        #expect(try share(edits).refused.isEmpty && share(edits).held.isEmpty)
    }
}
