import SyncCore
import Testing

@testable import Index
@testable import SQLite

struct IndexTests {
    private let index = try! FolderIndex.memory(newGeneration: "g")  // SAFETY: in memory; a test's own fixture.

    private func node(
        _ id: Int64, _ name: String = "f", content: Int64 = 1, location: Int64 = 1, seq: Int64, deleted: Bool = false
    ) throws -> Node {
        Node(
            id: NodeID(id), location: Location(parent: .root, name: try Name(name)), content: .directory(Mode(0o755)),
            contentVersion: Version(content), locationVersion: Version(location), seq: Sequence(seq), isDeleted: deleted
        )
    }

    // MARK: - What is applied

    @Test func `applied is what was received, once all of it is on the disk`() throws {
        try index.receive([node(2, seq: 3), node(3, "g", seq: 5)], through: Sequence(7))
        #expect(try index.applied == Sequence(2))
        try index.setSynced(NodeID(2), SyncedState(node(2, seq: 3)))
        try index.markSettled(.node(NodeID(2)))
        #expect(try index.applied == Sequence(4))
        try index.setSynced(NodeID(3), SyncedState(node(3, "g", seq: 5)))
        #expect(try index.applied == Sequence(7))
    }

    @Test func `what an answer told of is not applied before the feed was read up to there`() throws {
        try index.receive([], through: Sequence(4))
        try index.agree(node(2, seq: 9), SyncedState(node(2, seq: 9)))
        #expect(try index.applied == Sequence(4))
    }

    @Test func `what was agreed before and has to be brought back does not set applied back`() throws {
        try index.receive([node(2, seq: 3)], through: Sequence(3))
        try index.setSynced(NodeID(2), SyncedState(node(2, seq: 3)))
        try index.dropSynced(NodeID(2))
        #expect(try index.applied == Sequence(3))
    }

    @Test func `the chain value belongs to what was received last, and to that journal`() throws {
        #expect(try index.chain == nil)
        try index.receive([], through: Sequence(4), chain: "04")
        #expect(try index.chain == "04")
        // One that a hub did not tell is not that of an earlier place.
        try index.receive([], through: Sequence(5))
        #expect(try index.chain == nil)
        try index.receive([], through: Sequence(6), chain: "06")
        try index.begin(epoch: "other")
        #expect(try index.chain == nil && index.received == .zero)
    }

    // MARK: - Late words

    @Test func `an old page cannot undo what an answer told of`() throws {
        try index.agree(node(2, "new", location: 2, seq: 5), SyncedState(node(2, "new", location: 2, seq: 5)))
        try index.receive([node(2, "old", seq: 4)], through: Sequence(4))
        #expect(try index.remote(NodeID(2)) == nil)
        #expect(try index.synced(NodeID(2))?.location.name == Name("new"))
    }

    @Test func `a tombstone is kept until the feed is past it`() throws {
        try index.setRemote(node(2, seq: 5, deleted: true))
        try index.forget(NodeID(2))
        try index.receive([node(2, seq: 4)], through: Sequence(4))
        #expect(try index.remote(NodeID(2))?.isDeleted == true)
        try index.receive([], through: Sequence(6))
        try index.forget(NodeID(2))
        #expect(try index.remote(NodeID(2)) == nil)
    }

    @Test func `a late answer changes nothing that was agreed on since`() throws {
        try index.setSynced(NodeID(2), SyncedState(node(2, content: 3, seq: 9)))
        try index.agree(node(2, content: 2, seq: 5), SyncedState(node(2, content: 2, seq: 5)))
        #expect(try index.synced(NodeID(2))?.contentVersion == Version(3))
        #expect(try index.remote(NodeID(2)) == nil)
    }

    // MARK: - Another journal

    @Test func `with another journal nothing that was agreed holds, and every entry is new`() throws {
        let stamp = Stamp(device: 1, inode: 2, size: 3, mtime: 4, ctime: 5)
        try index.setRoot(stamp: stamp)
        let entry = try index.insertLocal(parent: .root, name: Name("f"), kind: .file, stamp: stamp, mode: Mode(0o644))
        var row = try #require(try index.local(entry))
        row.node = NodeID(2)
        try index.update(row)
        try index.receive([node(2, seq: 3)], through: Sequence(3))
        try index.setSynced(NodeID(2), SyncedState(node(2, seq: 3)))
        try index.intend([node(2, seq: 3)])
        try index.begin(epoch: "other")
        #expect(try index.local(entry)?.node == nil)
        #expect(try index.received == .zero)
        #expect(try index.epoch == "other")
        #expect(try index.synced(NodeID(2)) == nil)
        #expect(try index.intent(of: NodeID(2)) == nil)
        #expect(try index.unsettled(limit: 10) == [.entry(entry)])
    }

    @Test func `what is intended is found until it is crossed out, also when that was undone`() throws {
        let location = try node(2, seq: 3).location
        #expect(try index.intent(of: NodeID(2)) == nil)
        try index.intend([node(2, seq: 3)])
        try index.countIntents()
        #expect(try index.intent(of: NodeID(2)) != nil)
        struct Undo: Error {}
        #expect(throws: Undo.self) {
            try index.transaction {
                try index.crossOut([NodeID(2)])
                try index.countIntents()
                throw Undo()
            }
        }
        #expect(try index.intents(at: location).count == 1)
        try index.crossOut([NodeID(2)])
        try index.countIntents()
        #expect(try index.intents(at: location).isEmpty)
        try index.intend([node(2, seq: 3)])
        #expect(try index.intents(at: location).count == 1)
    }

    // MARK: - What waits

    @Test func `a node that only receives is passed over until something about it changes`() throws {
        try index.receive([node(2, seq: 3)], through: Sequence(3))
        try index.setReceiving(NodeID(2))
        #expect(try index.speaking(limit: 9).isEmpty)
        #expect(try index.unsettled(limit: 9) == [.node(NodeID(2))])
        try index.receive([node(2, content: 2, seq: 4)], through: Sequence(4))
        #expect(try index.speaking(limit: 9) == [.node(NodeID(2))])
    }

    // MARK: - Cost

    /// The questions that are asked for each change must not grow with the tree.
    @Test(arguments: [
        "SELECT entry FROM local WHERE node = 5",
        "SELECT entry FROM local WHERE parent = 5 AND name = x'61' AND vanished = 0",
        "SELECT entry FROM local WHERE parent = 5 AND vanished = 0 AND entry <> 1 ORDER BY name",
        "SELECT entry FROM local WHERE inode = 5 AND device = 1 AND entry <> 1 ORDER BY entry",
        "SELECT entry FROM local WHERE vanished = 1 ORDER BY entry",
        "SELECT entry FROM local WHERE sha256 IS NULL AND kind = 'file' AND vanished = 0 AND entry > 5 ORDER BY entry LIMIT 9",
        "SELECT node FROM synced WHERE parent = 5 AND name = x'61'",
        "SELECT node FROM synced WHERE parent = 5 ORDER BY node",
        "SELECT 1 FROM synced WHERE sha256 = x'61' LIMIT 1",
        "SELECT node FROM unsettled_node WHERE node > 5 ORDER BY node LIMIT 9",
        "SELECT node FROM unsettled_node WHERE receives = 0 AND node > 5 ORDER BY node LIMIT 9",
        "SELECT node FROM intent WHERE parent = 5 AND name = x'61'",
        "DELETE FROM problem WHERE entry = 5",
        "DELETE FROM problem WHERE entry = 5 OR entry IS NULL AND directory = 5",
        "SELECT path FROM problem WHERE skipped = 0 AND path > x'61' ORDER BY path LIMIT 9",
        "SELECT MIN(remote.seq) FROM remote JOIN unsettled_node USING (node) WHERE remote.seq > 0",
    ])
    func `no question for one change reads a whole table`(sql: String) throws {
        let plan = try index.database.query("EXPLAIN QUERY PLAN " + sql) { row in try row.text(3) }
        let scans = plan.filter {
            $0.hasPrefix("SCAN") && !$0.contains("unsettled_node") && !$0.contains("local_vanished")
        }
        #expect(scans.isEmpty, "\(plan)")
    }
}
