internal import SQLite
package import SyncCore

// Chunk lists by content: a cache. What is not in it is cut again, asked for at the hub, or travels whole.
extension FolderIndex {
    /// What a content consists of; nil if that is not known (any more).
    package func chunkList(of digest: Digest, size: Int64) throws -> ChunkList? {
        let list = try database.first("SELECT list FROM chunk_list WHERE sha256 = ?", digest.bytes) { try $0.blob(0) }
        return list.flatMap { ChunkList(encoded: $0, size: size) }
    }

    /// Whether any content of this size was cut.
    package func hasChunkList(ofSize size: Int64) throws -> Bool {
        try database.first("SELECT 1 FROM chunk_list WHERE size = ? LIMIT 1", size) { _ in true } ?? false
    }

    /// Contents that share chunks with a list, those with the most first.
    /// - Parameter limit: how many at most.
    package func contents(sharing list: ChunkList, limit: Int) throws -> [FileKey] {
        let samples = list.samples.map { Int64(bitPattern: $0) }
        let marks = Array(repeating: "?", count: samples.count).joined(separator: ", ")
        return try database.query(
            """
            SELECT sha256, size FROM chunk_sample JOIN chunk_list ON chunk_list.id = chunk_sample.list
            WHERE fingerprint IN (\(marks)) GROUP BY chunk_list.id ORDER BY count(*) DESC, chunk_list.id DESC
            LIMIT \(limit)
            """, bindings: samples
        ) { row in FileKey(digest: try ContentColumns.digest(try row.blob(0)), size: try row.int64(1)) }
    }

    /// Remembers what a content consists of. The oldest lists go when there is no room for it.
    /// - Parameter most: all lists together, in bytes.
    package func keep(_ list: ChunkList, of digest: Digest, most: Int64 = 64 << 20) throws {
        if try database.first("SELECT 1 FROM chunk_list WHERE sha256 = ?", digest.bytes, row: { _ in true }) == true {
            return
        }
        try database.transaction {
            let encoded = list.encoded
            try database.execute(
                "INSERT INTO chunk_list (sha256, size, list) VALUES (?, ?, ?)", digest.bytes, list.size, encoded)
            let id = database.lastInsertedID
            for sample in list.samples {
                try database.execute(
                    "INSERT INTO chunk_sample (fingerprint, list) VALUES (?, ?)", Int64(bitPattern: sample), id)
            }
            // A sum that every row was counted into: the table is not walked through for each list.
            var total = try number("chunk_bytes") + Int64(encoded.count)
            while total > most {
                let oldest = try database.first("SELECT id, length(list) FROM chunk_list ORDER BY id LIMIT 1") { row in
                    (id: try row.int64(0), bytes: try row.int64(1))
                }
                guard let oldest, oldest.id != id else { break }
                try database.execute("DELETE FROM chunk_sample WHERE list = ?", oldest.id)
                try database.execute("DELETE FROM chunk_list WHERE id = ?", oldest.id)
                total -= oldest.bytes
            }
            try set("chunk_bytes", String(total))
        }
    }

    /// A file on the disk with these bytes, as far as is known.
    package func path(holding digest: Digest) throws -> RelativePath? {
        let entry = try database.first(
            """
            SELECT local.entry FROM synced JOIN local ON local.node = synced.node
            WHERE synced.sha256 = ?1 AND synced.sha256 IS NOT NULL AND local.sha256 = ?1 AND local.vanished = 0 LIMIT 1
            """, digest.bytes
        ) { row in EntryID(try row.int64(0)) }
        return try entry.flatMap { try path(of: $0) }
    }

    /// The content that a node has here, was agreed on with the hub, and lies on the disk as far as is known: what a newer one may
    /// be made from.
    package func agreedFile(of node: NodeID) throws -> (file: FileContent, path: RelativePath?)? {
        guard let file = try synced(node)?.content.file else { return nil }
        guard let row = try local(of: node), !row.isVanished, row.digest == file.digest else { return (file, nil) }
        return (file, try path(of: row.entry))
    }
}

/// A content by its name and length.
package struct FileKey: Hashable, Sendable {
    /// Its name.
    package var digest: Digest
    /// In bytes.
    package var size: Int64

    /// See the properties.
    package init(digest: Digest, size: Int64) {
        self.digest = digest
        self.size = size
    }
}
