internal import ControlAPI
internal import Journal
import SyncCore

/// A client as the journal has it, with what is only known while the hub runs.
struct LiveClient {
    var record: ClientRecord
    var report: LastReport?
    /// Up to where its index had taken in what the hub told, when it asked last; nil if it did not since the hub started.
    var told: Sequence?
    /// Of what it was asked to give back.
    var asking = AskingRound()
    /// As the report goes to the journal; nil when it has gone.
    var unsavedReport: ReportRequest?
    /// What went to the journal, or is about to, since the hub started.
    private var lastKept: ReportRequest?
    /// Unix nanoseconds; nil if it was not heard since the hub started.
    var lastHeard: Nanoseconds?
    /// Of the clock that never goes back.
    var lastHeardUptime: Nanoseconds?
    var openPolls = 0
    /// Which machine said hello last; nil if it did not say, or nobody did since the hub started.
    var machine: String?
    /// When that machine's session asked for something, by the clock that never goes back.
    var sessionHeard: Nanoseconds?
    /// When another machine was turned away, by the clock that never goes back.
    var turnedAway: Nanoseconds?
    /// It merges as if new: its commits wait until what lay in the share before has been taken in. A journal from a backup is
    /// behind its share, and would call the newer contents that both have conflicts.
    var shareMark: Int64?
    /// Which of those that had the name since the hub started.
    var holder = 0
    /// What the journal has as `seenMoment`.
    var savedSeen: Int64

    init(_ record: ClientRecord) {
        self.record = record
        savedSeen = record.seenMoment
        // One that would be refused today counts as none.
        let kept = record.report.flatMap { try? WireFormat.decode(ReportRequest.self, from: $0) }
        report = kept.flatMap { $0.problem == nil && $0.barrier <= HubDesk.highestBarrier ? LastReport($0) : nil }
    }

    /// What it has reported says nothing any more.
    mutating func forgetReport() { (report, told, unsavedReport, lastKept) = (nil, nil, nil, nil) }

    /// Has it written down, unless it says nothing that a journal has to know: how far a client is changes all the time.
    mutating func note(_ report: ReportRequest) {
        var kept = report
        kept.progress = nil
        if kept == lastKept { return }
        unsavedReport = kept
        lastKept = kept
    }

    /// - Parameter grace: how long it counts as there after it spoke.
    func facts(_ clock: HubClock, grace: Nanoseconds) -> ClientFacts {
        let isRecent = lastHeardUptime.map { clock.uptime() - $0 <= grace } ?? false
        var facts = ClientFacts(
            name: record.name, kind: record.kind == .agent ? .agent : .sftp, isRevoked: record.revokedAt != nil,
            pause: pause(at: clock.now()), cursor: record.cursor, lastSeen: lastSeen,
            isOnline: openPolls > 0 || isRecent, report: report)
        facts.told = told
        if facts.pause.isPaused { facts.pausedSince = record.pausedSince.map { .seconds($0) } }
        return facts
    }

    /// Whether it has a staging directory that it may write to.
    var maySendFiles: Bool { record.kind == .agent && record.revokedAt == nil }

    /// Whether the machine that said hello last is there: who comes from another one has a copy of its home.
    /// - Parameter grace: how long it counts as there after it spoke.
    func isSessionAlive(_ clock: HubClock, grace: Nanoseconds) -> Bool {
        openPolls > 0 || sessionHeard.map { clock.uptime() - $0 < grace } ?? false
    }

    /// Whether a second machine tries to be this client: one that is refused tries again within half a minute.
    func isDoubled(_ clock: HubClock) -> Bool { turnedAway.map { clock.uptime() - $0 < .seconds(120) } ?? false }

    func pause(at now: Nanoseconds) -> Pause {
        let asked: Pause =
            switch record.pause {
            case nil: .none
            case .untilResumed: .paused(until: nil)
            case .until(let end): .paused(until: .seconds(end))
            }
        return asked.active(at: now)
    }

    private var lastSeen: Nanoseconds? { lastHeard ?? record.lastSeen.map { .seconds($0) } }
}

extension Pause {
    /// Nil when there is none.
    var message: PauseMessage? {
        switch self {
        case .none: nil
        case .paused(let until): PauseMessage(until: until.map(Timestamp.text))
        }
    }
}
