internal import SQLite
import SyncCore

/// By what a client is known again: all of it that has to outlast its journal.
package struct ClientCredential: Hashable, Sendable {
    /// Unique.
    package var name: String
    /// What it is.
    package var kind: ClientRecord.Kind
    /// What it may do.
    package var role: ClientRecord.Role
    /// One OpenSSH public key line.
    package var publicKey: String
    /// SHA-256 of its token; none for a device that only speaks SFTP.
    package var tokenHash: [UInt8]?
    /// Unix seconds.
    package var createdAt: Int64
    /// As it was asked for.
    package var pause: ClientRecord.Pause?
    /// Where the part of the share that it maps is now; nil for all of the share.
    package var subtree: RelativePath?
    /// How fast bytes of its files may move to the hub.
    package var limitUp: Timetable
    /// How fast they may move from it.
    package var limitDown: Timetable

    /// See the properties.
    package init(
        name: String, kind: ClientRecord.Kind, role: ClientRecord.Role, publicKey: String, tokenHash: [UInt8]?,
        createdAt: Int64, pause: ClientRecord.Pause?, subtree: RelativePath? = nil,
        limitUp: Timetable = .off, limitDown: Timetable = .off
    ) {
        self.name = name
        self.kind = kind
        self.role = role
        self.publicKey = publicKey
        self.tokenHash = tokenHash
        self.createdAt = createdAt
        self.pause = pause
        self.subtree = subtree
        self.limitUp = limitUp
        self.limitDown = limitDown
    }
}

// What a journal that is made anew takes over.
extension Journal {
    /// Of all clients that are not revoked, by name. One with a limit that a credential cannot say is left out: it must not come
    /// back without it, and joins again. So is one that has joined and has not said hello yet.
    package func credentials() throws -> [ClientCredential] {
        // Who has joined and not said hello goes with the invite, and that no journal made anew would know.
        let left = try limitedClients()
            .union(try database.query("SELECT client FROM invite WHERE used = 0") { try $0.text(0) })
        return try clients().filter { $0.revokedAt == nil && !left.contains($0.name) }.map { client in
            let hash = try database.query("SELECT token_hash FROM client WHERE name = ?", client.name) {
                try $0.optionalBlob(0)
            }
            let subtree = try client.subtree.map { try path(of: $0.node) ?? $0.path }
            return ClientCredential(
                name: client.name, kind: client.kind, role: client.role, publicKey: client.publicKey,
                tokenHash: hash.first ?? nil, createdAt: client.createdAt, pause: client.pause, subtree: subtree,
                limitUp: client.limitUp, limitDown: client.limitDown)
        }
    }

    /// What a credential says, or what does not outlast a journal.
    private static let carried: Set<String> = [
        "name", "kind", "role", "token_hash", "public_key", "created_at", "last_seen", "cursor", "generation", "paused",
        "paused_until", "paused_since", "revoked_at", "report", "subtree", "subtree_node", "seen_moment",
        "limit_up", "limit_down", "read_only", "born",
    ]

    private func limitedClients() throws -> Set<String> {
        let columns = try database.query("SELECT name FROM pragma_table_info('client')") { try $0.text(0) }
            .filter { !Self.carried.contains($0) }
        if columns.isEmpty { return [] }
        let isSet = columns.map { "coalesce(\($0), 0) IS NOT 0" }.joined(separator: " OR ")
        return try Set(database.query("SELECT name FROM client WHERE \(isSet)") { try $0.text(0) })
    }

    /// Lets a client of another journal go on with this one, as one that has seen nothing of it.
    package func admit(_ credential: ClientCredential) throws {
        try database.transaction {
            try insertClient(
                credential.name, credential.kind, credential.role, tokenHash: credential.tokenHash,
                publicKey: credential.publicKey,
                // No id of another journal means anything here: the directory is found by its path.
                subtree: credential.subtree.map { Subtree(path: $0, node: NodeID(0)) }, at: credential.createdAt)
            switch credential.pause {
            case nil: break
            case .untilResumed: try pause(credential.name, at: nil)
            case .until(let end): try pause(credential.name, until: end, at: nil)
            }
            try limit(credential.name, up: credential.limitUp, down: credential.limitDown)
        }
    }

    /// Takes what has the name of a conflict's copy, beside what has the name that was wanted, for an open conflict: all that a
    /// share tells of those that another journal knew.
    /// - Parameter time: for the date in a name: Unix seconds; nil for one that is no date.
    /// - Returns: how many there are.
    package func findConflicts(at time: (String) -> Int64?) throws -> Int {
        try database.transaction {
            let copies = try database.query(
                "SELECT \(NodeColumns.list) FROM node WHERE deleted = 0 AND instr(name, ?) > 0 ORDER BY id",
                Array(" (conflict ".utf8)
            ) { try NodeColumns.read($0) }
            var count = 0
            for copy in copies {
                guard let parts = ConflictName.parts(of: copy.name), let at = time(parts.date),
                    let over = try child(of: copy.parent, named: parts.original)
                else { continue }
                try database.execute(
                    "INSERT OR IGNORE INTO conflict (over, copy, client, seq, at) VALUES (?, ?, ?, ?, ?)", over.id,
                    copy.id,
                    parts.client, copy.seq, at)
                count += 1
            }
            return count
        }
    }

    /// Why the file cannot serve as a journal, as SQLite's quick check and a look at its first table tell; nil if it can.
    /// ``check()`` finds more, and takes longer.
    /// - Parameter path: of a file that is there.
    package static func damage(path: String) throws -> String? {
        do {
            let database = try Database(path: path)
            if let problem = try database.quickCheck().first { return problem }
            let tables = try database.query("SELECT name FROM sqlite_schema WHERE name IN ('meta', 'node', 'client')") {
                try $0.text(0)
            }
            guard tables.count == 3 else { return "it has no journal's tables" }
            return try database.first("SELECT epoch FROM meta") { try $0.text(0) } == nil
                ? "its table meta is empty" : nil
        } catch let error as DatabaseError {
            if error.isCorrupt { return error.message }
            throw error
        }
    }
}
