internal import SQLite
import SyncCore

// What every client has passed need not be kept: tombstones go, history stays (DESIGN §4.7).
extension Journal {
    /// The highest `seq` of a tombstone that was removed; 0 if none was. Whoever has an older cursor, and something to
    /// compare, takes a snapshot.
    package var collected: Sequence {
        get throws { try database.first("SELECT collected FROM meta") { Sequence(try $0.int64(0)) } ?? .zero }
    }

    /// Removes tombstones, oldest first, in one transaction. Their history stays, and their ids are never used again. One
    /// that a placement still refers to stays for another time.
    /// - Parameters:
    ///   - seq: the lowest cursor of the clients that count.
    ///   - limit: so many at most.
    /// - Returns: how many were removed; fewer than `limit` if none is left.
    @discardableResult
    package func collectTombstones(upTo seq: Sequence, limit: Int = .max) throws -> Int {
        try database.transaction {
            let tombstones = try database.query(
                """
                SELECT id, seq FROM node
                WHERE deleted = 1 AND seq <= ? AND id NOT IN (SELECT node FROM placement)
                    AND id NOT IN (SELECT node FROM guard_done)
                ORDER BY seq LIMIT ?
                """, seq, limit
            ) { (id: NodeID(try $0.int64(0)), seq: Sequence(try $0.int64(1))) }
            guard let last = tombstones.last else { return 0 }
            for tombstone in tombstones {
                try database.execute("DELETE FROM node WHERE id = ?", tombstone.id)
                try database.execute("DELETE FROM placed WHERE node = ?", tombstone.id)
                try database.execute("DELETE FROM conflict WHERE over = ? OR copy = ?", tombstone.id, tombstone.id)
            }
            try database.execute("UPDATE meta SET collected = max(collected, ?)", last.seq)
            return tombstones.count
        }
    }

    /// Everything that there is, by id, in pages: see ``SnapshotPage``.
    /// - Parameters:
    ///   - after: the ``SnapshotPage/through`` of the page before; zero for the first.
    ///   - limit: nodes in the page at most; at least 1.
    package func snapshot(after: NodeID, limit: Int) throws -> SnapshotPage {
        try database.snapshot {
            let nodes = try database.query(
                "SELECT \(NodeColumns.list) FROM node WHERE id > ? ORDER BY id LIMIT ?", after, limit
            ) { try NodeColumns.read($0) }
            let isLast = nodes.count < limit
            let highest = try database.first("SELECT seq FROM sqlite_sequence WHERE name = 'node'") {
                NodeID(try $0.int64(0))
            }
            let through = isLast ? max(highest ?? .root, after) : nodes.last?.id ?? after
            return SnapshotPage(
                after: after, nodes: nodes, through: through, isLast: isLast, seq: try head, collected: try collected)
        }
    }
}
