import SyncCore

/// Anything with a key, as the journal remembers it.
package struct ClientRecord: Hashable, Sendable {
    /// A program of ours, or a device that only speaks SFTP.
    package enum Kind: String, Hashable, Sendable { case agent, sftp }
    /// What it may do.
    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// It may steer the hub, too.
        case admin
        case member
        /// It receives: nothing in the share changes by it.
        case readOnly = "read-only"
    }
    /// A pause that a person asked for.
    package enum Pause: Hashable, Sendable {
        case untilResumed
        /// Unix seconds.
        case until(Int64)
    }

    /// Unique among live and revoked clients; stands in conflict names.
    package var name: String
    /// What it is.
    package var kind: Kind
    /// What it may do.
    package var role: Role
    /// One OpenSSH public key line.
    package var publicKey: String
    /// Unix seconds.
    package var createdAt: Int64
    /// Unix seconds; nil if it was never seen. For people.
    package var lastSeen: Int64?
    /// When it was seen last, or else began, by ``Journal/runningTime``: what decides whether anybody waits for it.
    package var seenMoment: Int64
    /// Everything up to here is on its disk.
    package var cursor: Sequence
    /// Of its index (hex); nil before its first hello.
    package var generation: String?
    /// As it was asked for; an end may have passed: see ``isPaused(at:)``.
    package var pause: Pause?
    /// Unix seconds; nil if that is not on record.
    package var pausedSince: Int64?
    /// How fast bytes of its files may move to the hub.
    package var limitUp = Timetable.off
    /// How fast they may move from it.
    package var limitDown = Timetable.off
    /// Unix seconds; nil while its key is good.
    package var revokedAt: Int64?
    /// The last report, as the hub encoded it.
    package var report: [UInt8]?
    /// The part of the share that it maps; nil for all.
    package var subtree: Subtree?

    /// - Parameter now: Unix seconds.
    package func isPaused(at now: Int64) -> Bool {
        switch pause {
        case nil: false
        case .untilResumed: true
        case .until(let end): now < end
        }
    }
}

/// A one-time permission to join.
package struct InviteRecord: Hashable, Sendable {
    /// The name that the new client will have.
    package var client: String
    /// SHA-256 of the secret: 32 bytes.
    package var secretHash: [UInt8]
    /// The one-time key, as one OpenSSH public key line.
    package var publicKey: String
    /// What the new client may do.
    package var role: ClientRecord.Role
    /// Unix seconds.
    package var expires: Int64
    /// The part of the share that the new client may map; nil for all.
    package var subtree: RelativePath?
    /// When it was made, by ``Journal/runningTime``.
    package var moment: Int64
    /// Seconds in which hubs run, after which it is over whatever the calendar says.
    package var life: Int64

    package init(
        client: String, secretHash: [UInt8], publicKey: String, role: ClientRecord.Role, expires: Int64,
        subtree: RelativePath? = nil, moment: Int64 = 0, life: Int64 = .max
    ) {
        self.client = client
        self.secretHash = secretHash
        self.publicKey = publicKey
        self.role = role
        self.expires = expires
        self.subtree = subtree
        self.moment = moment
        self.life = life
    }

    /// Seconds until it ends, if both times go on alike; 0 or less once it is over.
    /// - Parameters:
    ///   - at: Unix seconds, now.
    ///   - moment: the same by ``Journal/runningTime``.
    package func rest(at: Int64, moment: Int64) -> Int64 { min(expires - at, life - max(moment - self.moment, 0)) }
}
