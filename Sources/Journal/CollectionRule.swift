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
    ///   - seen: when it was seen last, by ``Journal/runningTime``; no clock that jumps makes it go.
    ///   - now: by the same time.
    ///   - staleAfter: not seen for so long, it does not count any more; in days in which the hub runs.
    package init?(_ record: ClientRecord, seen: Int64, isOnline: Bool, now: Int64, staleAfter: Int) {
        guard record.revokedAt == nil, record.kind == .agent else { return nil }
        name = record.name
        cursor = record.cursor
        isLive = isOnline || now - seen < Int64(staleAfter) * 86_400
    }
}
