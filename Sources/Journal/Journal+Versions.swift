internal import SQLite
import SyncCore

extension Journal {
    /// Whether the bytes of a digest lie in `versions/`.
    package func hasVersion(_ digest: Digest) throws -> Bool {
        try database.first("SELECT 1 FROM version WHERE sha256 = ?", digest) { _ in true } ?? false
    }

    /// The live files that are to have these bytes. The size too: a client may claim another one.
    package func liveFiles(with digest: Digest, size: Int64) throws -> [Node] {
        try database.query(
            """
            SELECT \(NodeColumns.list) FROM node
            WHERE sha256 = ?1 AND sha256 IS NOT NULL AND size = ?2 AND deleted = 0
            """, digest, size
        ) { try NodeColumns.read($0) }
    }

    /// Whether there is one of ``liveFiles(with:size:)``.
    package func hasLiveFile(with digest: Digest, size: Int64) throws -> Bool {
        try database.first(
            "SELECT 1 FROM node WHERE sha256 = ?1 AND sha256 IS NOT NULL AND size = ?2 AND deleted = 0 LIMIT 1", digest,
            size
        ) { _ in true } ?? false
    }

    /// Whether a live file that has not changed since then has these bytes.
    package func hadFile(with digest: Digest, at seq: Sequence) throws -> Bool {
        try database.first(
            "SELECT 1 FROM node WHERE sha256 = ?1 AND sha256 IS NOT NULL AND deleted = 0 AND seq <= ?2 LIMIT 1", digest,
            seq
        ) { _ in true } ?? false
    }

    /// Which nodes have, or once had, each of some contents. Reads the whole history, for rare cases.
    package func nodesThatHad(_ digests: Set<Digest>) throws -> [Digest: Set<NodeID>] {
        var found: [Digest: Set<NodeID>] = [:]
        let all = Array(digests)
        for start in stride(from: 0, to: all.count, by: 500) {
            let some = all[start..<min(start + 500, all.count)]
            let marks = Array(repeating: "?", count: some.count).joined(separator: ", ")
            try database.forEach(
                "SELECT DISTINCT sha256, node FROM history WHERE sha256 IN (\(marks))", bindings: Array(some)
            ) { row in
                guard let digest = Digest(bytes: try row.blob(0)) else { throw Decoder.damaged }
                found[digest, default: []].insert(NodeID(try row.int64(1)))
            }
        }
        return found
    }

    /// Whether bytes were ever taken in: they are, or were, some node's. Reads the whole history, for rare cases.
    package func knows(_ digest: Digest) throws -> Bool {
        try database.first("SELECT 1 FROM history WHERE sha256 = ? LIMIT 1", digest) { _ in true } ?? false
    }

    /// What lies in `versions/` and was displaced, in the order in which it was, last. What only lies there beside what is current
    /// is not among it.
    package func versions(limit: Int) throws -> [StoredVersion] {
        try database.query(
            "SELECT \(Self.storedVersion) FROM version WHERE displaced = 1 ORDER BY stored_seq, sha256 LIMIT ?", limit
        ) { try Self.storedVersion($0) }
    }

    static let storedVersion = "sha256, size, stored_seq"

    static func storedVersion(_ row: borrowing Row) throws -> StoredVersion {
        guard let digest = Digest(bytes: try row.blob(0)) else { throw Decoder.damaged }
        return StoredVersion(digest: digest, size: try row.int64(1), storedAt: Sequence(try row.int64(2)))
    }

    /// These contents are about to be removed from `versions/`. A version that a pending placement needs stays; so does one that
    /// is current, beside which it lies there from then on.
    /// - Parameter keepingCurrent: false where nothing is to lie there beside what is current.
    /// - Returns: those that may be removed.
    package func forgetVersions(_ digests: [Digest], keepingCurrent: Bool = true) throws -> [Digest] {
        try database.transaction {
            let needed = try Set(
                pendingPlacements().compactMap { placement -> Digest? in
                    guard case .file(_, _, source: .version(let digest)) = placement.step else { return nil }
                    return digest
                })
            var removed: [Digest] = []
            for digest in digests where !needed.contains(digest) {
                if try keepingCurrent && isCurrent(digest) {
                    try database.execute("UPDATE version SET displaced = 0 WHERE sha256 = ?", digest)
                } else {
                    try database.execute("DELETE FROM version WHERE sha256 = ?", digest)
                    removed.append(digest)
                }
            }
            return removed
        }
    }
}
