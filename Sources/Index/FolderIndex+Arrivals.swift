internal import SQLite
package import SyncCore

/// What most of what comes is: a node that is new here. What is asked and written about it is put together: there may be a
/// million of them, and each statement is a part of what each of them costs.
extension FolderIndex {
    /// What the hub has as a node that is neither on the disk nor was agreed on; nil where that is not so, or it was deleted.
    package func arrival(_ node: NodeID) throws -> Node? {
        try database.first(Self.arrivalQuestion, node.rawValue) { row in
            Node(
                id: node, location: Location(parent: NodeID(try row.int64(0)), name: try Name(try row.blob(1))),
                content: try ContentColumns.content(row, from: 5), contentVersion: Version(try row.int64(2)),
                locationVersion: Version(try row.int64(3)), seq: Sequence(try row.int64(4)), isDeleted: false)
        }
    }

    private static let arrivalQuestion = """
        SELECT parent, name, content_version, location_version, seq, kind, size, mtime, mode, sha256, target, extras
        FROM remote WHERE node = ?1 AND deleted = 0 AND NOT EXISTS (SELECT 1 FROM local WHERE local.node = ?1)
            AND NOT EXISTS (SELECT 1 FROM synced WHERE synced.node = ?1)
        """

    /// Whether anything has this name in a directory, as it was last looked at.
    package func isTaken(_ name: Name, in parent: EntryID) throws -> Bool {
        try database.first(
            "SELECT 1 FROM local WHERE parent = ? AND name = ? AND vanished = 0", parent.rawValue, name.bytes
        ) { _ in true } ?? false
    }

    /// A file was placed as it arrived: it is on the disk, and agreed on. The same as a row, its node, what was agreed and what is
    /// settled said one after the other. Only where no extras are carried.
    /// - Parameters:
    ///   - parent: the directory that it was placed in, as the hub has it too.
    ///   - stamp: as it lies there.
    ///   - mode: as it lies there.
    package func settleArrival(_ node: Node, in parent: EntryID, stamp: Stamp, mode: Mode) throws {
        var row = LocalRow(
            entry: EntryID(0), parent: parent, name: node.name, kind: .file, stamp: stamp, mode: mode,
            digest: node.content.file?.digest, target: [], node: node.id)
        row.mean(node.content)
        try database.execute(
            """
            INSERT INTO local (parent, name, kind, device, inode, size, mtime, ctime, mode, sha256, node, born, mtime_meant)
            VALUES (?, ?, 'file', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, parent.rawValue, node.name.bytes, Int64(bitPattern: stamp.device), Int64(bitPattern: stamp.inode),
            stamp.size, stamp.mtime, stamp.ctime, Int(mode.rawValue), row.digest?.bytes, node.id.rawValue, stamp.born,
            row.meantTime)
        try writeSynced(node.id, SyncedState(node))
        try database.execute("DELETE FROM remote WHERE node = ?", node.id.rawValue)
        // What the file system did not keep exactly (a mode that it changed) shows as a difference.
        if row.content == node.content { try markSettled(.node(node.id)) } else { try markUnsettled(.node(node.id)) }
    }
}
