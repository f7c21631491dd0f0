internal import SQLite
package import SyncCore

/// What is about to be brought onto the disk. It is written down, durably against a crash of the process, before the
/// disk is changed, and crossed out in the transaction that says so in `local` and `synced`.
extension FolderIndex {
    /// Before the disk is changed: what each of these nodes is to become here.
    package func intend(_ nodes: [Node]) throws {
        mayHaveIntents = true
        try transaction {
            for node in nodes {
                let content = ContentColumns(node.content)
                try database.execute(
                    """
                    INSERT OR REPLACE INTO intent
                        (node, parent, name, content_version, location_version, kind, size, mtime, mode, sha256, target,
                         extras)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    bindings: [
                        node.id.rawValue, node.parent.rawValue, node.name.bytes, node.contentVersion.rawValue,
                        node.locationVersion.rawValue,
                    ] + content.bindings)
            }
        }
    }

    /// What was to be brought onto the disk for a node and was not crossed out.
    package func intent(of node: NodeID) throws -> SyncedState? {
        if !mayHaveIntents { return nil }
        return try database.first(
            "SELECT \(Self.intentColumns) FROM intent WHERE node = ?", node.rawValue, row: Self.intent)?
            .1
    }

    /// What was to be brought to a place and was not crossed out.
    package func intents(at location: Location) throws -> [(NodeID, SyncedState)] {
        if !mayHaveIntents { return [] }
        return try database.query(
            "SELECT \(Self.intentColumns) FROM intent WHERE parent = ? AND name = ?", location.parent.rawValue,
            location.name.bytes, row: Self.intent)
    }

    /// It is on the disk, or will not be brought there: inside the transaction that says so.
    package func crossOut(_ nodes: [NodeID]) throws {
        for node in nodes { try database.execute("DELETE FROM intent WHERE node = ?", node.rawValue) }
    }

    /// Looks whether any are left, so that nobody asks where there are none: they are asked for with each name that appears
    /// and each change that is sent. Not inside a transaction, which may be undone.
    package func countIntents() throws {
        if database.isInTransaction { return }
        mayHaveIntents = try database.first("SELECT 1 FROM intent LIMIT 1") { _ in true } ?? false
    }

    private static let intentColumns =
        "node, parent, name, content_version, location_version, kind, size, mtime, mode, sha256, target, extras"

    private static func intent(_ row: borrowing Row) throws -> (NodeID, SyncedState) {
        (
            NodeID(try row.int64(0)),
            SyncedState(
                location: Location(parent: NodeID(try row.int64(1)), name: try Name(try row.blob(2))),
                content: try ContentColumns.content(row, from: 5), contentVersion: Version(try row.int64(3)),
                locationVersion: Version(try row.int64(4)))
        )
    }
}
