internal import SQLite
import SyncCore

/// A live file, and whether `versions/` is known to have its bytes too.
package struct CurrentFile: Hashable, Sendable {
    /// Of a live file.
    package var node: Node
    /// Its content.
    package var content: FileContent
    /// Whether they are on record as lying there.
    package var isKept: Bool
}

// What lies in `versions/` while it is current, so that bytes that somebody overwrites or removes in the share are there already.
extension Journal {
    /// Live files that have changed after a `seq`, oldest change first.
    package func currentFiles(after seq: Sequence, limit: Int) throws -> [CurrentFile] {
        try database.query(
            """
            SELECT \(NodeColumns.list(of: "n")),
                EXISTS (SELECT 1 FROM version v WHERE v.sha256 = n.sha256 AND v.size = n.size)
            FROM node n WHERE n.seq > ? AND n.deleted = 0 AND n.sha256 IS NOT NULL ORDER BY n.seq LIMIT ?
            """, seq, limit
        ) { row in
            let node = try NodeColumns.read(row)
            guard case .file(let content) = node.content else { throw Decoder.damaged }
            return CurrentFile(node: node, content: content, isKept: try row.bool(NodeColumns.count))
        }
    }

    /// How many contents are current, and how many of them are on record as lying in `versions/` too. Looks at all files.
    package func countCurrent() throws -> (all: Int, kept: Int) {
        let found = try database.first(
            """
            SELECT count(*), count(v.sha256)
            FROM (SELECT DISTINCT sha256 FROM node WHERE deleted = 0 AND sha256 IS NOT NULL) n
            LEFT JOIN version v ON v.sha256 = n.sha256
            """
        ) { (try $0.int(0), try $0.int(1)) }
        return (found?.0 ?? 0, found?.1 ?? 0)
    }

    /// What lies in `versions/` and was never displaced, by digest.
    /// - Parameter digest: after this one; nil: from the first on.
    package func neverDisplaced(after digest: Digest?, limit: Int) throws -> [StoredVersion] {
        try database.query(
            "SELECT \(Self.storedVersion) FROM version WHERE sha256 > ? AND displaced = 0 ORDER BY sha256 LIMIT ?",
            digest?.bytes ?? [], limit
        ) { try Self.storedVersion($0) }
    }

    /// Whether a live file has these bytes.
    package func isCurrent(_ digest: Digest) throws -> Bool {
        try database.first(
            "SELECT 1 FROM node WHERE sha256 = ? AND sha256 IS NOT NULL AND deleted = 0 LIMIT 1", digest
        ) { _ in true } ?? false
    }

    /// Whether a content of `versions/` was displaced at least once.
    package func wasDisplaced(_ digest: Digest) throws -> Bool {
        try database.first("SELECT displaced FROM version WHERE sha256 = ?", digest) { try $0.bool(0) } ?? true
    }

    /// What was displaced lies there. How long it stays counts from now.
    func noteStored(_ digest: Digest, _ size: Int64, at head: Sequence) throws {
        try database.execute(
            """
            INSERT INTO version (sha256, size, stored_seq, displaced) VALUES (?, ?, ?, 1)
            ON CONFLICT (sha256) DO UPDATE SET stored_seq = excluded.stored_seq, displaced = 1
            """, digest, size, head)
    }

    /// A copy of what is current, or was when the copy was made, lies there.
    func noteKept(_ digest: Digest, _ size: Int64, at head: Sequence) throws {
        try database.execute(
            "INSERT OR IGNORE INTO version (sha256, size, stored_seq, displaced) VALUES (?, ?, ?, ?)", digest, size,
            head, isCurrent(digest) ? 0 : 1)
    }

    /// A node has other bytes now, or none.
    func noteDisplaced(_ content: Content, at head: Sequence) throws {
        guard let file = content.file else { return }
        try database.execute(
            "UPDATE version SET stored_seq = ?, displaced = 1 WHERE sha256 = ?", head, file.digest)
    }
}
