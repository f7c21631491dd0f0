internal import ControlAPI
internal import Processes
internal import Transport

/// What the agent's threads tell each other. Any thread.
final class AgentState: Sendable {
    private struct Facts {
        var connection: (any HubConnection)?
        var pause: PauseMessage?
        var isStopping = false
        /// Why the agent gives up, if it does.
        var fatal: AgentFailure?
        /// Since when the hub has been away, and why; nil while it is there.
        var away: (since: Int64, reason: String)? = (Clock.now / 1_000_000_000, "not connected yet")
        /// The hub is there and does not let this machine in: why, as a sentence.
        var refusal: String?
        var isCaughtUp = false
        /// As somebody asked for them at the hub, in the connection that there is.
        var limits: LimitsMessage?
        /// What the hub asks for.
        var wanted: [ContentKey] = []
        /// What others are sending; nil until the hub has said it.
        var coming: [Coming]?
    }
    private let facts = Monitor(Facts())

    let up = Bell()
    let bulkUp = Bell()
    let down = Bell()
    let bulkDown = Bell()
    let poll = Bell()
    let report = Bell()

    /// The connection to use for transfers and commits: none while the hub is away, a pause holds or the agent stops.
    var forTransfers: (any HubConnection)? {
        facts.look { $0.pause == nil && !$0.isStopping ? $0.connection : nil }
    }

    /// The connection, paused or not.
    var connection: (any HubConnection)? { facts.look { $0.connection } }

    var isPaused: Bool { facts.look { $0.pause != nil } }
    var pause: PauseMessage? { facts.look { $0.pause } }
    var isStopping: Bool { facts.look { $0.isStopping } }
    var fatal: AgentFailure? { facts.look { $0.fatal } }
    var away: (since: Int64, reason: String)? { facts.look { $0.away } }
    var refusal: String? { facts.look { $0.refusal } }
    /// How fast bytes of files may move, as it was last heard of the hub.
    var limits: LimitsMessage? { facts.look { $0.limits } }
    func setLimits(_ limits: LimitsMessage?) { facts.withLock { $0.limits = limits } }
    /// Whether everything that the hub had at the last answer has been received.
    var isCaughtUp: Bool { facts.look { $0.isCaughtUp } }

    func connected(_ connection: any HubConnection) {
        facts.withLock { facts in
            facts.connection = connection
            facts.pause = connection.hello.paused
            facts.away = nil
            facts.refusal = nil
            facts.isCaughtUp = false
        }
        ringAll()
    }

    /// - Parameter refusal: the hub's own words, if it said why it does not let this machine in.
    func disconnected(_ reason: String, refusal: String? = nil) {
        let old = facts.withLock { facts in
            facts.refusal = refusal
            if facts.away == nil {
                facts.away = (Clock.now / 1_000_000_000, reason)
            } else {
                facts.away?.reason = reason
            }
            facts.coming = nil
            defer { facts.connection = nil }
            return facts.connection
        }
        old?.close()
    }

    /// A pause begins or ends; transfers in progress stop.
    func setPause(_ pause: PauseMessage?) {
        let (changed, connection) = facts.withLock { facts in
            let changed = (facts.pause == nil) != (pause == nil)
            facts.pause = pause
            return (changed, facts.connection)
        }
        guard changed else { return }
        if pause != nil { connection?.cancelTransfers() }
        ringAll()
    }

    /// The hub asks for contents that it lacks.
    func want(_ contents: [ContentKey]) { facts.withLock { $0.wanted = contents } }

    /// Takes some of what it asks for: each is offered once.
    func takeWanted(where isMeant: (ContentKey) -> Bool) -> [ContentKey] {
        facts.withLock { facts in
            defer { facts.wanted.removeAll(where: isMeant) }
            return facts.wanted.filter(isMeant)
        }
    }

    /// What others are sending at this moment; nil while that is not known.
    var coming: [Coming]? { facts.look { $0.coming } }

    /// - Returns: whether that is news.
    func setComing(_ coming: [Coming]) -> Bool {
        facts.withLock { facts in
            defer { facts.coming = coming }
            return facts.coming != coming
        }
    }

    func setCaughtUp(_ isCaughtUp: Bool) { facts.withLock { $0.isCaughtUp = isCaughtUp } }

    /// The agent ends; with a reason if it gives up.
    func stop(_ fatal: AgentFailure? = nil) {
        facts.withLock { facts in
            facts.isStopping = true
            if facts.fatal == nil { facts.fatal = fatal }
        }
        disconnected("the agent stops")
        ringAll()
    }

    /// Waits so long, or less if the agent is to end.
    func pause(_ time: Duration) {
        facts.wait(timeout: time) { $0.isStopping ? () : nil }
    }

    /// Blocks until the agent is to end.
    func waitForStop() {
        facts.wait { $0.isStopping ? () : nil }
    }

    /// There may be something to do in every direction.
    func ringAll() {
        up.ring()
        bulkUp.ring()
        down.ring()
        bulkDown.ring()
        poll.ring()
        report.ring()
    }
}
