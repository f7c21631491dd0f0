internal import SQLite
import SyncCore

extension Journal {
    /// All clients, revoked ones too, by name.
    package func clients() throws -> [ClientRecord] {
        try database.query("\(Self.selectClient) ORDER BY name") { try Self.client($0) }
    }

    /// The client of that name, revoked or not.
    package func client(named name: String) throws -> ClientRecord? {
        try database.first("\(Self.selectClient) WHERE name = ?", name) { try Self.client($0) }
    }

    /// The live client whose token, or the one that it is changing to, has this SHA-256 (32 bytes).
    package func client(tokenHash: [UInt8]) throws -> ClientRecord? {
        try database.first(
            """
            \(Self.selectClient) WHERE revoked_at IS NULL
            AND (token_hash = ?1 OR name = (SELECT client FROM rotation WHERE token_hash = ?1))
            """, tokenHash
        ) { try Self.client($0) }
    }

    /// Adds a client without an invite: a device that only speaks SFTP. An invite in its name is void then.
    /// - Parameter at: Unix seconds.
    /// - Throws: ``JournalError/clientExists(_:)``; the name of a revoked client may be given again, but for
    ///   ``JournalError/stillHeld(_:batch:)``. ``JournalError/keyInUse(by:)``.
    package func addClient(
        _ name: String, kind: ClientRecord.Kind, role: ClientRecord.Role = .member, publicKey: String,
        subtree: Subtree? = nil, at: Int64
    ) throws {
        try database.transaction {
            try refuseLiveClient(name)
            try refuseHeld(name)
            try database.execute("DELETE FROM invite WHERE client = ?", name)
            try refuseKeyInUse(publicKey, by: name)
            try insertClient(name, kind, role, tokenHash: nil, publicKey: publicKey, subtree: subtree, at: at)
        }
    }

    /// Its first request on a connection: the invite that it came by is used up; an index of a new generation starts
    /// at cursor 0.
    /// - Parameters:
    ///   - generation: of its index (hex).
    ///   - startsOver: it merges as if new, since this history is not the one that it knew: cursor 0 too.
    ///   - at: Unix seconds.
    ///   - moment: now, by ``runningTime``.
    @discardableResult
    package func hello(
        _ name: String, generation: String, startsOver: Bool = false, at: Int64, moment: Int64 = 0
    ) throws -> ClientRecord {
        try database.transaction {
            guard let client = try client(named: name) else { throw JournalError.noSuchClient(name) }
            try database.execute("UPDATE invite SET used = 1 WHERE client = ? AND used = 0", name)
            if startsOver || client.generation != generation {
                try database.execute(
                    "UPDATE client SET generation = ?, cursor = 0, report = NULL WHERE name = ?", generation, name)
            }
            try touch(name, at: at, moment: moment)
            return try self.client(named: name) ?? client
        }
    }

    /// It was seen.
    /// - Parameters:
    ///   - at: Unix seconds.
    ///   - moment: the same by ``runningTime``; an earlier one than is known changes nothing.
    package func touch(_ name: String, at: Int64, moment: Int64 = 0) throws {
        try database.transaction {
            try noteRunning(moment)
            try update(
                "UPDATE client SET last_seen = ?, seen_moment = max(seen_moment, ?) WHERE name = ?", at, moment, name)
        }
    }

    /// Everything up to `cursor` is on the client's disk. Cursors only go forward: an older one, and one of another
    /// epoch or index generation, is passed over.
    /// - Returns: whether the cursor is now `cursor`.
    /// - Throws: ``JournalError/cursorFromTheFuture(_:head:)``, ``JournalError/noSuchClient(_:)``.
    @discardableResult
    package func advance(_ name: String, to cursor: Sequence, epoch: String, generation: String) throws -> Bool {
        try database.transaction {
            guard let client = try client(named: name) else { throw JournalError.noSuchClient(name) }
            guard epoch == self.epoch, generation == client.generation else { return false }
            let head = try head
            if cursor > head { throw JournalError.cursorFromTheFuture(cursor, head: head) }
            guard cursor > client.cursor else { return cursor == client.cursor }
            try database.execute("UPDATE client SET cursor = ? WHERE name = ?", cursor, name)
            return true
        }
    }

    /// Keeps what a client last reported, in the hub's own encoding.
    package func keepReport(_ report: [UInt8], of name: String) throws {
        try update("UPDATE client SET report = ? WHERE name = ?", report, name)
    }

    /// A person pauses a client. One that is paused has been so since the first time.
    /// - Parameters:
    ///   - until: Unix seconds; nil until it is resumed.
    ///   - at: Unix seconds; nil if it is not known since when.
    package func pause(_ name: String, until: Int64? = nil, at: Int64?) throws {
        let before = try client(named: name)
        let since = at.flatMap { at in before.flatMap { $0.isPaused(at: at) ? $0.pausedSince : nil } } ?? at
        try update(
            "UPDATE client SET paused = 1, paused_until = ?, paused_since = ? WHERE name = ?", until, since, name)
    }

    /// A person lets a client go on.
    package func resume(_ name: String) throws {
        try update("UPDATE client SET paused = 0, paused_until = NULL, paused_since = NULL WHERE name = ?", name)
    }

    /// A person limits how fast bytes of a client's files move.
    package func limit(_ name: String, up: Timetable, down: Timetable) throws {
        try update("UPDATE client SET limit_up = ?, limit_down = ? WHERE name = ?", up.text, down.text, name)
    }

    /// Its token and key are no longer good, nor is an invite in its name. What it did stays.
    /// - Parameter at: Unix seconds.
    package func revoke(_ name: String, at: Int64) throws {
        try database.transaction {
            try update(
                "UPDATE client SET revoked_at = coalesce(revoked_at, ?), token_hash = NULL WHERE name = ?", at, name)
            try database.execute("DELETE FROM invite WHERE client = ?", name)
            try database.execute("DELETE FROM rotation WHERE client = ?", name)
        }
    }

    // MARK: - Rows

    func refuseLiveClient(_ name: String) throws {
        if let client = try client(named: name), client.revokedAt == nil { throw JournalError.clientExists(name) }
    }

    /// What a person has not decided yet goes on as that name's.
    func refuseHeld(_ name: String) throws {
        let batch = try database.first("SELECT id FROM held_batch WHERE client = ? ORDER BY id", name) {
            try $0.int64(0)
        }
        if let batch { throw JournalError.stillHeld(name, batch: batch) }
    }

    /// A key opens one client's things: with two, nobody could say whose session is whose, and what is taken from one is kept by the
    /// other.
    func refuseKeyInUse(_ key: String, by name: String) throws {
        let holders = try database.query(
            """
            SELECT name FROM client WHERE public_key = ?1 AND revoked_at IS NULL AND name <> ?2
            UNION ALL SELECT client FROM invite WHERE public_key = ?1 AND used = 0
            UNION ALL SELECT client FROM rotation WHERE public_key = ?1 AND client <> ?2
            """, key, name
        ) { try $0.text(0) }
        if let holder = holders.first { throw JournalError.keyInUse(by: holder) }
    }

    /// SHA-256 (32 bytes) of the tokens of live clients; of one that changes its token both.
    package func tokens() throws -> [(client: String, hash: [UInt8])] {
        try database.query(
            """
            SELECT name, token_hash FROM client WHERE revoked_at IS NULL AND token_hash IS NOT NULL
            UNION ALL SELECT rotation.client, rotation.token_hash FROM rotation
            JOIN client ON client.name = rotation.client AND client.revoked_at IS NULL
            """
        ) { (client: try $0.text(0), hash: try $0.blob(1)) }
    }

    /// What was answered to whoever had a name before is not for who has it now.
    private func forgetAnswers(to name: String) throws {
        for table in [
            "outcome", "acknowledged", "generation", "late_outcome", "guard_window", "guard_done", "guard_released",
            "rotation",
        ] {
            try database.execute("DELETE FROM \(table) WHERE client = ?", name)
        }
    }

    /// A new client, or a revoked one that starts anew and has nothing of what was.
    func insertClient(
        _ name: String, _ kind: ClientRecord.Kind, _ role: ClientRecord.Role, tokenHash: [UInt8]?, publicKey: String,
        subtree: Subtree? = nil, at: Int64
    ) throws {
        try forgetAnswers(to: name)
        try database.execute(
            """
            INSERT OR REPLACE INTO client
                (name, kind, role, read_only, token_hash, public_key, created_at, cursor, paused, subtree, subtree_node,
                 seen_moment, born)
            VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, (SELECT running FROM meta), (SELECT head FROM meta))
            """, name, kind == .sftp, role == .admin, role == .readOnly, tokenHash, publicKey, at, subtree?.path,
            subtree?.node)
    }

    /// One statement that changes one client's row, whose name is the last value.
    private func update(_ sql: String, _ bindings: (any Bindable)?...) throws {
        try database.execute(sql, bindings: bindings)
        guard database.changes == 1 else {
            throw JournalError.noSuchClient(bindings.last.flatMap { $0 as? String } ?? "")
        }
    }

    private static let selectClient = """
        SELECT name, kind, role, public_key, created_at, last_seen, cursor, generation, paused, paused_until,
               revoked_at, report, subtree, subtree_node, paused_since, seen_moment, limit_up, limit_down,
               read_only
        FROM client
        """

    /// What is read-only is nothing else.
    static func role(isAdmin: Bool, isReadOnly: Bool) -> ClientRecord.Role {
        isReadOnly ? .readOnly : isAdmin ? .admin : .member
    }

    private static func client(_ row: borrowing Row) throws -> ClientRecord {
        ClientRecord(
            name: try row.text(0), kind: try row.bool(1) ? .sftp : .agent,
            role: try role(isAdmin: row.bool(2), isReadOnly: row.bool(18)),
            publicKey: try row.text(3), createdAt: try row.int64(4), lastSeen: try row.optionalInt64(5),
            seenMoment: try row.int64(15),
            cursor: Sequence(try row.int64(6)), generation: try row.optionalText(7),
            pause: try row.bool(8) ? row.optionalInt64(9).map { .until($0) } ?? .untilResumed : nil,
            pausedSince: try row.optionalInt64(14), limitUp: Timetable(stored: try row.optionalText(16)),
            limitDown: Timetable(stored: try row.optionalText(17)), revokedAt: try row.optionalInt64(10),
            report: try row.optionalBlob(11),
            subtree: try row.optionalInt64(13).map { Subtree(path: try storedPath(try row.blob(12)), node: NodeID($0)) }
        )
    }
}

extension Timetable {
    /// What cannot be read is no limit: one that is lost makes nothing stop.
    fileprivate init(stored text: String?) { self = text.flatMap { try? Timetable($0) } ?? .off }

    /// Nil for no limit.
    fileprivate var text: String? { isOff ? nil : description }
}
