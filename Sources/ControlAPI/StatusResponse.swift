/// `GET /v1/status`.
package struct StatusResponse: Codable, Hashable, Sendable {
    /// The hub and its share.
    package struct Hub: Codable, Hashable, Sendable {
        /// How the hub calls itself, as `init` was told.
        package var name: String
        /// Of the program that answers.
        package var version: String
        /// The journal's head.
        package var seq: Int64
        /// Live files, without directories and symlinks.
        package var files: Int64
        /// Of all live files together.
        package var bytes: Int64
        /// Absolute path of the share.
        package var share: String
        /// Why the hub takes nothing in (its share is not there), as a sentence; nil while it does.
        package var blocked: String?
        package init(
            name: String, version: String, seq: Int64, files: Int64, bytes: Int64, share: String,
            blocked: String? = nil
        ) {
            self.name = name
            self.version = version
            self.seq = seq
            self.files = files
            self.bytes = bytes
            self.share = share
            self.blocked = blocked
        }
    }
    /// What waits in each direction.
    package struct Unsynced: Codable, Hashable, Sendable {
        /// Paths that are to be sent.
        package var up: Int
        /// Paths that are to come.
        package var down: Int
        /// To move at most, both directions together.
        package var bytes: Int64
        package init(up: Int, down: Int, bytes: Int64) {
            self.up = up
            self.down = down
            self.bytes = bytes
        }
    }
    /// One client.
    package struct Client: Codable, Hashable, Sendable {
        /// Unique at the hub.
        package var name: String
        /// An agent, or a device that only speaks SFTP.
        package var kind: ClientKind
        /// The one word for how it is doing.
        package var state: ClientState
        /// Why it is so, as a sentence; nil where the word says all.
        package var reason: String?
        /// Another machine that says to be this client is turned away: what to do, as a sentence; nil if there is none.
        package var refused: String?
        /// The `seq` up to which everything is on its disk.
        package var cursor: Int64
        /// Changes that it has yet to apply.
        package var behind: Int64
        /// Zeros when nothing waits.
        package var unsynced: Unsynced
        /// RFC 3339 UTC; nil if it was never seen.
        package var lastSeen: String?
        /// RFC 3339 UTC, only while paused with an end.
        package var pausedUntil: String?
        /// RFC 3339 UTC, only while paused; nil if that was not recorded.
        package var pausedSince: String?
        /// `send-only` or `receive-only`; nil for two-way, and as long as it has not said.
        package var mode: String?
        /// How far it is; nil unless it is at work.
        package var progress: ProgressMessage?
        /// How fast bytes of files may move, as somebody asked here; nil for no limit.
        package var limits: LimitsMessage?
        private enum CodingKeys: String, CodingKey {
            case name, kind, state, reason, refused, cursor, behind, unsynced, lastSeen = "last_seen"
            case pausedUntil = "paused_until", pausedSince = "paused_since", mode, limits, progress
        }
        package init(
            name: String, kind: ClientKind, state: ClientState, reason: String? = nil, refused: String? = nil,
            cursor: Int64, behind: Int64, unsynced: Unsynced, lastSeen: String?, pausedUntil: String?,
            pausedSince: String? = nil, mode: String? = nil, limits: LimitsMessage? = nil,
            progress: ProgressMessage? = nil
        ) {
            self.progress = progress
            self.limits = limits
            self.name = name
            self.kind = kind
            self.state = state
            self.reason = reason
            self.refused = refused
            self.cursor = cursor
            self.behind = behind
            self.unsynced = unsynced
            self.lastSeen = lastSeen
            self.pausedUntil = pausedUntil
            self.pausedSince = pausedSince
            self.mode = mode
        }
    }
    /// The one that was asked, or asked for.
    package var hub: Hub
    /// By name, revoked ones too.
    package var clients: [Client]
    /// Open conflicts.
    package var conflicts: Int
    /// Batches that wait for a person.
    package var held: Int?
    package init(hub: Hub, clients: [Client], conflicts: Int, held: Int? = nil) {
        self.held = held
        self.hub = hub
        self.clients = clients
        self.conflicts = conflicts
    }
}
