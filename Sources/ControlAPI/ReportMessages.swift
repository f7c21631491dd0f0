/// `POST /v1/report`: how far the client is, told after each change of it. Answered with `{}`.
package struct ReportRequest: Codable, Hashable, Sendable {
    /// Of ``pending``.
    package static let itemLimit = 1_000

    /// The journal's that the cursor is of.
    package var epoch: String
    /// Everything up to here is on the client's disk: its cursor.
    package var cursor: Int64
    /// The newest barrier (see ``ChangesResponse``) that it has passed: all that had happened on its disk when it learned of
    /// the barrier is committed or stands in `pending`.
    package var barrier: Int64
    /// What waits in both directions, at most ``itemLimit``, what waits before what is skipped; the sums count all
    /// that waits.
    package var pending: [PendingMessage]
    /// All that is to be sent, also beyond `pending`, without what is skipped.
    package var upCount: Int
    /// All that is to come, also beyond `pending`.
    package var downCount: Int
    /// Bytes that are still to move, both directions.
    package var bytes: Int64
    /// Why nothing goes on at all (its folder is not there), as a sentence; nil while it does.
    package var blocked: String?
    /// Why everything is being compared with the hub, as a sentence; nil when it is not.
    package var merging: String?
    /// `send-only` or `receive-only`; nil for two-way.
    package var mode: String?
    /// How far it is; nil while nothing waits.
    package var progress: ProgressMessage?
    private enum CodingKeys: String, CodingKey {
        case epoch, cursor, barrier, pending, upCount = "up_count", downCount = "down_count", bytes, blocked, merging
        case mode, progress
    }
    package init(
        epoch: String, cursor: Int64, barrier: Int64, pending: [PendingMessage], upCount: Int, downCount: Int,
        bytes: Int64, blocked: String? = nil, merging: String? = nil, mode: String? = nil,
        progress: ProgressMessage? = nil
    ) {
        self.epoch = epoch
        self.cursor = cursor
        self.barrier = barrier
        self.pending = pending
        self.upCount = upCount
        self.downCount = downCount
        self.bytes = bytes
        self.blocked = blocked.map(TextLimits.cut)
        self.merging = merging.map(TextLimits.cut)
        self.mode = mode
        self.progress = progress
    }
}

/// One thing that is not synced.
package struct PendingMessage: Codable, Hashable, Sendable {
    /// Relative to the share, escaped.
    package var path: String
    /// From this client, or to it.
    package var direction: Direction
    /// To move at most.
    package var bytes: Int64
    /// A sentence's worth: `settling`, `permission denied: cannot read`, `a FIFO, which cannot be synced`, …
    package var reason: String
    /// True when it will never be synced (a FIFO, …): shown, but nobody waits for it.
    package var skipped: Bool?
    /// True for what is skipped since it is at the hub only and the client takes nothing: an answer to `why`, and in no list.
    package var unlisted: Bool?
    /// True if something has to be otherwise before it goes on (no room, no permission, a person's decision): the reason says
    /// what.
    package var stuck: Bool?
    package init(
        path: String, direction: Direction, bytes: Int64, reason: String, skipped: Bool = false,
        unlisted: Bool = false, stuck: Bool = false
    ) {
        self.path = path
        self.direction = direction
        self.bytes = bytes
        self.reason = TextLimits.cut(reason)
        self.skipped = skipped ? true : nil
        self.unlisted = unlisted ? true : nil
        self.stuck = stuck ? true : nil
    }
}

/// Which way something waits.
package enum Direction: String, Codable, Sendable { case up, down }
