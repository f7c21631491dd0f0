internal import SQLite
import SyncCore

extension Journal: HubTree {
    // Asked most often: they are not put together each time.
    private static let byID = "SELECT \(NodeColumns.list) FROM node WHERE id = ?"
    private static let byPlace = "SELECT \(NodeColumns.list) FROM node WHERE parent = ? AND name = ? AND deleted = 0"

    /// A live node or a tombstone; nil for the root, which has no row, and for ids that were never given.
    package func node(_ id: NodeID) throws -> Node? {
        try database.first(Self.byID, id) { try NodeColumns.read($0) }
    }

    /// The live node under that name.
    package func child(of parent: NodeID, named name: Name) throws -> Node? {
        try database.first(Self.byPlace, parent, name) { try NodeColumns.read($0) }
    }

    /// Whether a directory has live children.
    package func hasChildren(_ id: NodeID) throws -> Bool {
        try database.first("SELECT 1 FROM node WHERE parent = ? AND deleted = 0", id) { _ in true } ?? false
    }

    /// The content that a node had at a version; nil if it never had it.
    package func content(of id: NodeID, at version: Version) throws -> Content? {
        try database.first(
            """
            SELECT kind, sha256, size, mode, mtime_ns, target, extras FROM history
            WHERE node = ? AND content_version = ?
            """, id, version
        ) { try NodeColumns.content($0, from: 0) }
    }

    /// Whether a client had these bytes of a file last, as far as the history tells: as those that the file had when the client had
    /// taken in all up to `seq`, or that it has made of it since. Not what somebody made who had its name before. True where nothing is
    /// on record of the file.
    package func had(_ digest: Digest, of id: NodeID, _ client: String, through seq: Sequence) throws -> Bool {
        // Newest first, by the index: what has come since is walked over. Who moves a file need not have its bytes.
        let last = try database.first(
            """
            SELECT deleted = 0 AND sha256 IS ?4 FROM history
            WHERE node = ?1 AND (seq <= ?2 OR client = ?3 AND change <> \(HistoryRecord.Change.move.code)
                AND seq > coalesce((SELECT born FROM client WHERE name = ?3), 0))
            ORDER BY content_version DESC, seq DESC LIMIT 1
            """, id, seq, client, digest
        ) { try $0.int64(0) == 1 }
        if let last { return last }
        return try database.first("SELECT 1 FROM history WHERE node = ? LIMIT 1", id) { _ in true } == nil
    }

    /// Whether a deleted file can come back: its bytes are in `versions/`. Bytes that are only elsewhere in the share
    /// do not count, since a placement cannot take them from there.
    package func holds(_ content: Content) throws -> Bool {
        guard let file = content.file else { return true }
        // The size too: a client may claim another one, and everything counts on it afterwards.
        return try database.first("SELECT 1 FROM version WHERE sha256 = ? AND size = ?", file.digest, file.size) { _ in
            true
        } ?? false
    }
}

extension Journal {
    /// The live node at a path; nil for the top, which has no row.
    package func node(at path: RelativePath) throws -> Node? {
        var node: Node?
        for name in path.names {
            guard let next = try child(of: node?.id ?? .root, named: name) else { return nil }
            node = next
        }
        return node
    }

    /// Where a node is; a tombstone: where it would be. Nil if the id was never given.
    package func path(of id: NodeID) throws -> RelativePath? {
        var names: [Name] = []
        var current = id
        while current != .root {
            let found = try database.first("SELECT parent, name FROM node WHERE id = ?", current) {
                Location(parent: NodeID(try $0.int64(0)), name: try storedName(try $0.blob(1)))
            }
            guard let found else { return nil }
            guard names.count < Journal.deepest else { throw JournalError.damaged("the tree has a cycle") }
            names.append(found.name)
            current = found.parent
        }
        return RelativePath(names.reversed())
    }

    /// Directories in one another; more can only be a cycle in a damaged table.
    private static let deepest = 1_000_000

    /// The live nodes in a directory, by name.
    package func children(of id: NodeID) throws -> [Node] {
        try database.query(
            "SELECT \(NodeColumns.list) FROM node WHERE parent = ? AND deleted = 0 ORDER BY name", id
        ) { try NodeColumns.read($0) }
    }

    /// What has changed after a cursor: the feed.
    /// - Parameter limit: nodes in the page at most; at least 1.
    package func changes(after cursor: Sequence, limit: Int) throws -> ChangesPage {
        try database.snapshot {
            let nodes = try nodesBehind(cursor, limit: limit)
            let head = try head
            let through = nodes.count == limit ? nodes.last?.seq ?? head : head
            return ChangesPage(nodes: nodes, through: through, head: head)
        }
    }

    /// Nodes that have changed after a cursor, tombstones too, by `seq`.
    package func nodesBehind(_ cursor: Sequence, limit: Int) throws -> [Node] {
        try database.query(
            "SELECT \(NodeColumns.list) FROM node WHERE seq > ? ORDER BY seq LIMIT ?", cursor, limit
        ) { try NodeColumns.read($0) }
    }

    /// How many nodes have changed after a cursor, tombstones too.
    package func countBehind(_ cursor: Sequence) throws -> Int64 {
        try database.first("SELECT count(*) FROM node WHERE seq > ?", cursor) { try $0.int64(0) } ?? 0
    }

    /// Whose change made a node what it is; nil if the id was never given.
    package func lastClient(of id: NodeID) throws -> String? {
        try database.first("SELECT client FROM node WHERE id = ?", id) { try $0.text(0) }
    }

    /// Where the bytes of a digest can be had.
    /// - Parameter limit: paths at most; any of them will do.
    package func whereabouts(of digest: Digest, limit: Int = 4) throws -> Whereabouts {
        let nodes = try database.query(
            "SELECT id FROM node WHERE sha256 = ? AND sha256 IS NOT NULL AND deleted = 0 LIMIT ?", digest, limit
        ) { NodeID(try $0.int64(0)) }
        return Whereabouts(paths: try nodes.compactMap(path(of:)), isInVersions: try hasVersion(digest))
    }
}
