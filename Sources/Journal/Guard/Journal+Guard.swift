internal import SQLite
import SyncCore

// What is held.
extension Journal {
    /// Open batches, oldest first.
    package func heldBatches() throws -> [HeldBatch] {
        try database.query(
            """
            SELECT b.id, b.client, b.at, sum(o.weight = 1), sum(o.weight = 2), sum(o.weight = 0),
                   (SELECT path FROM held_operation f WHERE f.batch = b.id ORDER BY f.id LIMIT 1),
                   (SELECT count(*) FROM guard_done d WHERE d.batch = b.id AND d.deleted = 1),
                   (SELECT count(*) FROM guard_done d WHERE d.batch = b.id AND d.deleted = 0)
            FROM held_batch b JOIN held_operation o ON o.batch = b.id GROUP BY b.id ORDER BY b.id
            """
        ) {
            HeldBatch(
                id: try $0.int64(0), client: try $0.text(1), at: try $0.int64(2), deletes: try $0.int(3),
                rewrites: try $0.int(4), others: try $0.int(5),
                passed: PassedCount(deletes: try $0.int(7), rewrites: try $0.int(8)),
                path: try storedPath(try $0.blob(6)))
        }
    }

    /// Private files that must stay: of what is held, and of what is on its way to `versions/`.
    package func heldFiles() throws -> Set<String> {
        Set(
            try database.query(
                "SELECT staged FROM held_operation WHERE staged IS NOT NULL UNION SELECT staged FROM shelf"
            ) { try $0.text(0) })
    }

    /// Private files that are to go to `versions/`, since what they were held for was rejected or replaced.
    package func contentsToShelve() throws -> [ShelvedContent] {
        try database.query("SELECT staged, sha256, size FROM shelf ORDER BY staged") {
            guard let digest = Digest(bytes: try $0.blob(1)) else { throw Decoder.damaged }
            return ShelvedContent(
                staged: StagedContent(name: try $0.text(0)), digest: digest, size: try $0.int64(2))
        }
    }

    /// They lie in `versions/` now.
    package func shelved(_ contents: [ShelvedContent]) throws {
        if contents.isEmpty { return }
        try database.transaction {
            try finish(stored: contents.map { ($0.digest, $0.size) })
            for content in contents { try database.execute("DELETE FROM shelf WHERE staged = ?", content.staged.name) }
        }
    }

    func holdsSomething(of client: String) throws -> Bool {
        try database.first("SELECT 1 FROM held_operation WHERE client = ? LIMIT 1", client) { _ in true } ?? false
    }

    /// A batch to which more is added from now on; what the client has done within the window is decided about with it.
    func newBatch(
        of client: String, at: Int64, sparesRewrites: Bool = false, _ time: GuardTime
    ) throws -> Int64 {
        try database.execute("INSERT INTO held_batch (client, at) VALUES (?, ?)", client, at)
        let batch = database.lastInsertedID
        try database.execute(
            "INSERT OR REPLACE INTO guard_window (client, batch, verdict, moment) VALUES (?, ?, ?, ?)", client, batch,
            sparesRewrites ? 2 : 0, time.moment)
        try database.execute(
            "UPDATE guard_done SET batch = ? WHERE client = ? AND batch IS NULL AND moment > ?", batch, client,
            time.start)
        return batch
    }

    func insertHeld(
        _ operation: Operation, _ weight: HeldOperation.Weight, _ staged: StagedContent?, _ path: RelativePath,
        batch: Int64, client: String
    ) throws {
        var encoder = Encoder()
        encoder.change(operation.change)
        try database.execute(
            """
            INSERT INTO held_operation (batch, client, generation, number, node, weight, change, staged, path)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, batch, client, operation.id.generation, operation.id.number, operation.change.node, weight.rawValue,
            encoder.data, staged?.name, path)
    }

    private static let selectHeld =
        "SELECT id, batch, generation, number, change, weight, staged FROM held_operation"

    private static func heldOperation(_ row: borrowing Row) throws -> HeldOperation {
        var decoder = Decoder(try row.blob(4))
        guard let weight = HeldOperation.Weight(rawValue: try row.int64(5)) else { throw Decoder.damaged }
        return HeldOperation(
            row: try row.int64(0), batch: try row.int64(1),
            id: OperationID(generation: try row.text(2), number: try row.int64(3)), change: try decoder.change(),
            weight: weight, staged: try row.optionalText(6).map { StagedContent(name: $0) })
    }

    /// What is held of a client about a node.
    func held(_ node: NodeID, of client: String) throws -> [HeldOperation] {
        try database.query("\(Self.selectHeld) WHERE node = ? AND client = ? ORDER BY id", node, client) {
            try Self.heldOperation($0)
        }
    }

    func held(in batch: Int64) throws -> [HeldOperation] {
        try database.query("\(Self.selectHeld) WHERE batch = ? ORDER BY id", batch) { try Self.heldOperation($0) }
    }

    /// Something newer was said about the same node. Its bytes stay.
    func dropHeld(_ held: HeldOperation) throws {
        try shelve(held)
        try database.execute("DELETE FROM held_operation WHERE id = ?", held.row)
    }

    func shelve(_ held: HeldOperation) throws {
        guard let staged = held.staged, let file = held.change.content?.file else { return }
        try database.execute(
            "INSERT OR IGNORE INTO shelf (staged, sha256, size) VALUES (?, ?, ?)", staged.name, file.digest, file.size)
    }

    /// - Returns: whether there is no such batch any more.
    @discardableResult
    func forgetEmptyBatch(_ batch: Int64) throws -> Bool {
        try database.execute(
            "DELETE FROM held_batch WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM held_operation WHERE batch = ?1)",
            batch)
        // Who has taken back what was held has looked at it. What passed before counts on.
        let isGone = try database.first("SELECT 1 FROM held_batch WHERE id = ?", batch) { _ in false } ?? true
        guard isGone else { return false }
        try database.execute("DELETE FROM guard_window WHERE batch = ?", batch)
        try database.execute("UPDATE guard_done SET batch = NULL WHERE batch = ?", batch)
        return true
    }
}
