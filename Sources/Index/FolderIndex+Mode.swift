internal import SQLite
package import SyncCore

/// What the index remembers of the folder's mode.
extension FolderIndex {
    /// The mode that the folder had when it was last looked at; nil before the first time.
    package var lastMode: SyncMode? { get throws { try value("mode").flatMap(SyncMode.init(code:)) } }

    /// The folder has been looked at in its mode.
    package func rememberMode() throws { try set("mode", mode.code) }

    /// The planner looks at every node again that was passed over.
    package func reconsider() throws {
        try endTravelling()
        try database.execute("UPDATE unsettled_node SET receives = 0")
    }

    /// Nodes that were agreed on and that nothing lies here of, by id.
    package func deletedHere() throws -> [NodeID] {
        try database.query(
            "SELECT node FROM synced WHERE NOT EXISTS (SELECT 1 FROM local WHERE local.node = synced.node) ORDER BY node"
        ) { NodeID(try $0.int64(0)) }
    }

    /// Entries whose node the hub has deleted, by entry.
    package func deletedThere() throws -> [EntryID] {
        try database.query(
            "SELECT entry FROM local JOIN remote USING (node) WHERE deleted = 1 ORDER BY entry"
        ) { EntryID(try $0.int64(0)) }
    }

    /// The live node that the hub has at a place, as far as it was heard of.
    package func hubNode(at location: Location) throws -> Node? {
        let told = try database.query(
            "SELECT node FROM remote WHERE parent = ? AND name = ? AND deleted = 0", location.parent.rawValue,
            location.name.bytes
        ) { NodeID(try $0.int64(0)) }
        if let node = told.first { return try remote(node) }
        guard let node = try syncedNode(at: location), try remote(node) == nil else { return nil }
        return try synced(node)?.node(node)
    }

    /// Entries that the planner has to look at, by id.
    package func unsettledEntries(limit: Int, after: EntryID) throws -> [EntryID] {
        try database.query(
            "SELECT entry FROM unsettled_entry WHERE entry > ? ORDER BY entry LIMIT ?", after.rawValue, limit
        ) { EntryID(try $0.int64(0)) }
    }
}
