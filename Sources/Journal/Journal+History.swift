internal import SQLite
import SyncCore

extension Journal {
    /// Changes after a `seq`, oldest first.
    package func history(after seq: Sequence, limit: Int) throws -> [HistoryRecord] {
        try database.query("\(Self.selectHistory) WHERE h.seq > ? ORDER BY h.seq LIMIT ?", seq, limit) {
            try Self.record($0)
        }
    }

    /// The newest changes, oldest of them first.
    package func newestHistory(limit: Int) throws -> [HistoryRecord] {
        try database.query("\(Self.selectHistory) ORDER BY h.seq DESC LIMIT ?", limit) { try Self.record($0) }
            .reversed()
    }

    /// The changes of one node, newest first.
    package func history(of node: NodeID, limit: Int) throws -> [HistoryRecord] {
        try database.query(
            "\(Self.selectHistory) WHERE h.node = ? ORDER BY h.content_version DESC, h.seq DESC LIMIT ?", node, limit
        ) { try Self.record($0) }
    }

    /// The chain value that the history had at a `seq` (32 bytes); nil if it does not reach that far. A journal that was
    /// set back and has grown since has another one at the same `seq`.
    package func chain(at seq: Sequence) throws -> [UInt8]? {
        if seq == .zero { return HistoryChain.start(epoch: epoch) }
        return try database.first("SELECT chain FROM history WHERE seq = ?", seq) { try $0.blob(0) }
    }

    /// Conflicts whose two nodes are both live, oldest first.
    package func openConflicts() throws -> [ConflictRecord] {
        try database.query(
            """
            SELECT \(NodeColumns.list(of: "o")), \(NodeColumns.list(of: "c")), k.client, k.seq, k.at
            FROM conflict k JOIN node o ON o.id = k.over JOIN node c ON c.id = k.copy
            WHERE o.deleted = 0 AND c.deleted = 0 ORDER BY k.id
            """
        ) { row in
            let next = 2 * NodeColumns.count
            return ConflictRecord(
                over: try NodeColumns.read(row), copy: try NodeColumns.read(row, from: NodeColumns.count),
                client: try row.text(next), seq: Sequence(try row.int64(next + 1)), at: try row.int64(next + 2))
        }
    }

    /// Writes the record of a change and moves the chain on.
    func append(_ record: HistoryRecord, to ledger: inout Ledger) throws {
        ledger.chain = HistoryChain.next(after: ledger.chain, record)
        try database.execute(
            Self.insertHistory,
            bindings: [record.seq, record.node.id] + NodeColumns.bindings(record.node) + [
                record.client, record.at, Int(record.change.code), record.path, record.from?.parent,
                record.from?.name, record.fromPath, record.device, ledger.chain,
            ])
    }

    private static let ownColumns = [
        "client", "at", "change", "path", "from_parent", "from_name", "from_path", "device",
    ]

    private static let insertHistory: String = {
        let columns = ["seq", "node"] + NodeColumns.shared + ownColumns + ["chain"]
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        return "INSERT INTO history (\(columns.joined(separator: ", "))) VALUES (\(marks))"
    }()

    /// The columns that ``record(_:)`` reads, and the chain value after them.
    static let selectHistory = """
        SELECT \(NodeColumns.list(of: "h", id: "node")), \
        \((ownColumns + ["chain"]).map { "h.\($0)" }.joined(separator: ", ")) FROM history h
        """
    static let chainColumn = NodeColumns.count + ownColumns.count

    static func record(_ row: borrowing Row) throws -> HistoryRecord {
        let next = NodeColumns.count
        guard let change = HistoryRecord.Change(code: try row.int64(next + 2)) else {
            throw JournalError.damaged("a change of a sort that does not exist")
        }
        var record = HistoryRecord(
            node: try NodeColumns.read(row), change: change, client: try row.text(next), at: try row.int64(next + 1),
            path: try storedPath(try row.blob(next + 3)))
        if let parent = try row.optionalInt64(next + 4), let name = try row.optionalBlob(next + 5) {
            record.from = Location(parent: NodeID(parent), name: try storedName(name))
        }
        record.fromPath = try row.optionalBlob(next + 6).map(storedPath)
        record.device = try row.optionalText(next + 7)
        return record
    }
}
