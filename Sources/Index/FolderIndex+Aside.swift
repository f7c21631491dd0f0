internal import SQLite
package import SyncCore

/// Nodes that a rule ignores: they wait for nothing, and nobody waits for them.
extension FolderIndex {
    /// The planner does not look at it any more, until something about it or about the rules changes.
    package func setAside(_ node: NodeID) throws {
        try database.execute("DELETE FROM unsettled_node WHERE node = ?", node.rawValue)
        try database.execute("INSERT OR IGNORE INTO aside (node) VALUES (?)", node.rawValue)
    }

    /// The rules have changed: everything that was set aside, or passed over, is looked at again. Of what the hub does not know
    /// that is the row, where it was not taken away when a rule ignored it: nothing below an ignored directory is listed.
    package func bringBackAside() throws {
        try database.execute(
            """
            INSERT INTO unsettled_node (node) SELECT node FROM aside WHERE true
            ON CONFLICT (node) DO UPDATE SET receives = 0
            """)
        try database.execute("DELETE FROM aside")
        try database.execute(
            "INSERT OR IGNORE INTO unsettled_entry (entry) SELECT entry FROM local WHERE node IS NULL AND entry <> 1")
        try reconsider()
    }

    /// What was set aside, by id.
    package func aside(limit: Int) throws -> [NodeID] {
        try database.query("SELECT node FROM aside ORDER BY node LIMIT ?", limit) { NodeID(try $0.int64(0)) }
    }
}
