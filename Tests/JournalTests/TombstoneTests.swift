import Journal
import SyncCore
import Testing

extension Outcome {
    /// The node of an operation that was applied.
    fileprivate var applied: Node? { if case .applied(let node) = self { node } else { nil } }
}

/// Tombstones that nobody needs any more, and the snapshot for those who were away.
struct TombstoneTests {
    private let journal = try! Journal.inMemory()  // SAFETY: in memory; a test's own fixture.
    private let desk: Desk

    init() { desk = Desk(journal) }

    private func create(_ names: String...) throws -> [Node] {
        try names.map { try #require(try desk.run(.file($0, $0)).outcomes[0].applied) }
    }

    /// Carries out what is pending, as far as the journal can tell.
    private func place() throws { try journal.finish(journal.pendingPlacements().map(\.id)) }

    @Test func `a tombstone up to the cursor goes, its history stays, and the journal is well`() throws {
        let nodes = try create("a", "b", "c")
        _ = try desk.run(.delete(nodes[0]))
        _ = try desk.run(.delete(nodes[1]))
        try place()
        #expect(try journal.collectTombstones(upTo: Sequence(4)) == 1)
        #expect(try journal.node(nodes[0].id) == nil)
        #expect(try journal.node(nodes[1].id)?.isDeleted == true)
        #expect(try journal.collected == Sequence(4))
        #expect(try journal.history(of: nodes[0].id, limit: 10).map(\.change) == [.delete, .create])
        #expect(try journal.check() == [])
        // Nothing more goes, and nothing is counted back.
        #expect(try journal.collectTombstones(upTo: Sequence(3)) == 0)
        #expect(try journal.collected == Sequence(4))
    }

    @Test func `a tombstone that a placement still needs stays`() throws {
        let nodes = try create("a")
        try place()
        _ = try desk.run(.delete(nodes[0]))
        #expect(try journal.collectTombstones(upTo: Sequence(2)) == 0)
        try place()
        #expect(try journal.collectTombstones(upTo: Sequence(2)) == 1)
    }

    @Test func `they go in parts, and each part says how far`() throws {
        let nodes = try create("a", "b", "c")
        for node in nodes { _ = try desk.run(.delete(node)) }
        try place()
        #expect(try journal.collectTombstones(upTo: Sequence(6), limit: 2) == 2)
        #expect(try journal.collected == Sequence(5))
        #expect(try journal.collectTombstones(upTo: Sequence(6), limit: 2) == 1)
        #expect(try journal.collected == Sequence(6))
    }

    @Test func `an operation on a node that is gone is refused as unknown, and its id is not used again`() throws {
        let node = try create("a")[0]
        _ = try desk.run(.delete(node))
        try place()
        try journal.collectTombstones(upTo: Sequence(2))
        for change in [Change.edit(node, "b"), .move(node, "b"), .delete(node)] {
            #expect(try desk.run(change).outcomes == [.refused(.unknown, current: nil)])
        }
        #expect(try create("b")[0].id > node.id)
        #expect(try desk.run(.file("x", "x", in: node.id)).outcomes == [.refused(.orphaned, current: nil)])
    }

    @Test(arguments: [1, 2, 3, 4, 100])
    func `a snapshot has each node once by id, and ends at the highest id ever given`(limit: Int) throws {
        let nodes = try create("a", "b", "c", "d")
        _ = try desk.run(.delete(nodes[1]))
        _ = try desk.run(.delete(nodes[3]))
        try place()
        try journal.collectTombstones(upTo: Sequence(6))
        var found: [NodeID] = []
        var after = NodeID(0)
        while true {
            let page = try journal.snapshot(after: after, limit: limit)
            #expect(page.after == after && page.seq == Sequence(6) && page.collected == Sequence(6))
            found += page.nodes.map(\.id)
            after = page.through
            if page.isLast { break }
        }
        #expect(found == [nodes[0].id, nodes[2].id])
        #expect(after == nodes[3].id)
    }

    @Test func `a snapshot has tombstones that are still there`() throws {
        let nodes = try create("a", "b")
        _ = try desk.run(.delete(nodes[1]))
        let page = try journal.snapshot(after: NodeID(0), limit: 10)
        #expect(page.nodes.map(\.isDeleted) == [false, true])
        #expect(page.isLast && page.through == nodes[1].id)
    }
}

/// Numbers of operations, which an index that was set back would give again.
struct SetBackIndexTests {
    private let journal = try! Journal.inMemory()  // SAFETY: in memory; a test's own fixture.
    private let desk: Desk

    init() { desk = Desk(journal) }

    @Test func `the highest number of an index is known for ever, its own for each`() throws {
        #expect(try journal.highestNumber(generation: "a1", client: "ann") == 0)
        _ = try desk.run(.file("a", "a"), .file("b", "b"))
        _ = try desk.commit([desk.operation(.file("c", "c"))], acknowledged: 2)
        #expect(try journal.highestNumber(generation: "a1", client: "ann") == 3)
        _ = try desk.commit([desk.operation(.file("d", "d"), generation: "a2")])
        #expect(try journal.highestNumber(generation: "a1", client: "ann") == 3)
        #expect(try journal.highestNumber(generation: "a2", client: "ann") == 4)
        #expect(try journal.highestNumber(generation: "a1", client: "bob") == 0)
    }

    @Test func `a number counts though its operation did nothing`() throws {
        _ = try desk.commit([desk.operation(.file("a", "a"))], staged: false)
        #expect(try journal.highestNumber(generation: "a1", client: "ann") == 1)
    }

    @Test func `a repeated operation gets its outcome, another one under its number is refused`() throws {
        let operation = desk.operation(.file("a", "a"))
        let outcomes = try desk.commit([operation]).outcomes
        #expect(try desk.commit([operation]).outcomes == outcomes)
        let others: [Change] = [
            .file("b", "a"), .file("a", "other"), .directory("a"), .file("a", "a", in: NodeID(2)),
            .edit(try #require(outcomes[0].applied), "a"),
        ]
        for change in others {
            let other = Operation(id: operation.id, change: change)
            #expect(throws: JournalError.otherOperation(operation.id)) { try desk.commit([other]) }
        }
        #expect(try journal.head == Sequence(1))
    }
}
