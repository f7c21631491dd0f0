internal import SQLite
import SyncCore

extension Journal {
    /// Allows a client of that name to join. An earlier invite in the same name is void then.
    /// - Throws: ``JournalError/clientExists(_:)``.
    package func createInvite(_ invite: InviteRecord) throws {
        try database.transaction {
            try refuseLiveClient(invite.client)
            try database.execute("DELETE FROM invite WHERE client = ?", invite.client)
            try database.execute(
                """
                INSERT INTO invite (secret_hash, client, public_key, role, read_only, expires, used, subtree)
                VALUES (?, ?, ?, ?, ?, ?, 0, ?)
                """, invite.secretHash, invite.client, invite.publicKey, invite.role == .admin,
                invite.role == .readOnly, invite.expires, invite.subtree)
        }
    }

    /// Invites that are neither used nor expired: their keys may connect.
    /// - Parameter at: Unix seconds, now.
    package func openInvites(at: Int64) throws -> [InviteRecord] {
        try database.query("\(Self.selectInvite) WHERE used = 0 AND expires > ? ORDER BY client", at) {
            try Self.invite($0)
        }
    }

    /// The open invite whose secret has this SHA-256.
    /// - Parameter at: Unix seconds, now.
    package func openInvite(secretHash: [UInt8], at: Int64) throws -> InviteRecord? {
        try database.first("\(Self.selectInvite) WHERE secret_hash = ? AND used = 0 AND expires > ?", secretHash, at) {
            try Self.invite($0)
        }
    }

    /// A client comes with an invite, its own key and a new token. May be repeated with the same invite until the
    /// first ``hello(_:generation:at:)`` of the client; the last key and token count.
    /// - Returns: the new client; nil if the invite is unknown, used or expired.
    package func join(
        secretHash: [UInt8], tokenHash: [UInt8], publicKey: String, subtree: Subtree? = nil, at: Int64
    ) throws -> ClientRecord? {
        try database.transaction {
            guard let invite = try openInvite(secretHash: secretHash, at: at) else { return nil }
            try insertClient(
                invite.client, .agent, invite.role, tokenHash: tokenHash, publicKey: publicKey, subtree: subtree,
                at: at)
            return try client(named: invite.client)
        }
    }

    private static let selectInvite = """
        SELECT secret_hash, client, public_key, role, expires, subtree, read_only FROM invite
        """

    private static func invite(_ row: borrowing Row) throws -> InviteRecord {
        InviteRecord(
            client: try row.text(1), secretHash: try row.blob(0), publicKey: try row.text(2),
            role: try role(isAdmin: row.bool(3), isReadOnly: row.bool(6)), expires: try row.int64(4),
            subtree: try row.optionalBlob(5).map(storedPath))
    }
}
