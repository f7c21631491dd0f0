internal import ControlAPI
internal import Engine
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

/// Takes in what the hub says: changes, pauses, barriers.
final class Receiver {
    private let worker: FolderWorker
    private let state: AgentState
    private var barrier: Int64 = 0

    init(worker: FolderWorker, state: AgentState) {
        self.worker = worker
        self.state = state
    }

    /// The first thing on a connection: is it the journal that we know?
    func begin(_ hello: HelloResponse) throws {
        try worker.perform { folder in
            // A `seq` behind what was received is a journal that was set back: what was agreed with it does not hold.
            if try folder.index.epoch != hello.epoch || folder.index.received.rawValue > hello.head {
                try folder.begin(epoch: hello.epoch)
            }
        }
        barrier = 0
        worker.forgetBarriers()
    }

    /// One long poll.
    /// - Parameter wait: seconds.
    func receive(_ hub: any HubConnection, wait: Int) throws {
        let since = try worker.perform { try $0.index.received }
        let answer = try hub.changes(since: since, wait: wait, barrier: barrier, paused: state.isPaused)
        let nodes = try answer.nodes.map { try $0.node() }
        if !nodes.isEmpty || answer.through != since.rawValue {
            try worker.perform { try $0.index.receive(nodes, through: Sequence(answer.through)) }
        }
        state.setPause(answer.paused)
        state.setCaughtUp(answer.through >= answer.head || answer.paused != nil)
        if answer.barrier > barrier {
            barrier = answer.barrier
            worker.ask(barrier: barrier)
        }
        state.down.ring()
        state.up.ring()
        state.report.ring()
    }
}
