import Journal
import SyncCore
import TestSupport
import Testing

@Suite("Commits")
struct CommitTests {
    let desk: Desk
    var journal: Journal { desk.journal }

    init() throws { desk = Desk(try Journal.inMemory()) }

    private func node(_ text: String) throws -> Node { try #require(try journal.node(at: path(text))) }

    @Test func `a repeated operation gets the same outcome and does nothing`() throws {
        let operations = [
            desk.operation(.file("f", "1")), desk.operation(.file("f", "2")),
            desk.operation(.edit(NodeID(77), base: .first, content: Text.file("x"))),
        ]
        let first = try desk.commit(operations)
        _ = try desk.run(.edit(try node("f"), "3"))
        let head = try journal.head
        let again = try desk.commit(operations)
        #expect(again.outcomes == first.outcomes)
        #expect(again.placements.isEmpty)
        #expect(try journal.head == head)
        #expect(first.outcomes.map(Text.word) == ["applied", "conflict", "refused unknown"])
    }

    @Test func `an operation that comes twice in one commit is done once`() throws {
        let operation = desk.operation(.file("a", "1"))
        let result = try desk.commit([operation, operation, desk.operation(.file("b", "2"))])
        #expect(result.outcomes[0] == result.outcomes[1])
        #expect(result.placements.count == 2)
        // A number that lies below one that was decided may still come for the first time.
        let (late, early) = (desk.operation(.file("c", "3")), desk.operation(.file("d", "4")))
        #expect(try desk.commit([early]).placements.count == 1)
        #expect(try desk.commit([late, early]).placements.count == 1)
    }

    @Test func `an acknowledged outcome is forgotten, and its operation cannot come again`() throws {
        let old = desk.operation(.file("f", "1"))
        _ = try desk.commit([old])
        _ = try desk.commit([desk.operation(.file("g", "1"))], acknowledged: 1)
        #expect(try journal.recordedOutcome(of: old.id, client: "ann") == nil)
        #expect(throws: JournalError.acknowledgedBefore(old.id)) { try desk.commit([old]) }
        #expect(try journal.children(of: .root).count == 2)
    }

    @Test func `another generation of a client drops the outcomes of the one before, another client's none`() throws {
        let mine = desk.operation(.file("f", "1"))
        _ = try desk.commit([mine])
        let other = Desk(journal, client: "bea")
        let hers = other.operation(.file("g", "1"))
        _ = try other.commit([hers])
        _ = try desk.commit([desk.operation(.file("h", "1"), generation: "b2")])
        #expect(try journal.recordedOutcome(of: mine.id, client: "ann") == nil)
        #expect(try journal.recordedOutcome(of: hers.id, client: "bea") != nil)
    }

    @Test func `without its bytes an operation does nothing and may come again`() throws {
        let operation = desk.operation(.file("f", "1"))
        let first = try desk.commit([operation], staged: false)
        #expect(first.outcomes == [.contentMissing])
        #expect(first.placements.isEmpty)
        #expect(try journal.head == .zero)
        #expect(try journal.recordedOutcome(of: operation.id, client: "ann") == nil)
        #expect(try Text.word(desk.commit([operation]).outcomes[0]) == "applied")
    }

    @Test func `an empty file needs its staged file too, attributes and directories need none`() throws {
        let empty = desk.operation(.file("empty", ""))
        #expect(try desk.commit([empty], staged: false).outcomes == [.contentMissing])
        _ = try desk.run(.file("f", "1"))
        let attributes = desk.operation(.edit(try node("f"), "1", mode: 0o600))
        let directory = desk.operation(.directory("d"))
        let outcomes = try desk.commit([attributes, directory], staged: false).outcomes
        #expect(outcomes.map(Text.word) == ["applied", "applied"])
    }

    @Test func `a missing content in the middle leaves what is around it`() throws {
        let operations = [
            desk.operation(.directory("d")), desk.operation(.file("f", "1")), desk.operation(.directory("e")),
        ]
        let outcomes = try desk.commit(operations, staged: false).outcomes
        #expect(outcomes.map(Text.word) == ["applied", "content missing", "applied"])
        #expect(try journal.head == Sequence(2))
    }

    @Test func `an operation that no honest client sends undoes the whole commit`() throws {
        let good = desk.operation(.file("f", "1"))
        let bad = desk.operation(.file(".synchub-x", "1"))
        #expect(throws: InvalidOperation.self) { try desk.commit([good, bad]) }
        #expect(try journal.head == .zero)
        #expect(try journal.pendingPlacements().isEmpty)
        #expect(try journal.recordedOutcome(of: good.id, client: "ann") == nil)
        #expect(try journal.check() == [])
    }

    @Test func `operations of two generations in one commit are refused`() throws {
        let operations = [desk.operation(.directory("d")), desk.operation(.directory("e"), generation: "b2")]
        #expect(throws: JournalError.mixedGenerations) { try desk.commit(operations) }
    }

    @Test func `a parent made in this commit, in one before, or merged into another's is found`() throws {
        _ = try Desk(journal, client: "bea").run(.directory("theirs"))
        let mine = desk.operation(.directory("mine"))
        let merged = desk.operation(.directory("theirs"))
        func inside(_ parent: Operation, _ name: String) throws -> Operation {
            desk.operation(.create(in: .created(by: parent.id), name: try Name(name), content: Text.file("x")))
        }
        _ = try desk.commit([mine, try inside(mine, "a"), merged, try inside(merged, "b")])
        _ = try desk.commit([try inside(mine, "c")])
        for text in ["mine/a", "theirs/b", "mine/c"] { #expect(try journal.node(at: path(text)) != nil) }
    }

    @Test func `what hangs on a conflict copy goes into the copy, what hangs on nothing is orphaned`() throws {
        _ = try Desk(journal, client: "bea").run(.file("n", "x"))
        let copy = desk.operation(.directory("n"))
        let inside = desk.operation(.create(in: .created(by: copy.id), name: try Name("f"), content: Text.file("y")))
        let nothing = OperationID(generation: "a1", number: 999)
        let lost = desk.operation(.create(in: .created(by: nothing), name: try Name("f"), content: Text.file("z")))
        let outcomes = try desk.commit([copy, inside, lost]).outcomes
        #expect(outcomes.map(Text.word) == ["conflict", "applied", "refused orphaned"])
        #expect(try journal.node(at: path("n (conflict 2026-11-21 ann)/f")) != nil)
    }

    @Test func `versions grow with what changed, and both when a node comes back`() throws {
        _ = try desk.run(.file("f", "0"))
        #expect(try journal.node(NodeID(2))?.seq == Sequence(1))
        _ = try desk.run(.edit(try node("f"), "1"))
        _ = try desk.run(.move(try node("f"), "g"))
        let live = try node("g")
        #expect([live.contentVersion, live.locationVersion] == [Version(2), Version(2)])
        _ = try desk.run(.delete(live))
        let dead = try #require(try journal.node(live.id))
        #expect([dead.contentVersion, dead.locationVersion] == [Version(2), Version(2)])
        #expect(dead.isDeleted && dead.seq == Sequence(4))
        _ = try desk.run(.edit(live, "2"))
        let back = try node("g")
        #expect([back.contentVersion, back.locationVersion] == [Version(3), Version(3)])
        #expect(back.id == live.id)
    }

    @Test func `ids begin at 2 and are never used again`() throws {
        let first = try desk.run(.file("f", "0"))
        guard case .applied(let node) = first.outcomes[0] else { throw UnknownPath(path: "f") }
        #expect(node.id == NodeID(2))
        _ = try desk.run(.delete(node))
        _ = try desk.run(.file("f", "1"))
        #expect(try self.node("f").id == NodeID(3))
    }

    @Test func `a deleted file that somebody moved comes back from versions, or is not known any more`() throws {
        for isKept in [true, false] {
            let desk = Desk(try Journal.inMemory())
            _ = try desk.run(.file("f", "0"))
            let node = try #require(try desk.journal.node(at: path("f")))
            _ = try desk.run(.delete(node))
            let file = try #require(node.content.file)
            try desk.journal.finish(
                try desk.journal.pendingPlacements().map(\.id), stored: isKept ? [(file.digest, Int64(1))] : [])
            let moved = try desk.run(.move(node, "g"))
            #expect(Text.word(moved.outcomes[0]) == (isKept ? "applied" : "refused unknown"))
            let steps = moved.placements.map(\.step)
            #expect(steps == (isKept ? [.file(path("g"), file, source: .version(file.digest))] : []))
            #expect(try desk.journal.forgetVersions([file.digest]).isEmpty == isKept)
        }
    }
}
