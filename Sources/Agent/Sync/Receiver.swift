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
    /// What the hub said it wants was told up to here.
    private var wanted: Int64 = 0
    private let transferLimits: TransferLimits
    private let log = Log("agent")

    init(worker: FolderWorker, state: AgentState, limits: TransferLimits) {
        self.worker = worker
        self.state = state
        transferLimits = limits
    }

    /// The first thing on a connection: is it the journal that we know?
    func begin(_ hello: HelloResponse) throws {
        let (before, cause) = try worker.perform { folder in
            let before = try folder.index.mergeCause
            try folder.begin(hello)
            return (before, try folder.index.mergeCause)
        }
        if let cause, cause != before { log.warning("merging", ["because": cause.sentence]) }
        try take(hello.limits)
        barrier = 0
        wanted = 0
        worker.forgetBarriers()
    }

    /// One long poll; or a snapshot, if the hub's feed does not reach back to where this client was.
    /// - Parameter wait: seconds.
    func receive(_ hub: any HubConnection, wait: Int) throws {
        do { try receiveChanges(hub, wait: wait) } catch HubError.refused(let message)
            where message.code == .snapshotNeeded
        {
            try takeSnapshot(hub)
        }
    }

    /// How fast bytes of files may move, as somebody asked at the hub.
    private func take(_ limits: LimitsMessage?) throws(WireError) {
        if limits == state.limits { return }
        let tables = try limits?.timetables() ?? (.off, .off)
        transferLimits.up.limit(asked: tables.0)
        transferLimits.down.limit(asked: tables.1)
        state.setLimits(limits)
        log.info("limited", ["up": "\(tables.0)", "down": "\(tables.1)"])
    }

    /// What others are sending counts when all else has been heard of: what is not among it then has come, or will not.
    /// - Returns: whether there is news about it.
    private func take(coming answer: ChangesResponse) -> Bool {
        guard answer.paused == nil, answer.through >= answer.head else { return false }
        return state.setComing((answer.coming ?? []).compactMap(Coming.init))
    }

    private func take(_ late: [LateOutcomeMessage]) throws {
        let outcomes = try late.map { (id: $0.id, number: $0.outcome.number, outcome: try $0.outcome.outcome()) }
        if try worker.perform({ try $0.take(late: outcomes) }) { return }
        // What is in flight is answered first.
        state.up.ring()
        state.poll.wait(.milliseconds(200))
    }

    private func takeSnapshot(_ hub: any HubConnection) throws {
        try worker.perform { try $0.index.beginSnapshot() }
        state.report.ring()
        while !state.isStopping {
            if try worker.perform({ try $0.index.isInflight }) {
                // What is in flight is answered first.
                state.up.ring()
                return state.poll.wait(.milliseconds(500))
            }
            let after = try worker.perform { try $0.index.snapshotAfter ?? NodeID(0) }
            guard let answer = try snapshot(hub, after: after) else { return }
            let page = try answer.page()
            if try worker.perform({ try $0.index.takeSnapshot(page, chain: answer.chain) }) { break }
        }
        log.info(
            "snapshot_taken",
            ["because": "this machine was away for longer than the hub keeps what was deleted", "trash": Trash.path])
        state.ringAll()
    }

    /// Nil while a pause holds.
    private func snapshot(_ hub: any HubConnection, after: NodeID) throws(HubError) -> SnapshotResponse? {
        do throws(HubError) {
            return try hub.snapshot(after: after)
        } catch {
            if error.answer?.code == .paused { return nil }
            throw error
        }
    }

    private func receiveChanges(_ hub: any HubConnection, wait: Int) throws {
        let isThere = try worker.isPresent()
        let (since, complete, collected, late, takes) = try worker.perform {
            try ($0.index.received, $0.index.complete, $0.index.collected, $0.index.late, $0.takesNewFiles())
        }
        let (answer, bytes) = try hub.changes(
            since: since, complete: complete, collected: collected, late: late, wanted: wanted, wait: wait,
            barrier: barrier, paused: state.isPaused, limits: state.limits, filesBehind: isThere && takes)
        try take(answer.limits)
        let nodes = try answer.nodes.map { try $0.node() }
        let arrived = FilesBehind.stage(answer, bytes, nodes, in: worker.tree.area)
        if !nodes.isEmpty || answer.through != since.rawValue {
            do {
                try worker.perform { folder in
                    try folder.index.receive(
                        nodes, through: Sequence(answer.through), chain: answer.chain,
                        isComplete: answer.paused == nil && answer.through >= answer.head)
                    try folder.take(arrived)
                }
            } catch {
                for file in arrived { worker.tree.discard(file.content) }
                throw error
            }
        }
        if let contents = answer.contents { try stage(contents, for: nodes.map(\.id)) }
        if let late = answer.late { try take(late) }
        wanted = answer.wantedMark ?? wanted
        if let contents = answer.wanted, !contents.isEmpty { state.want(contents) }
        let hadAll = state.isCaughtUp && !state.isPaused && answer.through == since.rawValue
        state.setPause(answer.paused)
        state.setCaughtUp(answer.through >= answer.head || answer.paused != nil)
        let isAboutComing = take(coming: answer)
        let isOnlyThat = isAboutComing && hadAll && nodes.isEmpty && answer.barrier <= barrier
        if answer.barrier > barrier {
            barrier = answer.barrier
            worker.ask(barrier: barrier)
        }
        if isAboutComing { state.bulkDown.ring() }
        // It is told a few times a second.
        if isOnlyThat, answer.late == nil, (answer.wanted ?? []).isEmpty { return }
        state.down.ring()
        state.up.ring()
        state.report.ring()
    }
}

extension Receiver {
    /// What came along with a page need not be fetched. What is not what it should be is fetched.
    private func stage(_ contents: [InlineContent], for nodes: [NodeID]) throws {
        let fetches = try worker.perform { try $0.fetches(of: nodes) }
        var staged: [(node: NodeID, content: StagedContent)] = []
        for fetch in fetches {
            guard let content = contents.first(where: { $0.sha256 == fetch.file.digest.hex }),
                let bytes = content.bytes(of: fetch.file.size),
                let item = try? InlineStaging.stage(bytes, as: fetch.file, in: worker.tree.area)
            else { continue }
            staged.append((fetch.node, item))
        }
        if staged.isEmpty { return }
        try worker.perform { folder in for (node, content) in staged { folder.absorb(content, for: node) } }
    }
}

extension SSHHubConnection {
    /// Logs in. An index that the hub finds to be set back takes a new generation, and says hello again.
    /// - Parameters:
    ///   - open: logs in, as the index is then.
    ///   - renew: gives the index a new generation.
    static func open(
        _ open: () throws -> SSHHubConnection, renewing renew: () throws -> Void
    ) throws -> SSHHubConnection {
        let hub = try open()
        guard hub.hello.setBack else { return hub }
        hub.close()
        Log("agent").warning(
            "index_set_back",
            ["because": "the hub has seen later changes of it", "then": "everything is merged as if new"])
        try renew()
        return try open()
    }
}

extension HelloRequest {
    /// What an agent with this index says: its name for itself, and what it has seen of the journal.
    init(of index: FolderIndex) throws {
        self.init(
            version: ProductVersion.current, generation: try index.generation, since: try index.seen.seq.rawValue,
            chain: try index.seen.chain, next: try index.nextNumber)
    }
}

extension Folder {
    /// Merges with the hub as if new when its journal is not the one that was agreed with: another, or that one set back.
    /// Has a snapshot taken when what was deleted meanwhile is not on record there any more.
    func begin(_ hello: HelloResponse) throws {
        let head = Sequence(hello.head)
        try lies(below: hello.subtree.map { try wirePath($0, field: "subtree").names.count } ?? 0)
        if try index.epoch != hello.epoch || index.received > head || index.hearsFirst > head || !hello.known {
            try begin(
                epoch: hello.epoch, collected: Sequence(hello.collected), head: head, because: mergeCause(hello))
        } else if try index.hasMissed(Sequence(hello.collected)) {
            try index.beginSnapshot()
        }
    }

    /// Nil for an index that meets a hub for the first time, as after a join.
    private func mergeCause(_ hello: HelloResponse) throws -> MergeCause? {
        guard let epoch = try index.epoch else {
            return try index.mergeCause ?? (hello.otherIndex == true ? .indexLost : nil)
        }
        if epoch == hello.epoch { return .journalSetBack }
        return HelloResponse.isOneJournal(epoch, hello.epoch) ? .partMade : .journalMade
    }
}
