internal import SQLite
import SyncCore

extension Journal {
    /// Allows a client of that name to join. An earlier invite in the same name is void then.
    /// - Throws: ``JournalError/clientExists(_:)``, ``JournalError/stillHeld(_:batch:)``, ``JournalError/keyInUse(by:)``.
    package func createInvite(_ invite: InviteRecord) throws {
        try database.transaction {
            try refuseLiveClient(invite.client)
            try refuseHeld(invite.client)
            try database.execute("DELETE FROM invite WHERE client = ?", invite.client)
            try refuseKeyInUse(invite.publicKey, by: invite.client)
            try noteRunning(invite.moment)
            try database.execute(
                """
                INSERT INTO invite
                    (secret_hash, client, public_key, role, read_only, expires, used, subtree, moment, life)
                VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?)
                """, invite.secretHash, invite.client, invite.publicKey, invite.role == .admin,
                invite.role == .readOnly, invite.expires, invite.subtree, invite.moment, invite.life)
        }
    }

    /// Invites that are not used up, by name; they may be over. A client that has one has joined by it, and has not said hello yet.
    package func unusedInvites() throws -> [InviteRecord] {
        try database.query("\(Self.selectInvite) WHERE used = 0 ORDER BY client") { try Self.invite($0) }
    }

    /// Invites that are neither used nor over: their keys may connect.
    /// - Parameters:
    ///   - at: Unix seconds, now.
    ///   - moment: the same by ``runningTime``.
    package func openInvites(at: Int64, moment: Int64 = 0) throws -> [InviteRecord] {
        try unusedInvites().filter { $0.rest(at: at, moment: moment) > 0 }
    }

    /// The open invite whose secret has this SHA-256.
    /// - Parameters:
    ///   - at: Unix seconds, now.
    ///   - moment: the same by ``runningTime``.
    package func openInvite(secretHash: [UInt8], at: Int64, moment: Int64 = 0) throws -> InviteRecord? {
        try openInvites(at: at, moment: moment).first { $0.secretHash == secretHash }
    }

    /// A client comes with an invite, its own key and a new token. May be repeated with the same invite until the
    /// first ``hello(_:generation:at:)`` of the client; the last key and token count.
    /// - Returns: the new client; nil if the invite is unknown, used or over.
    /// - Throws: ``JournalError/keyInUse(by:)``: also for the key of the invite itself, which others have seen.
    package func join(
        secretHash: [UInt8], tokenHash: [UInt8], publicKey: String, subtree: Subtree? = nil, at: Int64,
        moment: Int64 = 0
    ) throws -> ClientRecord? {
        try database.transaction {
            guard let invite = try openInvite(secretHash: secretHash, at: at, moment: moment) else { return nil }
            try refuseKeyInUse(publicKey, by: invite.client)
            try insertClient(
                invite.client, .agent, invite.role, tokenHash: tokenHash, publicKey: publicKey, subtree: subtree,
                at: at)
            return try client(named: invite.client)
        }
    }

    /// Nobody can join by the invite in that name any more; who has, and has not said hello, is gone with it.
    /// - Returns: whether there was one.
    @discardableResult
    package func withdrawInvite(of name: String) throws -> Bool {
        try database.transaction {
            let isOpen = try database.first("SELECT 1 FROM invite WHERE client = ? AND used = 0", name) { _ in true }
            guard isOpen == true else { return false }
            try database.execute("DELETE FROM client WHERE name = ? AND revoked_at IS NULL", name)
            try database.execute("DELETE FROM invite WHERE client = ?", name)
            return true
        }
    }

    /// Withdraws the invites that are over, for good: no clock brings them back.
    /// - Parameters:
    ///   - at: Unix seconds, now.
    ///   - moment: the same by ``runningTime``.
    /// - Returns: in whose names they were.
    package func endInvites(at: Int64, moment: Int64) throws -> [String] {
        try database.transaction {
            let over = try unusedInvites().filter { $0.rest(at: at, moment: moment) <= 0 }.map(\.client)
            for name in over { try withdrawInvite(of: name) }
            return over
        }
    }

    private static let selectInvite = """
        SELECT secret_hash, client, public_key, role, expires, subtree, read_only, moment, life FROM invite
        """

    private static func invite(_ row: borrowing Row) throws -> InviteRecord {
        InviteRecord(
            client: try row.text(1), secretHash: try row.blob(0), publicKey: try row.text(2),
            role: try role(isAdmin: row.bool(3), isReadOnly: row.bool(6)), expires: try row.int64(4),
            subtree: try row.optionalBlob(5).map(storedPath), moment: try row.int64(7), life: try row.int64(8))
    }
}
