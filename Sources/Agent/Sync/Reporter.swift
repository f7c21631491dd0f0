internal import ControlAPI
internal import Engine
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

extension PendingMessage {
    init(_ item: Pending) {
        self.init(
            path: Escaping.text(item.path.bytes), direction: item.isUp ? .up : .down, bytes: item.bytes,
            reason: item.reason, skipped: item.isSkipped, unlisted: item.isElsewhereOnly, stuck: item.isStuck)
    }
}

/// Tells the hub how far this client is, whenever that changes.
final class Reporter {
    private let worker: FolderWorker
    private let state: AgentState
    private var last: ReportRequest?
    private var progress = Progress()
    private let log = Log("report")

    init(worker: FolderWorker, state: AgentState) {
        self.worker = worker
        self.state = state
    }

    /// Sends a report if there is something new to say.
    func run() throws(HubError) {
        guard let hub = state.connection else { return }
        let report: ReportRequest
        do {
            if state.isCaughtUp {
                report = try current(epoch: hub.hello.epoch)
            } else if let cause = try worker.perform({ try $0.index.mergeCause }) {
                report = try merging(cause, epoch: hub.hello.epoch)
            } else {
                return
            }
        } catch {
            log.error("report-failed", ["reason": "\(error)"])
            return
        }
        if report == last { return }
        try hub.report(report)
        last = report
    }

    /// Whether the last report said that nothing waits.
    var saidInSync: Bool { last.map { $0.upCount + $0.downCount == 0 } ?? true }

    /// Whether the next report will say something else, though nothing rings: bytes are moving.
    var isMoving: Bool { !progress.isOver && progress.isMoving }

    /// Another hub, or another connection: everything is told again.
    func forget() { last = nil }

    /// What a merge will have to move is not known before all that the hub has was heard of.
    private func merging(_ cause: MergeCause, epoch: String) throws -> ReportRequest {
        try worker.perform { folder in
            ReportRequest(
                epoch: epoch, cursor: try folder.index.applied.rawValue, barrier: 0, pending: [], upCount: 0,
                downCount: 0, bytes: 0, blocked: worker.absence, merging: cause.sentence,
                mode: folder.index.mode == .twoWay ? nil : folder.index.mode.name)
        }
    }

    private func current(epoch: String) throws -> ReportRequest {
        try worker.perform { folder in
            let pending = try folder.pending(limit: ReportRequest.itemLimit)
            if let ended = try folder.endMerging(pending) { log.info("merged", ["after": ended.rawValue]) }
            let items = pending.map(PendingMessage.init)
            let waiting = pending.filter { !$0.isSkipped }
            let isAll = pending.count < ReportRequest.itemLimit
            let isIdle = try folder.hasLooked && !folder.index.isInflight && !folder.hasSomethingToSend()
            let up = waiting.count { $0.isUp }
            // What stands in the list need not be counted again.
            let left =
                try isAll
                ? (up: up, down: waiting.count - up, bytes: waiting.reduce(0) { $0 + $1.bytes }) : folder.backlog()
            progress.observe(
                total: folder.progress, left: Amount(files: left.up + left.down, bytes: left.bytes),
                spared: folder.spared, at: Clock.uptime)
            return ReportRequest(
                epoch: epoch, cursor: try folder.index.applied.rawValue, barrier: worker.passedBarrier(isIdle: isIdle),
                pending: items, upCount: left.up, downCount: left.down, bytes: left.bytes, blocked: worker.absence,
                merging: try folder.index.mergeCause?.sentence,
                mode: folder.index.mode == .twoWay ? nil : folder.index.mode.name, progress: ProgressMessage(progress))
        }
    }
}
