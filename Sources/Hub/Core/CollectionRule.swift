internal import Journal
import SyncCore

/// Which tombstones no client needs any more.
enum CollectionRule {
    /// A client that the rule looks at.
    struct Client: Hashable, Sendable {
        var name: String
        /// Everything up to here is on its disk.
        var cursor: Sequence
        /// It was seen within the time that counts, or is there now.
        var isLive: Bool
    }

    /// The lowest cursor of those that count; the head if none does.
    static func limit(_ clients: [Client], head: Sequence) -> Sequence {
        clients.filter(\.isLive).map(\.cursor).min() ?? head
    }
}

extension CollectionRule.Client {
    /// Nil for what takes no changes: revoked clients, and devices that only speak SFTP.
    /// - Parameters:
    ///   - now: Unix nanoseconds.
    ///   - staleAfter: not seen for so long, it does not count any more; in days.
    init?(_ record: ClientRecord, lastSeen: Nanoseconds?, isOnline: Bool, now: Nanoseconds, staleAfter: Int) {
        guard record.revokedAt == nil, record.kind == .agent else { return nil }
        name = record.name
        cursor = record.cursor
        let (age, overflows) = now.subtractingReportingOverflow(lastSeen ?? .seconds(record.createdAt))
        isLive = isOnline || (!overflows && age < .seconds(staleAfter * 86_400))
    }
}
