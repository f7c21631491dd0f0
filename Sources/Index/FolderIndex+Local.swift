internal import SQLite
package import SyncCore

extension FolderIndex {
    private static let columns =
        "entry, parent, name, kind, device, inode, size, mtime, ctime, mode, sha256, target, node, alias, vanished, born, "
        + "extras, former, mtime_meant, hollow"

    // Asked most often: they are not put together each time.
    private static let byEntry = "SELECT \(columns) FROM local WHERE entry = ?"
    private static let byNode = "SELECT \(columns) FROM local WHERE node = ?"
    private static let byPlace = "SELECT \(columns) FROM local WHERE parent = ? AND name = ? AND vanished = 0"

    /// The row of an entry; nil if there is none (any more).
    package func local(_ entry: EntryID) throws -> LocalRow? {
        try database.first(Self.byEntry, entry.rawValue, row: Self.row)
    }

    /// The row that a node has here, vanished or not.
    package func local(of node: NodeID) throws -> LocalRow? {
        if node == .root { return try local(.root) }
        return try database.first(Self.byNode, node.rawValue, row: Self.row)
    }

    /// What was last seen under a name; not what has vanished from it.
    package func child(of parent: EntryID, named name: Name) throws -> LocalRow? {
        try database.first(Self.byPlace, parent.rawValue, name.bytes, row: Self.row)
    }

    /// Sorted by name; without what has vanished.
    package func children(of parent: EntryID) throws -> [LocalRow] {
        try database.query(
            "SELECT \(Self.columns) FROM local WHERE parent = ? AND vanished = 0 AND entry <> 1 ORDER BY name",
            parent.rawValue, row: Self.row)
    }

    /// Rows with this inode, vanished ones too: where a name that appeared may have come from.
    package func locals(device: UInt64, inode: UInt64) throws -> [LocalRow] {
        try database.query(
            "SELECT \(Self.columns) FROM local WHERE inode = ? AND device = ? AND entry <> 1 ORDER BY entry",
            Int64(bitPattern: inode), Int64(bitPattern: device), row: Self.row)
    }

    /// Every directory, the folder first, parents before children.
    package func directories(_ body: (EntryID) throws -> Void) throws {
        var queue = [EntryID.root]
        while let next = queue.popLast() {
            try body(next)
            queue += try database.query(
                "SELECT entry FROM local WHERE parent = ? AND kind = 'directory' AND vanished = 0 AND entry <> 1",
                next.rawValue
            ) { row in EntryID(try row.int64(0)) }
        }
    }

    /// Where an entry is below the folder, from the rows; nil if it is not there any more.
    package func path(of entry: EntryID) throws -> RelativePath? {
        var names: [Name] = []
        var current = entry
        while current != .root {
            let row = try database.first(
                "SELECT parent, name FROM local WHERE entry = ? AND vanished = 0", current.rawValue
            ) { row in (parent: EntryID(try row.int64(0)), name: try Name(try row.blob(1))) }
            guard let row else { return nil }
            names.append(row.name)
            current = row.parent
        }
        return RelativePath(names.reversed())
    }

    /// The entry under a path, from the rows.
    package func entry(at path: RelativePath) throws -> EntryID? {
        var current = EntryID.root
        for name in path.names {
            guard let row = try child(of: current, named: name) else { return nil }
            current = row.entry
        }
        return current
    }

    /// The folder's own row, made at the first start.
    package func setRoot(stamp: Stamp) throws {
        try database.execute(
            """
            INSERT INTO local (entry, parent, name, kind, device, inode, size, mtime, ctime, mode)
            VALUES (1, 0, x'', 'directory', ?, ?, 0, 0, 0, 0)
            ON CONFLICT (entry) DO UPDATE SET device = excluded.device, inode = excluded.inode
            """, Int64(bitPattern: stamp.device), Int64(bitPattern: stamp.inode))
    }

    /// A new row; it is unsettled from the start.
    package func insertLocal(
        parent: EntryID, name: Name, kind: NodeKind, stamp: Stamp, mode: Mode, digest: Digest? = nil,
        target: [UInt8] = []
    ) throws -> EntryID {
        try database.execute(
            """
            INSERT INTO local (parent, name, kind, device, inode, size, mtime, ctime, mode, sha256, target, born,
                extras)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, parent.rawValue, name.bytes, kind.rawValue, Int64(bitPattern: stamp.device),
            Int64(bitPattern: stamp.inode), stamp.size, stamp.mtime, stamp.ctime, Int(mode.rawValue), digest?.bytes,
            kind == .symlink ? target : nil, stamp.born, mode.extras?.bytes)
        let entry = EntryID(database.lastInsertedID)
        try markUnsettled(.entry(entry))
        return entry
    }

    /// Writes a row that has changed in any way, and has the planner look at it.
    package func update(_ row: LocalRow) throws {
        if row.kind == .directory, try local(row.entry)?.nodeForChildren != row.nodeForChildren {
            // What is in it is in another directory, as far as the hub is concerned.
            for child in try children(of: row.entry) {
                try markUnsettled(child.node.map(SubjectKey.node) ?? .entry(child.entry))
            }
        }
        try rewrite(row)
        try markUnsettled(row.node.map(SubjectKey.node) ?? .entry(row.entry))
    }

    /// Writes a row of which only the stamp is another one.
    package func rewrite(_ row: LocalRow) throws {
        try database.execute(
            """
            UPDATE local SET parent = ?, name = ?, kind = ?, device = ?, inode = ?, size = ?, mtime = ?, ctime = ?,
                mode = ?, sha256 = ?, target = ?, node = ?, alias = ?, vanished = ?, born = ?, extras = ?,
                former = ?, mtime_meant = ?, hollow = ?
            WHERE entry = ?
            """, row.parent.rawValue, row.name.bytes, row.kind.rawValue, Int64(bitPattern: row.stamp.device),
            Int64(bitPattern: row.stamp.inode), row.stamp.size, row.stamp.mtime, row.stamp.ctime,
            Int(row.mode.rawValue), row.digest?.bytes, row.kind == .symlink ? row.target : nil, row.node?.rawValue,
            row.alias?.rawValue, row.isVanished ? 1 : 0, row.stamp.born, row.mode.extras?.bytes,
            row.former?.rawValue, row.meantTime, row.isHollow ? 1 : 0, row.entry.rawValue)
    }

    /// Takes rows away for good, with everything below them. Their nodes become unsettled: they were deleted here.
    package func removeLocal(_ entry: EntryID) throws {
        var queue = [entry]
        while let next = queue.popLast() {
            queue += try database.query("SELECT entry FROM local WHERE parent = ? AND entry <> 1", next.rawValue) {
                row in
                EntryID(try row.int64(0))
            }
            if let row = try local(next), let node = row.node { try markUnsettled(.node(node)) }
            try database.execute("DELETE FROM unsettled_entry WHERE entry = ?", next.rawValue)
            try database.execute(
                "DELETE FROM problem WHERE entry = ? OR entry IS NULL AND directory = ?", next.rawValue, next.rawValue)
            try database.execute("DELETE FROM local WHERE entry = ?", next.rawValue)
            settling.remove(next)
        }
    }

    /// Whether anything is so of a row and of all below it, vanished ones too.
    package func contains(in top: LocalRow, where fits: (LocalRow) throws -> Bool) throws -> Bool {
        var queue = [top]
        while let next = queue.popLast() {
            if try fits(next) { return true }
            guard next.kind == .directory else { continue }
            queue += try database.query(
                "SELECT \(Self.columns) FROM local WHERE parent = ? AND entry <> 1", next.entry.rawValue, row: Self.row)
        }
        return false
    }

    /// What a scan did not find at its place and has not found elsewhere.
    package func vanished() throws -> [LocalRow] {
        try database.query(
            "SELECT \(Self.columns) FROM local WHERE vanished = 1 ORDER BY entry", row: Self.row)
    }

    private static func row(_ row: borrowing Row) throws -> LocalRow {
        LocalRow(
            entry: EntryID(try row.int64(0)), parent: EntryID(try row.int64(1)), name: try name(row, 2),
            kind: NodeKind(rawValue: try row.text(3)) ?? .file,
            stamp: Stamp(
                device: UInt64(bitPattern: try row.int64(4)), inode: UInt64(bitPattern: try row.int64(5)),
                size: try row.int64(6), mtime: try row.int64(7), ctime: try row.int64(8),
                born: try row.int64(15)),
            mode: try ContentColumns.mode(row, 9, extras: 16),
            digest: row.isNull(10) ? nil : try ContentColumns.digest(try row.blob(10)),
            target: row.isNull(11) ? [] : try row.blob(11), node: try row.optionalInt64(12).map { NodeID($0) },
            alias: try row.optionalInt64(13).map { NodeID($0) },
            former: try row.optionalInt64(17).map { NodeID($0) }, meantTime: try row.optionalInt64(18),
            isVanished: try row.bool(14),
            isHollow: try row.bool(19))
    }

    /// The folder's own row has an empty name, which no path ever shows.
    private static func name(_ row: borrowing Row, _ column: Int) throws -> Name {
        let bytes = try row.blob(column)
        return bytes.isEmpty ? .ofRoot : try Name(bytes)
    }
}

extension Name {
    /// Stands in the folder's own row only.
    fileprivate static let ofRoot = try! Name("folder")  // SAFETY: a constant that is a name.
}
