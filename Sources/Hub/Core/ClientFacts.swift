internal import ControlAPI
import SyncCore

/// Whether a client is told to hold still, and how long.
enum Pause: Hashable, Sendable {
    case none
    /// Unix nanoseconds; nil until somebody resumes it.
    case paused(until: Nanoseconds?)

    /// What is left of it at `now`.
    func active(at now: Nanoseconds) -> Pause {
        if case .paused(let until?) = self, until <= now { .none } else { self }
    }
    var isPaused: Bool { self != .none }
}

/// What a client said of itself last, as far as decisions need it.
struct LastReport: Hashable, Sendable {
    var cursor: Sequence
    /// The newest barrier that it has passed.
    var barrier: Int64
    var pending: [PendingMessage]
    var upCount: Int
    var downCount: Int
    /// Bytes that are still to move, both directions.
    var bytes: Int64
    /// Why nothing goes on there, as a sentence; nil while it does.
    var blocked: String?
    /// Why everything is being compared there, as a sentence; nil when it is not.
    var merging: String?
    /// `send-only` or `receive-only`; nil for two-way.
    var mode: String?
    /// How far it is; nil while nothing waits.
    var progress: ProgressMessage?

    /// - Parameter request: without a ``ReportRequest/problem``.
    init(_ request: ReportRequest) {
        cursor = Sequence(request.cursor)
        barrier = request.barrier
        pending = request.pending
        upCount = request.upCount
        downCount = request.downCount
        bytes = request.bytes
        blocked = request.blocked
        merging = request.merging
        mode = request.mode
        progress = request.progress
    }

    /// Items that somebody may wait for: all but what is skipped for good.
    var open: [PendingMessage] { pending.filter { $0.skipped != true } }
    /// How many items wait, also those above the length that a report may have.
    var openCount: Int { isComplete ? open.count : max(open.count, upCount + downCount) }
    /// Whether each item that waits is listed. The sums may count what is skipped, or not; in a list that is full what is
    /// skipped stands in the place of nothing that waits.
    var isComplete: Bool {
        let listed = pending.count < ReportRequest.itemLimit ? pending.count : open.count
        return listed >= upCount + downCount
    }
}

extension ReportRequest {
    /// What is wrong with its texts and numbers, whatever the journal says; nil if nothing is. Sums of those that are right do not
    /// overflow.
    var problem: String? {
        if let problem = progress?.problem ?? textProblem { return problem }
        let counts = 0...(1 << 40), sizes = Int64(0)...(1 << 62)
        guard counts.contains(upCount), counts.contains(downCount) else {
            return "the fields 'up_count' and 'down_count' must be from 0 to \(counts.upperBound)"
        }
        guard sizes.contains(bytes), pending.allSatisfy({ sizes.contains($0.bytes) }) else {
            return "a field 'bytes' must be from 0 to \(sizes.upperBound)"
        }
        return cursor < 0 || barrier < 0 ? "cursor and barrier must not be negative" : nil
    }
}

/// All that the hub knows of one client at one moment: the input of the rules in this directory.
struct ClientFacts: Hashable, Sendable {
    var name: String
    var kind: ClientKind
    var isRevoked: Bool
    /// What is active at this moment.
    var pause: Pause
    /// Unix nanoseconds; nil when it is not paused, or nobody knows.
    var pausedSince: Nanoseconds?
    /// The highest `seq` that it has applied.
    var cursor: Sequence
    /// Up to where it knows what there is; nil while that is not known.
    var told: Sequence?
    /// Unix nanoseconds; nil if it never spoke.
    var lastSeen: Nanoseconds?
    /// Whether it holds a long poll open or spoke a short while ago.
    var isOnline: Bool
    /// What it said last; nil before its first report since the hub started.
    var report: LastReport?
    /// Tombstones are gone that it has not seen.
    var hasMissed = false
    /// It was away for so long that tombstones do not wait for it.
    var isStale = false
    /// Another machine that says to be this client was turned away a short while ago.
    var isDoubled = false
    /// What of it waits for a person.
    var heldBatches: [Int64] = []
    /// The part of the share that it maps; nil for all.
    var subtree: RelativePath?
    /// Why there is nothing that it could map, as a sentence; nil while there is.
    var lost: String?

    init(
        name: String, kind: ClientKind = .agent, isRevoked: Bool = false, pause: Pause = .none,
        cursor: Sequence = .zero,
        lastSeen: Nanoseconds? = nil, isOnline: Bool = true, report: LastReport? = nil
    ) {
        self.name = name
        self.kind = kind
        self.isRevoked = isRevoked
        self.pause = pause
        self.cursor = cursor
        self.lastSeen = lastSeen
        self.isOnline = isOnline
        self.report = report
    }

    /// Whether what others change is to come to it: a phone has no folder, and a source takes nothing.
    var receives: Bool { hasFolder && report?.mode != SyncMode.sendOnly(deletes: true).name }

    /// Whether the states of its folder and of the share can be compared: a phone has no folder.
    var hasFolder: Bool { kind == .agent && !isRevoked }
}

/// Why a client is not where it should be, as people read it.
enum ClientReason {
    static func offline(_ client: ClientFacts) -> String {
        let since = client.lastSeen.map { "offline since \(Timestamp.text($0))" } ?? "was never connected"
        return client.hasMissed ? "\(since), for so long that it takes a snapshot when it is back" : since
    }

    /// Nil when it is not paused.
    static func paused(_ client: ClientFacts) -> String? {
        let since = client.pausedSince.map { "since \(Timestamp.text($0)), " } ?? ""
        return switch client.pause {
        case .none: nil
        case .paused(nil): "paused \(since)until somebody resumes it (`syncctl resume \(client.name)`)"
        case .paused(let until?): "paused \(since)until \(Timestamp.text(until))"
        }
    }

    /// Nil while its folder is there.
    static func blocked(_ client: ClientFacts) -> String? {
        (client.lost ?? client.report?.blocked).map { "blocked: \($0)" }
    }

    /// Why it may not answer at all; nil for a client that is there and may work.
    static func absent(_ client: ClientFacts) -> String? {
        if client.isRevoked { return "revoked" }
        return paused(client) ?? (client.isOnline ? blocked(client) : offline(client))
    }

    static func counts(_ report: LastReport) -> String {
        var parts: [String] = []
        if report.upCount > 0 { parts.append("\(report.upCount) up") }
        if report.downCount > 0 { parts.append("\(report.downCount) down") }
        let first = report.open.first.map { ", first \($0.path): \($0.reason)" } ?? ""
        return parts.joined(separator: ", ") + first
    }
}
