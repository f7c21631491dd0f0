internal import SQLite
package import SyncCore

/// What waits, in words for a person.
package struct Trouble: Hashable, Sendable {
    /// Relative to the folder.
    package var path: RelativePath
    /// Nil where nothing is in the index, such as a FIFO.
    package var entry: EntryID?
    /// Where it is a name that could not be looked at: the directory in which that is, wherever that is moved to.
    package var directory: EntryID?
    /// A sentence, or the end of one.
    package var reason: String
    /// True for what will never be synced, such as a FIFO.
    package var isSkipped: Bool

    package init(
        path: RelativePath, entry: EntryID?, directory: EntryID? = nil, reason: String, isSkipped: Bool
    ) {
        self.path = path
        self.entry = entry
        self.directory = directory
        self.reason = reason
        self.isSkipped = isSkipped
    }
}

extension FolderIndex {
    /// Has the planner look at a subject again.
    package func markUnsettled(_ key: SubjectKey) throws {
        switch key {
        case .entry(let entry):
            try database.execute(
                "INSERT INTO unsettled_entry (entry) VALUES (?) ON CONFLICT (entry) DO UPDATE SET travels = 0",
                entry.rawValue)
        case .node(let node):
            try database.execute(
                "INSERT INTO unsettled_node (node) VALUES (?) ON CONFLICT (node) DO UPDATE SET receives = 0",
                node.rawValue)
        }
    }

    /// Nothing is to be done about it until it changes again.
    package func markSettled(_ key: SubjectKey) throws {
        switch key {
        case .entry(let entry): try database.execute("DELETE FROM unsettled_entry WHERE entry = ?", entry.rawValue)
        case .node(let node): try database.execute("DELETE FROM unsettled_node WHERE node = ?", node.rawValue)
        }
    }

    /// Subjects to look at, nodes first, at most `limit` of each kind, from after the given ones.
    package func unsettled(limit: Int, afterNode: NodeID = NodeID(0), afterEntry: EntryID = EntryID(0)) throws
        -> [SubjectKey]
    {
        let nodes = try database.query(
            "SELECT node FROM unsettled_node WHERE node > ? ORDER BY node LIMIT ?", afterNode.rawValue, limit
        ) { row in SubjectKey.node(NodeID(try row.int64(0))) }
        let entries = try database.query(
            "SELECT entry FROM unsettled_entry WHERE entry > ? ORDER BY entry LIMIT ?", afterEntry.rawValue, limit
        ) { row in SubjectKey.entry(EntryID(try row.int64(0))) }
        return nodes + entries
    }

    /// Every subject that the planner has to look at, nodes first.
    package func everyUnsettled(_ body: (SubjectKey) throws -> Void) throws {
        var node = NodeID(0)
        var entry = EntryID(0)
        while true {
            let page = try unsettled(limit: 1_000, afterNode: node, afterEntry: entry)
            if page.isEmpty { return }
            for key in page {
                switch key {
                case .node(let id): node = max(node, id)
                case .entry(let id): entry = max(entry, id)
                }
                try body(key)
            }
        }
    }

    /// The same without the nodes that have nothing to say to the hub (``setReceiving(_:)``), or not yet
    /// (``setTravelling(_:)``).
    package func speaking(
        limit: Int, afterNode: NodeID = NodeID(0), afterEntry: EntryID = EntryID(0)
    ) throws -> [SubjectKey] {
        let nodes = try database.query(
            "SELECT node FROM unsettled_node WHERE receives = 0 AND node > ? ORDER BY node LIMIT ?", afterNode.rawValue,
            limit
        ) { row in SubjectKey.node(NodeID(try row.int64(0))) }
        let entries = try database.query(
            "SELECT entry FROM unsettled_entry WHERE travels = 0 AND entry > ? ORDER BY entry LIMIT ?",
            afterEntry.rawValue, limit
        ) { row in SubjectKey.entry(EntryID(try row.int64(0))) }
        return nodes + entries
    }

    /// The node only has something to receive: the way up passes it over until something about it changes, so that a
    /// million files that wait to be fetched do not slow down one that was edited.
    /// - Parameter isNoNews: it comes last in ``unsettledByNews(limit:)``.
    package func setReceiving(_ node: NodeID, isNoNews: Bool = false) throws {
        try database.execute(
            "UPDATE unsettled_node SET receives = ? WHERE node = ?", isNoNews ? 2 : 1, node.rawValue)
    }

    /// Subjects to look at, at most `limit` of each kind, nodes first: those with something to say, then those that wait,
    /// then those that are no news.
    package func unsettledByNews(limit: Int) throws -> [SubjectKey] {
        let nodes = try database.query("SELECT node FROM unsettled_node ORDER BY receives, node LIMIT ?", limit) {
            row in
            SubjectKey.node(NodeID(try row.int64(0)))
        }
        return try nodes + unsettled(limit: limit, afterNode: NodeID(.max))
    }

    /// Nodes to look at, by id.
    package func unsettledNodes(limit: Int, after: NodeID) throws -> [NodeID] {
        try database.query(
            "SELECT node FROM unsettled_node WHERE node > ? ORDER BY node LIMIT ?", after.rawValue, limit
        ) { row in NodeID(try row.int64(0)) }
    }

    /// Subjects that the planner has to look at.
    package var unsettledCount: Int {
        get throws {
            try database.first(
                "SELECT (SELECT COUNT(*) FROM unsettled_node) + (SELECT COUNT(*) FROM unsettled_entry)"
            ) { row in try row.int(0) } ?? 0
        }
    }

    /// Files whose bytes have to be hashed before anything can be decided, without those that are being written.
    package func unhashed(limit: Int, after: EntryID = EntryID(0)) throws -> [LocalRow] {
        let entries = try database.query(
            """
            SELECT entry FROM local WHERE sha256 IS NULL AND kind = 'file' AND vanished = 0 AND entry > ?
            ORDER BY entry LIMIT ?
            """, after.rawValue, limit + settling.count
        ) { row in EntryID(try row.int64(0)) }
        return try entries.filter { !settling.contains($0) }.prefix(limit).compactMap { try local($0) }
    }

    /// How much waits, counted without looking at each: new entries and nodes that changed here, nodes that changed
    /// there, and the bytes of both. What the folder's mode does not let through does not wait.
    package func backlog() throws -> (up: Int, down: Int, bytes: Int64) {
        let up =
            try mode.sends
            ? sum("COUNT(*), IFNULL(SUM(local.size), 0) FROM unsettled_entry JOIN local USING (entry)") : (0, 0)
        let down =
            try mode.receives
            ? sum(
                """
                COUNT(*), IFNULL(SUM(CASE WHEN deleted = 0 THEN size ELSE 0 END), 0)
                FROM unsettled_node JOIN remote USING (node)
                """) : (0, 0)
        let changed: (Int, Int64) =
            switch mode {
            case .twoWay: try changed("unsettled_node.node NOT IN (SELECT node FROM remote)")
            case .sendOnly: try changed("receives IN (-1, 0)")
            case .receiveOnly: (0, 0)
            }
        return (up.0 + changed.0, down.0, up.1 + changed.1 + down.1)
    }

    /// Nodes, and the bytes of those whose content is another one than was agreed on.
    private func changed(_ condition: String) throws -> (Int, Int64) {
        try sum(
            """
            COUNT(*), IFNULL(SUM(CASE WHEN local.sha256 IS synced.sha256 THEN 0 ELSE local.size END), 0)
            FROM unsettled_node
                LEFT JOIN local ON local.node = unsettled_node.node AND local.kind = 'file' AND local.vanished = 0
                LEFT JOIN synced ON synced.node = unsettled_node.node
            WHERE \(condition)
            """)
    }

    private func sum(_ sql: String) throws -> (Int, Int64) {
        try database.first("SELECT " + sql) { row in (try row.int(0), try row.int64(1)) } ?? (0, 0)
    }

    /// No digest is believed any more: every file has to be hashed again, whatever its size, times and inode say.
    package func forgetDigests() throws {
        try transaction {
            try database.run(
                """
                INSERT INTO unsettled_node (node)
                    SELECT node FROM local WHERE kind = 'file' AND node IS NOT NULL AND vanished = 0
                    ON CONFLICT (node) DO UPDATE SET receives = 0;
                INSERT INTO unsettled_entry (entry)
                    SELECT entry FROM local WHERE kind = 'file' AND node IS NULL AND vanished = 0
                    ON CONFLICT (entry) DO UPDATE SET travels = 0;
                UPDATE local SET sha256 = NULL WHERE kind = 'file' AND vanished = 0;
                """)
        }
    }

    // MARK: - Problems

    /// Files what is wrong at a path; replaces what was said about it before. Of an entry that cannot be read, and whose name
    /// cannot be looked at, both are tried again.
    package func setTrouble(_ trouble: Trouble) throws {
        try moveTrouble(from: trouble.path)
        try database.execute(
            """
            INSERT INTO problem (path, entry, directory, reason, skipped) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (path) DO UPDATE SET entry = ifnull(excluded.entry, entry),
                directory = ifnull(excluded.directory, directory), reason = excluded.reason, skipped = excluded.skipped
            """,
            trouble.path.bytes, trouble.entry?.rawValue, trouble.directory?.rawValue, trouble.reason,
            trouble.isSkipped ? 1 : 0)
    }

    /// There is none any more with what lies at a path.
    package func clearTrouble(at path: RelativePath) throws {
        if try moveTrouble(from: path) { try endTrouble(at: path) }
    }

    /// What was told of a path is over, wherever that lies by now.
    package func endTrouble(at path: RelativePath) throws {
        try database.execute("DELETE FROM problem WHERE path = ?", path.bytes)
    }

    /// What was in trouble at a path may have been moved since, and something else have come there: the trouble goes along, or
    /// nobody would try again.
    /// - Returns: whether any is left at the path.
    @discardableResult
    private func moveTrouble(from path: RelativePath) throws -> Bool {
        let filed = try database.first(
            "SELECT \(Self.troubleColumns) FROM problem WHERE path = ?", path.bytes, row: Self.trouble)
        guard var trouble = filed, let name = path.last else { return filed != nil }
        let now: RelativePath? =
            if let entry = trouble.entry {
                try self.path(of: entry)
            } else if let directory = trouble.directory {
                try self.path(of: directory)?.appending(name)
            } else { path }
        if now == path { return true }
        try endTrouble(at: path)
        guard let now else { return false }
        trouble.path = now
        try setTrouble(trouble)
        return false
    }

    /// There is none any more with an entry, wherever it is.
    package func clearTrouble(of entry: EntryID) throws {
        try database.execute("DELETE FROM problem WHERE entry = ?", entry.rawValue)
    }

    /// A directory could be listed: that it could not is over. That its name could not be looked at is not, which is tried again.
    package func endListTrouble(of directory: EntryID, at path: RelativePath) throws {
        if path.isTop { return try clearTrouble(at: path) }
        try moveTrouble(from: path)
        try database.execute("DELETE FROM problem WHERE entry = ? AND directory IS NULL", directory.rawValue)
        try database.execute("UPDATE problem SET entry = NULL WHERE entry = ?", directory.rawValue)
    }

    /// Whether something is wrong with an entry that waiting does not mend.
    package func hasTrouble(_ entry: EntryID) throws -> Bool {
        try database.first("SELECT 1 FROM problem WHERE entry = ? LIMIT 1", entry.rawValue) { _ in true } ?? false
    }

    /// Sorted by path.
    package func troubles(limit: Int = 10_000) throws -> [Trouble] {
        try database.query(
            "SELECT \(Self.troubleColumns) FROM problem ORDER BY path LIMIT ?", limit, row: Self.trouble)
    }

    /// The same without what will never be synced.
    /// - Parameter after: only those with a path behind this one; nil for all.
    package func waitingTroubles(limit: Int, after: RelativePath?) throws -> [Trouble] {
        try database.query(
            "SELECT \(Self.troubleColumns) FROM problem WHERE skipped = 0 AND path > ? ORDER BY path LIMIT ?",
            // No path is before the top's, which is empty, and no blob before a number.
            after.map { $0.bytes as any Bindable } ?? 0, limit, row: Self.trouble)
    }

    /// Whether there are any of those.
    package var hasTroubles: Bool {
        get throws { try database.first("SELECT 1 FROM problem WHERE skipped = 0 LIMIT 1") { _ in true } ?? false }
    }

    private static let troubleColumns = "path, entry, reason, skipped, directory"

    private static func trouble(_ row: borrowing Row) throws -> Trouble {
        Trouble(
            path: try RelativePath(bytes: try row.blob(0)), entry: try row.optionalInt64(1).map { EntryID($0) },
            directory: try row.optionalInt64(4).map { EntryID($0) }, reason: try row.text(2),
            isSkipped: try row.bool(3))
    }
}
