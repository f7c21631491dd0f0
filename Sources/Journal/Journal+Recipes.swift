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
            try database.execute(
                "INSERT OR REPLACE INTO recipe (sha256, base, recipe) VALUES (?, ?, ?)", digest, base, recipe.encoded)
            try database.execute(
                """
                DELETE FROM recipe WHERE id IN (SELECT id FROM (
                    SELECT id, sum(length(recipe)) OVER (ORDER BY id DESC) AS total FROM recipe) WHERE total > ?)
                """, most)
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
            try database.execute(
                "INSERT OR REPLACE INTO chunk_list (sha256, list) VALUES (?, ?)", digest, list.encoded)
            try database.execute(
                """
                DELETE FROM chunk_list WHERE id IN (SELECT id FROM (
                    SELECT id, sum(length(list)) OVER (ORDER BY id DESC) AS total FROM chunk_list) WHERE total > ?)
                """, most)
        }
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
