internal import SQLite
import SyncCore

// How contents came from others, and what they consist of: caches, of which the oldest part goes.
extension Journal {
    /// The newest first, a few.
    package func recipes(for digest: Digest) throws -> [Recipe] {
        try database.query("SELECT recipe FROM recipe WHERE sha256 = ? ORDER BY id DESC LIMIT 8", digest) { row in
            try row.blob(0)
        }.compactMap { Recipe(encoded: $0) }
    }

    /// Remembers a recipe that was followed, and gave the right bytes. The oldest go when there is no room for it.
    /// - Parameter most: recipes together, in bytes.
    package func keep(_ recipe: Recipe, for digest: Digest, most: Int64 = 16 << 20) throws {
        guard let base = recipe.bases.first else { return }
        try database.transaction {
            let old = try database.first(
                "SELECT length(recipe) FROM recipe WHERE sha256 = ? AND base = ?", digest, base
            ) { try $0.int64(0) }
            let encoded = recipe.encoded
            try database.execute(
                "INSERT OR REPLACE INTO recipe (sha256, base, recipe) VALUES (?, ?, ?)", digest, base, encoded)
            try trim(.recipe, Int64(encoded.count) - (old ?? 0), most: most)
        }
    }

    /// What a content consists of; nil if that is not known (any more).
    package func chunkList(of digest: Digest, size: Int64) throws -> ChunkList? {
        let list = try database.first("SELECT list FROM chunk_list WHERE sha256 = ?", digest) { try $0.blob(0) }
        return list.flatMap { ChunkList(encoded: $0, size: size) }
    }

    /// Remembers what a content consists of. The oldest go when there is no room for it.
    /// - Parameter most: lists together, in bytes.
    package func keep(_ list: ChunkList, of digest: Digest, most: Int64 = 64 << 20) throws {
        try database.transaction {
            let old = try database.first("SELECT length(list) FROM chunk_list WHERE sha256 = ?", digest) {
                try $0.int64(0)
            }
            let encoded = list.encoded
            try database.execute("INSERT OR REPLACE INTO chunk_list (sha256, list) VALUES (?, ?)", digest, encoded)
            try trim(.lists, Int64(encoded.count) - (old ?? 0), most: most)
        }
    }

    private enum Cache: String {
        case recipe
        case lists = "chunk_list"

        var column: String { self == .recipe ? "recipe" : "list" }
    }

    /// The sum is kept: the table is not walked over for each insert.
    /// - Parameter more: so many bytes more than before.
    private func trim(_ cache: Cache, _ more: Int64, most: Int64) throws {
        let (table, column) = (cache.rawValue, cache.column)
        var total = try database.first("SELECT bytes FROM cached WHERE cache = ?", table) { try $0.int64(0) } ?? 0
        total += more
        while total > most {
            let oldest = try database.first("SELECT id, length(\(column)) FROM \(table) ORDER BY id LIMIT 1") { row in
                (id: try row.int64(0), bytes: try row.int64(1))
            }
            guard let oldest else { break }
            try database.execute("DELETE FROM \(table) WHERE id = ?", oldest.id)
            total -= oldest.bytes
        }
        try database.execute("INSERT OR REPLACE INTO cached (cache, bytes) VALUES (?, ?)", table, total)
    }

    /// Live files with these bytes, some of them.
    package func someFiles(with digest: Digest) throws -> [Node] {
        try database.query(
            """
            SELECT \(NodeColumns.list) FROM node WHERE sha256 = ?1 AND sha256 IS NOT NULL AND deleted = 0 LIMIT 16
            """, digest
        ) { try NodeColumns.read($0) }
    }
}
