internal import SQLite
package import SyncCore

// There may be many thousands of large files that wait. Each of them takes seconds, and meanwhile it is asked again and again what
// goes first: none of these questions walks over all of them.
extension FolderIndex {
    // MARK: - To come

    /// Large files that the hub has and are not here, or not as they are there: small before large, by classes four times as wide as
    /// the one before, and in each what was changed last. Whether they can be fetched is not looked at.
    /// - Parameters:
    ///   - sizes: in bytes; from 8 MiB on this is quick.
    ///   - offset: passes over so many.
    package func largeArrivals(sizes: Range<Int64>, limit: Int, offset: Int = 0) throws -> [NodeID] {
        // Said literally, so that SQLite knows that the index has all of them.
        let indexed = sizes.lowerBound >= FolderIndex.large ? "remote.size >= \(FolderIndex.large) AND" : ""
        return try database.query(
            """
            SELECT remote.node FROM remote CROSS JOIN unsettled_node ON unsettled_node.node = remote.node
            WHERE \(indexed) remote.kind = 'file' AND remote.deleted = 0 AND remote.size >= ? AND remote.size < ?
            ORDER BY \(FolderIndex.sizeClass), remote.mtime DESC, remote.node LIMIT ? OFFSET ?
            """, sizes.lowerBound, sizes.upperBound, limit, offset
        ) { row in NodeID(try row.int64(0)) }
    }

    /// Whether a node waits for these bytes, or for something else with them.
    package func isToCome(_ digest: Digest) throws -> Bool {
        try database.first(
            """
            SELECT 1 FROM remote JOIN unsettled_node USING (node) WHERE remote.sha256 = ? AND remote.deleted = 0 LIMIT 1
            """, digest.bytes
        ) { _ in true } ?? false
    }

    /// Nodes to look at, by id, without those of which the hub has a file of this size or a larger one.
    package func unsettledNodes(limit: Int, after: NodeID, below size: Int64) throws -> [NodeID] {
        try database.query(
            """
            SELECT unsettled_node.node FROM unsettled_node LEFT JOIN remote ON remote.node = unsettled_node.node
            WHERE unsettled_node.node > ? AND (remote.size IS NULL OR remote.size < ?)
            ORDER BY unsettled_node.node LIMIT ?
            """, after.rawValue, size, limit
        ) { row in NodeID(try row.int64(0)) }
    }

    /// In bytes.
    private static let large: Int64 = 8 << 20

    /// As SQL, of a column `size`: the class that `LargeOrder` sorts by. What an index is made of never changes.
    static let sizeClass =
        "CASE " + (0..<31).map { "WHEN size < \(Int64(1) << (2 * $0 + 1)) THEN \($0)" }.joined(separator: " ")
        + " ELSE 31 END"

    // MARK: - To go

    /// It has nothing to say before its bytes are at the hub, or have been read: the way up passes it over until something about it
    /// changes, or ``endTravelling(_:)``.
    package func setTravelling(_ key: SubjectKey) throws {
        switch key {
        case .entry(let entry):
            try database.execute("UPDATE unsettled_entry SET travels = 1 WHERE entry = ?", entry.rawValue)
        case .node(let node):
            try database.execute("UPDATE unsettled_node SET receives = -1 WHERE node = ?", node.rawValue)
        }
    }

    /// The planner looks at it again, if it has to be looked at at all.
    package func endTravelling(_ key: SubjectKey) throws {
        switch key {
        case .entry(let entry):
            try database.execute("UPDATE unsettled_entry SET travels = 0 WHERE entry = ?", entry.rawValue)
        case .node(let node):
            try database.execute(
                "UPDATE unsettled_node SET receives = 0 WHERE node = ? AND receives = -1", node.rawValue)
        }
    }

    /// The planner looks at all of them again.
    package func endTravelling() throws {
        try database.execute("UPDATE unsettled_entry SET travels = 0 WHERE travels = 1")
        try database.execute("UPDATE unsettled_node SET receives = 0 WHERE receives = -1")
    }

    /// Whether anything waits until its bytes are at the hub, or have been read.
    package func isAnythingTravelling() throws -> Bool {
        try database.first(
            """
            SELECT 1 FROM unsettled_node WHERE receives = -1
            UNION ALL SELECT 1 FROM unsettled_entry WHERE travels = 1 LIMIT 1
            """
        ) { _ in true } ?? false
    }
}
