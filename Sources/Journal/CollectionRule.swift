import SyncCore

/// Which tombstones no client needs any more.
package enum CollectionRule {
    /// A client that the rule looks at.
    package struct Client: Hashable, Sendable {
        /// Its own.
        package var name: String
        /// Everything up to here is on its disk.
        package var cursor: Sequence
        /// It was seen within the time that counts, or is there now.
        package var isLive: Bool

        package init(name: String, cursor: Sequence, isLive: Bool) {
            self.name = name
            self.cursor = cursor
            self.isLive = isLive
        }
    }

    /// The lowest cursor of those that count; the head if none does.
    package static func limit(_ clients: [Client], head: Sequence) -> Sequence {
        clients.filter(\.isLive).map(\.cursor).min() ?? head
    }
}

extension CollectionRule.Client {
    /// Nil for what takes no changes: revoked clients, and devices that only speak SFTP.
    /// - Parameters:
    ///   - now: Unix nanoseconds.
    ///   - staleAfter: not seen for so long, it does not count any more; in days.
    package init?(_ record: ClientRecord, lastSeen: Nanoseconds?, isOnline: Bool, now: Nanoseconds, staleAfter: Int) {
        guard record.revokedAt == nil, record.kind == .agent else { return nil }
        name = record.name
        cursor = record.cursor
        let (age, overflows) = now.subtractingReportingOverflow(lastSeen ?? record.createdAt * 1_000_000_000)
        isLive = isOnline || (!overflows && age < Int64(staleAfter) * 86_400_000_000_000)
    }
}
