internal import SQLite
package import SyncCore

/// Taking a snapshot: what a client does that was away for longer than the hub keeps tombstones. Page by page, each in a
/// transaction of its own, so that it goes on after a crash where it was.
extension FolderIndex {
    /// What the hub had collected when this index began, or took its last snapshot: it has missed nothing of that.
    package var collected: Sequence { get throws { Sequence(try number("collected")) } }

    /// Whether tombstones have gone that this client has not seen. Also where no page was received yet: an answer to a
    /// commit may have told of nodes before.
    /// - Parameter collected: the hub's.
    package func hasMissed(_ collected: Sequence) throws -> Bool {
        try received < collected && self.collected < collected
    }

    /// The id after which the next page is to begin; nil while no snapshot is being taken.
    package var snapshotAfter: NodeID? {
        get throws { try value("snapshot_after").flatMap { Int64($0) }.map { NodeID($0) } }
    }

    /// A snapshot is to be taken; nothing is sent until it has been. One that has begun goes on.
    package func beginSnapshot() throws {
        guard try snapshotAfter == nil else { return }
        try transaction {
            try set("snapshot_after", "0")
            try setMergeCause(.away)
        }
    }

    /// Takes in the next page. What is known here and not there was deleted meanwhile, and the hub may not have its bytes any
    /// more: what is unchanged goes to the trash, what was changed is sent as new. After the last page the feed goes on
    /// from where the hub was at the first. Any other page than the next changes nothing.
    /// - Parameters:
    ///   - page: the one after ``snapshotAfter``, and no commit may be in flight: its answer could speak of what the page lacks.
    ///   - chain: the history's chain value at the page's `seq`.
    /// - Returns: true if it was the last one.
    @discardableResult
    package func takeSnapshot(_ page: SnapshotPage, chain: String?) throws -> Bool {
        try transaction {
            guard let after = try snapshotAfter, after == page.after, try !isInflight else { return false }
            if after.rawValue == 0 {
                try set("snapshot_seq", String(page.seq.rawValue))
                try set("snapshot_chain", chain)
                try set("snapshot_collected", String(page.collected.rawValue))
            }
            let known = try Set(known(after: after, through: page.through))
            for node in page.nodes where !node.isDeleted || known.contains(node.id) { try setRemote(node) }
            for node in known.subtracting(page.nodes.map(\.id)).sorted() { try purge(node) }
            guard page.isLast else {
                try set("snapshot_after", String(page.through.rawValue))
                return false
            }
            try set("cursor", try value("snapshot_seq"))
            try set("chain", try value("snapshot_chain"))
            try set("collected", try value("snapshot_collected"))
            try endSnapshot()
            return true
        }
    }

    /// No snapshot is being taken any more.
    func endSnapshot() throws {
        for key in ["snapshot_after", "snapshot_seq", "snapshot_chain", "snapshot_collected"] { try set(key, nil) }
    }

    /// The hub knows of its deletion no more than that it is gone.
    package func isPurged(_ node: NodeID) throws -> Bool {
        try database.first("SELECT purged FROM remote WHERE node = ?", node.rawValue) { try $0.bool(0) } ?? false
    }

    private func known(after: NodeID, through: NodeID) throws -> [NodeID] {
        try database.query(
            """
            SELECT node FROM synced WHERE node > ?1 AND node <= ?2 UNION
            SELECT node FROM remote WHERE node > ?1 AND node <= ?2 UNION
            SELECT node FROM local WHERE node > ?1 AND node <= ?2
            """, after.rawValue, through.rawValue
        ) { NodeID(try $0.int64(0)) }
    }

    private func purge(_ id: NodeID) throws {
        guard var node = try remote(id) ?? synced(id)?.node(id) else {
            // Nothing was agreed about it: it is sent as new.
            guard var row = try local(of: id) else { return }
            row.node = nil
            return try update(row)
        }
        node.isDeleted = true
        node.seq = Sequence(try number("snapshot_seq"))
        try writeRemote(node)
        try database.execute("UPDATE remote SET purged = 1 WHERE node = ?", id.rawValue)
    }
}
