internal import ControlAPI
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

/// A running agent: one thread listens to the hub and connects again when it is away, one sends, one fetches, one
/// reports.
final class Agent: Sendable {
    private let worker: FolderWorker
    private let address: HubAddress
    private let secrets: @Sendable () -> [UInt8]?
    private let rejoining: Rejoining
    private let connections: Int
    let state = AgentState()
    private let running = Monitor(0)

    /// How often an idle agent looks whether its folder is there, in milliseconds.
    private static let presenceAfter: Int64 = 15_000
    /// How often it is told how far a transfer is, in milliseconds.
    private static let progressAfter: Int64 = 1_000
    /// How long what had trouble rests before it is tried again, in milliseconds.
    private static let lookAgainAfter: Int64 = 5_000
    /// How long a report waits for what is going on to be over, in milliseconds.
    private static let moment: Int64 = 50

    /// - Parameters:
    ///   - secrets: tells the key and the token of now from those of before.
    ///   - rejoining: what to say when the hub does not know this machine.
    ///   - connections: for one large file at most.
    init(
        worker: FolderWorker, address: HubAddress, secrets: @escaping @Sendable () -> [UInt8]?, rejoining: Rejoining,
        connections: Int
    ) {
        self.secrets = secrets
        self.connections = connections
        self.worker = worker
        self.address = address
        self.rejoining = rejoining
    }

    func start() {
        worker.lookAtEverything()
        start("listen") { $0.listen() }
        start("send") { $0.send() }
        start("send-ahead") { $0.sendAhead() }
        start("fetch") { $0.fetch() }
        start("fetch-large") { $0.fetchLarge() }
        start("report") { $0.report() }
    }

    /// Ends the threads and waits for them.
    func stop() {
        state.stop()
        _ = running.wait { $0 == 0 ? () : nil }
        worker.stop()
    }

    private func start(_ name: String, _ body: @escaping @Sendable (Agent) -> Void) {
        running.withLock { $0 += 1 }
        startThread(name) { [self] in
            body(self)
            running.withLock { $0 -= 1 }
        }
    }

    // MARK: - Listening

    private func listen() {
        let log = Log("agent")
        let receiver = Receiver(worker: worker, state: state, limits: address.limits)
        var (pause, longest) = (1, 1)
        while !state.isStopping {
            let used = secrets()
            do {
                let hub = try connect()
                log.info("connected", ["hub": hub.hello.hub, "client": hub.hello.client])
                pause = 1
                try receiver.begin(hub.hello)
                state.connected(hub)
                // Answered at once even if there is nothing, at the beginning and after a snapshot: only then is it known
                // what is missing, and can be reported.
                while !state.isStopping { try receiver.receive(hub, wait: state.isCaughtUp ? 50 : 0) }
            } catch let error as HubError {
                // What was refused may have been the key of before: `syncagent rotate` changes it.
                if let failure = giveUp(error), used == secrets() { return state.stop(failure) }
                let met = rejoining.met(error)
                longest = rejoining.longestPause(after: error)
                if !state.isStopping, state.away?.reason != met {
                    log.warning("hub-away", ["reason": met, "next-try": "\(min(pause, longest)) s"])
                }
                state.disconnected(met, refusal: error.isRefusedKey ? met : error.answer?.message)
            } catch {
                longest = rejoining.longestPause(after: error)
                log.error("listening-failed", ["reason": "\(error)"])
                state.disconnected("\(error)")
            }
            if state.isStopping { return }
            state.poll.wait(.seconds(min(pause, longest)))
            pause = min(pause * 2, longest)
        }
    }

    private func connect() throws -> SSHHubConnection {
        try SSHHubConnection.open(
            {
                try SSHHubConnection.connect(
                    to: address, hello: try worker.perform { try HelloRequest(of: $0.index) }
                ) { [state] _ in state.poll.ring() }
            }, renewing: worker.renewIndex)
    }

    /// Why there is no point in trying again; nil if there is.
    private func giveUp(_ error: HubError) -> AgentFailure? {
        switch error {
        case .hostKeyChanged(let reason), .unusable(let reason): AgentFailure(.failed, reason)
        default: rejoining.end(by: error)
        }
    }

    // MARK: - Sending, fetching, reporting

    private func send() {
        let pass = UpPass(
            worker: worker, connection: { [state] in state.forTransfers }, isStopping: { [state] in state.isStopping },
            takeWanted: { [state] in state.takeWanted { !GivingBack.isLarge($0) } })
        let worker = worker
        var prepared: ObjectIdentifier?
        try? worker.perform { $0.ahead.from = HashPass.large }
        loop("up", state.up, { pass.nextRetry }) {
            try self.prepare(&prepared, uploads: true)
            try pass.hashAgain()
            // What it finds to be large is sent beside it.
            defer { self.state.bulkUp.ring() }
            guard try pass.run() else { return false }
            self.state.down.ring()
            self.state.report.ring()
            return true
        }
    }

    private func sendAhead() {
        let pass = BulkUp(
            worker: worker, connections: connections, connection: { [state] in state.forTransfers },
            isStopping: { [state] in state.isStopping }, onReady: { [state] in state.bulkUp.ring() },
            takeWanted: { [state] in state.takeWanted(where: GivingBack.isLarge) }
        ) { [state] in state.report.ring() }
        loop("up", state.bulkUp, { pass.nextRetry }) {
            try pass.hashAgain()
            guard try pass.run() else { return false }
            self.state.up.ring()
            self.state.report.ring()
            return true
        }
    }

    private func fetch() {
        let pass = DownPass(
            worker: worker, connection: { [state] in state.forTransfers }, isStopping: { [state] in state.isStopping })
        var prepared: ObjectIdentifier?
        loop("down", state.down, { pass.nextRetry }) {
            try self.prepare(&prepared, uploads: false)
            defer { self.state.bulkDown.ring() }
            guard try pass.run() else { return false }
            self.state.up.ring()
            self.state.report.ring()
            return true
        }
    }

    private func fetchLarge() {
        let pass = BulkDown(
            worker: worker, connections: connections, connection: { [state] in state.forTransfers },
            coming: { [state] in state.coming }, isStopping: { [state] in state.isStopping })
        loop("down", state.bulkDown, { pass.nextRetry }) {
            guard try pass.run() else { return false }
            self.state.up.ring()
            self.state.down.ring()
            self.state.report.ring()
            return true
        }
    }

    /// On each new connection once: a login costs more than all the rest of a small change.
    private func prepare(_ prepared: inout ObjectIdentifier?, uploads: Bool) throws {
        guard let hub = state.forTransfers, prepared != ObjectIdentifier(hub) else { return }
        prepared = ObjectIdentifier(hub)
        try hub.prepare(uploads: uploads)
    }

    private func report() {
        let reporter = Reporter(worker: worker, state: state)
        let worker = worker
        var connection: ObjectIdentifier?
        var looked = Clock.milliseconds
        var took: Int64 = 0
        loop(
            "report", state.report,
            {
                if reporter.isMoving { return Clock.milliseconds + Agent.progressAfter }
                return worker.needsAnotherLook
                    ? looked + Agent.lookAgainAfter : Clock.milliseconds + Agent.presenceAfter
            }
        ) { [state] in
            // A disk may go without an event.
            _ = try worker.isPresent()
            let now = state.connection.map { ObjectIdentifier($0) }
            let isNew = now != connection
            if isNew { reporter.forget() }
            connection = now
            let wasBusy = !reporter.saidInSync
            // A little that is over in a moment is told once. While much happens a few reports a second are enough, and to look
            // through all that waits takes its time.
            if !isNew { rest(wasBusy ? min(max(Agent.moment, 10 * took), 10 * Agent.moment) : Agent.moment) }
            let began = Clock.milliseconds
            try reporter.run()
            took = Clock.milliseconds - began
            // The start, or a burst of work, is over.
            if wasBusy || isNew, reporter.saidInSync {
                try worker.perform { try $0.index.releaseMemory() }
                Memory.trim()
            }
            // What had trouble is tried again from time to time.
            if Clock.milliseconds - looked >= Agent.lookAgainAfter, worker.needsAnotherLook {
                looked = Clock.milliseconds
                worker.lookAgain()
            }
            return false
        }
    }

    /// Waits for some milliseconds, but not when nothing waits any more: who waits for that is told at once.
    private func rest(_ time: Int64) {
        let end = Clock.milliseconds + time
        while !state.isStopping, Clock.milliseconds < end {
            if (try? worker.perform { try $0.isAtRest() }) == true { return }
            // What rings for a report is what may end it, and the report comes after it anyway.
            state.report.wait(.milliseconds(20))
        }
    }

    /// Works as long as there is something to do, then waits for the bell, or for what was put off.
    private func loop(_ part: String, _ bell: Bell, _ nextRetry: () -> Int64?, _ round: () throws -> Bool) {
        let log = Log(part)
        var failures = 0
        var last = ""
        var isTold = false
        while !state.isStopping {
            do {
                while try !state.isStopping && round() {}
                (failures, last, isTold) = (0, "", false)
                // A round that waited may have heard the ring that ends all of this.
                if state.isStopping { return }
                bell.wait(Agent.pause(until: nextRetry()))
            } catch {
                if state.isStopping { return }
                failures = min(failures + 1, 5)
                // What passes by itself is nobody's business; what comes again is told once. A hub that is away is told by
                // the thread that listens.
                let reason = "\(error)"
                if reason != last {
                    (last, isTold) = (reason, false)
                } else if !isTold, (error as? HubError)?.endsConnection != true {
                    log.warning("round-failed", ["reason": reason, "then": "it is tried again"])
                    isTold = true
                }
                log.debug("round-failed", ["reason": reason])
                if case HubError.cancelled = error { failures = 0 }
                bell.wait(.milliseconds(100 << failures))
            }
        }
    }

    private static func pause(until time: Int64?) -> Duration? {
        time.map { .milliseconds(max($0 - Clock.milliseconds, 10)) }
    }
}
