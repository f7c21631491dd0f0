/// The state of a client, in words that scripts rely on (DESIGN §9).
package enum ClientState: String, Codable, Sendable, CaseIterable {
    case inSync = "in-sync"
    /// Everything is being compared, since what was agreed before does not hold any more (DESIGN §4.7).
    case merging
    case syncing, paused, offline, held, blocked, revoked
}

/// What a client is.
package enum ClientKind: String, Codable, Sendable { case agent, sftp }
