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
    }

    private let worker: FolderWorker
    private let hub: any HubConnection
    private let state = AgentState()

    init(worker: FolderWorker, hub: any HubConnection) {
        self.worker = worker
        self.hub = hub
        state.connected(hub)
    }

    func run() throws -> Summary {
        if let pause = hub.hello.paused {
            throw AgentFailure(
                .failed,
                "this client is paused\(pause.until.map { " until \($0)" } ?? ""); resume it: syncctl resume \(hub.hello.client)"
            )
        }
        let receiver = Receiver(worker: worker, state: state)
        try receiver.begin(hub.hello)
        worker.lookAtEverything()
        worker.waitUntilLooked()
        let before = try worker.perform { try ($0.index.received, $0.index.acknowledged) }
        let up = UpPass(worker: worker, connection: { [hub] in hub }, isStopping: { false })
        let down = DownPass(worker: worker, connection: { [hub] in hub }, isStopping: { false })
        // Ends when a whole round did nothing: what is left has a reason. Each round that does something brings the two
        // closer.
        while true {
            var worked = false
            while try up.run() { worked = true }
            repeat { try receiver.receive(hub, wait: 0) } while !state.isCaughtUp
            while try down.run() { worked = true }
            worker.waitUntilLooked()
            if !worked { break }
        }
        try Reporter(worker: worker, state: state).run()
        return try worker.perform { folder in
            let pending = try folder.pending(limit: 10_000).map { item in
                PendingMessage(
                    path: Escaping.text(item.path.bytes), direction: item.isUp ? .up : .down, bytes: item.bytes,
                    reason: item.reason, skipped: item.isSkipped)
            }
            return Summary(
                sent: Int(try folder.index.acknowledged - before.1),
                received: Int(try folder.index.received.rawValue - before.0.rawValue), pending: pending)
        }
    }
}
