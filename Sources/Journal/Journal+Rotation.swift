internal import SQLite

// A client changes its key and token without joining again. Until it finishes, the old and the new ones are good, in any mix.
extension Journal {
    /// A client wants another key and token. Repeated, the last ones count.
    /// - Parameters:
    ///   - hash: of the token that it asked with. Was that the new one of a change that was not finished, it is finished by this.
    ///   - tokenHash: SHA-256 of the new token.
    ///   - publicKey: the new one, not anybody's yet.
    /// - Throws: ``JournalError/keyInUse(by:)``.
    package func beginRotation(of name: String, by hash: [UInt8], tokenHash: [UInt8], publicKey: String) throws {
        try database.transaction {
            try finishRotation(of: name, by: hash)
            if try client(named: name)?.publicKey == publicKey { throw JournalError.keyInUse(by: name) }
            try refuseKeyInUse(publicKey, by: name)
            try database.execute(
                "INSERT OR REPLACE INTO rotation (client, token_hash, public_key) VALUES (?, ?, ?)", name, tokenHash,
                publicKey)
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

    /// The keys that clients are changing to, by client.
    package func keysToCome() throws -> [String: String] {
        let all = try database.query("SELECT client, public_key FROM rotation") { (try $0.text(0), try $0.text(1)) }
        return Dictionary(all) { $1 }
    }
}
