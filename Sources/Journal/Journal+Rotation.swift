internal import SQLite

/// A change of key and token that has begun.
package struct RotationRecord: Hashable, Sendable {
    /// Whose.
    package var client: String
    /// The new one.
    package var publicKey: String
    /// SHA-256 of the new token.
    package var tokenHash: [UInt8]
    /// Unix seconds; nil where that is not known.
    package var begunAt: Int64?
    /// When, by ``Journal/runningTime``.
    package var moment: Int64
    /// Whether the client's own requests came with the new token last.
    package var usesNew: Bool

    /// Seconds in which hubs run.
    package static let life: Int64 = 86_400

    /// What is left of its life, in seconds.
    /// - Parameter moment: now, by ``Journal/runningTime``.
    package func rest(at moment: Int64) -> Int64 { self.moment + RotationRecord.life - moment }
}

// A client changes its key and token without joining again. Until it finishes, the old and the new ones are good, in any mix.
extension Journal {
    /// A client wants another key and token. Repeated, the last ones count.
    /// - Parameters:
    ///   - hash: of the token that it asked with. Was that the new one of a change that was not finished, it is finished by this.
    ///   - tokenHash: SHA-256 of the new token.
    ///   - publicKey: the new one, not anybody's yet.
    ///   - at: Unix seconds.
    ///   - moment: the same by ``runningTime``.
    /// - Throws: ``JournalError/keyInUse(by:)``.
    package func beginRotation(
        of name: String, by hash: [UInt8], tokenHash: [UInt8], publicKey: String, at: Int64, moment: Int64
    ) throws {
        try database.transaction {
            try finishRotation(of: name, by: hash)
            if try client(named: name)?.publicKey == publicKey { throw JournalError.keyInUse(by: name) }
            try refuseKeyInUse(publicKey, by: name)
            try noteRunning(moment)
            try database.execute(
                """
                INSERT OR REPLACE INTO rotation (client, token_hash, public_key, begun_at, moment, uses_new)
                VALUES (?, ?, ?, ?, ?, 0)
                """, name, tokenHash, publicKey, at, moment)
        }
    }

    /// The new key and token are the client's, and the old ones are nobody's.
    /// - Parameter hash: of the token that it asked with.
    /// - Returns: whether the old ones are gone now: no if the token is an old one, and a change of it has begun.
    @discardableResult
    package func finishRotation(of name: String, by hash: [UInt8]) throws -> Bool {
        try database.transaction {
            let new = try database.query("SELECT token_hash, public_key FROM rotation WHERE client = ?", name) {
                (hash: try $0.blob(0), key: try $0.text(1))
            }
            guard let new = new.first else { return true }
            guard new.hash == hash else { return false }
            try database.execute("DELETE FROM rotation WHERE client = ?", name)
            try database.execute(
                "UPDATE client SET token_hash = ?, public_key = ? WHERE name = ?", new.hash, new.key, name)
            return true
        }
    }

    /// Those that are not finished, by client.
    package func rotations() throws -> [String: RotationRecord] {
        let all = try database.query(
            "SELECT client, public_key, token_hash, begun_at, moment, uses_new FROM rotation"
        ) {
            RotationRecord(
                client: try $0.text(0), publicKey: try $0.text(1), tokenHash: try $0.blob(2),
                begunAt: try $0.optionalInt64(3), moment: try $0.int64(4), usesNew: try $0.int64(5) != 0)
        }
        return Dictionary(all.map { ($0.client, $0) }) { $1 }
    }

    /// The client's own requests come with the new token from now on, or with the old one.
    package func noteRotation(of name: String, usesNew: Bool) throws {
        try database.execute("UPDATE rotation SET uses_new = ? WHERE client = ?", usesNew, name)
    }

    /// A change that was not finished is over: what the client has used last stays, the others are nobody's.
    package func endRotation(of name: String) throws {
        try database.transaction {
            if let begun = try rotations()[name], begun.usesNew {
                try finishRotation(of: name, by: begun.tokenHash)
            } else {
                try database.execute("DELETE FROM rotation WHERE client = ?", name)
            }
        }
    }
}
