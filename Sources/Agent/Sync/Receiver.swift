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
            try folder.begin(hello)
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
            try worker.perform {
                try $0.index.receive(nodes, through: Sequence(answer.through), chain: answer.chain)
            }
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

extension HelloRequest {
    /// What an agent with this index says: its name for itself, and what it has seen of the journal.
    init(of index: FolderIndex) throws {
        self.init(
            version: ProductVersion.current, generation: try index.generation, since: try index.received.rawValue,
            chain: try index.chain)
    }
}

extension Folder {
    /// Merges with the hub as if new when its journal is not the one that was agreed with: another, or that one set back.
    func begin(_ hello: HelloResponse) throws {
        if try index.epoch != hello.epoch || index.received.rawValue > hello.head || !hello.known {
            try begin(epoch: hello.epoch)
        }
    }
}
