internal import ControlAPI
internal import Engine
internal import Index
internal import SyncCore
internal import Transport

/// `syncagent once`: one full pass in both directions, then the end.
final class Once {
    /// What a pass did, or what is left.
    struct Summary: Encodable {
        var sent: Int
        var received: Int
        var pending: [PendingMessage]

        /// What waits, without what never will be synced.
        var left: [PendingMessage] { pending.filter { $0.skipped != true } }
    }

    private let worker: FolderWorker
    private let hub: any HubConnection
    private let limits: TransferLimits
    private let connections: Int
    private let reading: EarlyReading
    private let overwrites: Bool
    private let state = AgentState()

    /// - Parameters:
    ///   - reading: of that worker.
    ///   - limits: of the connection.
    ///   - connections: for one large file at most.
    ///   - overwrites: makes the side that is not the source equal to it.
    init(
        worker: FolderWorker, hub: any HubConnection, limits: TransferLimits, connections: Int, reading: EarlyReading,
        overwrites: Bool = false
    ) {
        self.worker = worker
        self.hub = hub
        self.limits = limits
        self.connections = connections
        self.reading = reading
        self.overwrites = overwrites
        state.connected(hub)
    }

    /// - Throws: ``AgentFailure`` while the client is paused.
    static func refusePause(_ hello: HelloResponse) throws {
        guard let pause = hello.paused else { return }
        if let blocked = pause.blocked { throw AgentFailure(.failed, "blocked: \(blocked)") }
        let until = pause.until.map { " until \($0)" } ?? ""
        throw AgentFailure(.failed, "this client is paused\(until); resume it: syncctl resume \(hello.client)")
    }

    func run() throws -> Summary {
        try Once.refusePause(hub.hello)
        let receiver = Receiver(worker: worker, state: state, limits: limits)
        try receiver.begin(hub.hello)
        worker.waitUntilLooked()
        if overwrites { try worker.perform { try $0.overwrite() } }
        let before = try worker.perform { try ($0.index.received, $0.index.acknowledged) }
        let up = UpPass(
            worker: worker, connection: { [hub] in hub }, isStopping: { false }, reading: reading,
            takeWanted: { [state] in state.takeWanted { !GivingBack.isLarge($0) } })
        let ahead = BulkUp(
            worker: worker, connections: connections, connection: { [hub] in hub }, isStopping: { false },
            takeWanted: { [state] in state.takeWanted(where: GivingBack.isLarge) })
        try worker.perform { $0.ahead.from = HashPass.large }
        let down = DownPass(worker: worker, connection: { [hub] in hub }, isStopping: { false })
        let large = BulkDown(
            worker: worker, connections: connections, connection: { [hub] in hub }, isStopping: { false })
        // Who merges as if new hears first what the hub has.
        if try worker.perform({ try $0.index.received < $0.index.hearsFirst }) {
            repeat { try receiver.receive(hub, wait: 0) } while !state.isCaughtUp
        }
        // Ends when a whole round did nothing: what is left has a reason. Each round that does something brings the two
        // closer.
        var hasHeard = false
        while true {
            var worked = false
            while try up.run() || ahead.run() { (worked, hasHeard) = (true, false) }
            if !hasHeard { repeat { try receiver.receive(hub, wait: 0) } while !state.isCaughtUp }
            // It is asked again only when something was sent or placed since.
            hasHeard = true
            while try down.run() || large.run() { (worked, hasHeard) = (true, false) }
            worker.waitUntilLooked()
            if !worked { break }
        }
        try Reporter(worker: worker, state: state).run()
        return try worker.perform { folder in
            let pending = try folder.pending(limit: 10_000).filter { !$0.isElsewhereOnly }.map(PendingMessage.init)
            return Summary(
                sent: Int(try folder.index.acknowledged - before.1),
                received: Int(try folder.index.received.rawValue - before.0.rawValue), pending: pending)
        }
    }
}
