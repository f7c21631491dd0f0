internal import ControlAPI
internal import Engine
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

/// The way down, one round: place what can be placed, fetch what is missing, place again. One thread.
final class DownPass {
    private let worker: FolderWorker
    private let connection: () -> (any HubConnection)?
    private let isStopping: () -> Bool
    private let log = Log("down")
    /// Nodes whose bytes could not be had, and when to try them again (monotonic milliseconds).
    private var deferred: [NodeID: Int64] = [:]

    /// Files fetched before they are placed together.
    private let batch = 256
    /// Up to so many files are made durable one by one, more by one sync of the file system.
    private let fewFiles = 8

    /// - Parameter connection: the hub, nil while nothing may be fetched.
    init(worker: FolderWorker, connection: @escaping () -> (any HubConnection)?, isStopping: @escaping () -> Bool) {
        self.worker = worker
        self.connection = connection
        self.isStopping = isStopping
    }

    /// When something that was put off is due, in monotonic milliseconds; nil if nothing was.
    var nextRetry: Int64? { deferred.values.min() }

    /// - Returns: true if anything was done, so that another round may find more.
    func run() throws -> Bool {
        guard connection() != nil, try worker.isPresent() else { return false }
        var placed = try worker.perform { try $0.placeAll() }
        while let hub = connection(), !isStopping() {
            let now = Clock.milliseconds
            deferred = deferred.filter { $0.value > now }
            let waiting = Set(deferred.keys)
            let fetches = try worker.perform { try $0.fetches(limit: batch, except: waiting) }
            if fetches.isEmpty { break }
            placed += try bring(fetches, hub)
        }
        return placed > 0
    }

    /// Fetches some files and places them together.
    private func bring(_ fetches: [Fetch], _ hub: any HubConnection) throws -> Int {
        var bytes: Int64 = 0
        var arrived: [(node: NodeID, content: StagedContent)] = []
        var failure: (any Error)?
        for fetch in fetches where !isStopping() {
            // A large file does not make those before it wait.
            if bytes > 0, bytes + fetch.file.size > 64 << 20 { break }
            do {
                if let content = try self.fetch(fetch, hub, sync: fetches.count <= fewFiles) {
                    arrived.append((fetch.node, content))
                }
            } catch {
                // What has come is placed all the same.
                failure = error
                break
            }
            bytes += fetch.file.size
        }
        // Whole and durable before anything has its name: a power cut leaves no empty file that looks like somebody's edit.
        if arrived.contains(where: { !$0.content.isDurable }) {
            try worker.tree.area.syncFileSystem()
            for index in arrived.indices { arrived[index].content.isDurable = true }
        }
        let placed = try worker.perform { folder in
            for (node, content) in arrived { folder.absorb(content, for: node) }
            return try folder.place(only: arrived.map(\.node))
        }
        log.debug("fetched", ["files": arrived.count, "placed": placed, "bytes": bytes])
        if let failure { throw failure }
        return placed
    }

    /// - Returns: nil if it cannot be had now; a reason is on record then.
    private func fetch(_ fetch: Fetch, _ hub: any HubConnection, sync: Bool) throws -> StagedContent? {
        do {
            let area = worker.tree.area
            let file = try area.newFile(named: DiskTree.fetchName())
            try file.reserve(fetch.file.size)
            let wanted = SharedFile(node: fetch.node, path: fetch.path, digest: fetch.file.digest)
            let count = try hub.download(wanted) { block in
                if file.size + Int64(block.count) > fetch.file.size {
                    throw DiskProblem(.changedWhileRead, "it changed at the hub")
                }
                try file.append(block)
                if isStopping() || connection() == nil { throw HubError.cancelled }
            }
            guard count == fetch.file.size else {
                throw DiskProblem(.changedWhileRead, "it changed at the hub while it was fetched")
            }
            let item = try file.finish(
                mode: fetch.file.mode, mtime: fetch.file.mtime, expecting: fetch.file.digest, sync: sync
            ).move(to: area, as: try Name("put-" + Generation.random()))
            return StagedContent(
                name: String(decoding: item.name.bytes, as: UTF8.self), digest: fetch.file.digest, isDurable: sync)
        } catch let error as HubError where error.endsConnection {
            throw error
        } catch HubError.cancelled {
            throw HubError.cancelled
        } catch {
            // Moved or changed at the hub since: the next page of changes tells. Or no room here: it goes on when there
            // is.
            deferred[fetch.node] = Clock.milliseconds + 1_000
            log.debug("fetch-failed", ["path": fetch.path.description, "reason": "\(error)"])
            if let reason = Self.reason(for: error) {
                try worker.perform { $0.receivingTroubles[fetch.node] = reason }
            }
            return nil
        }
    }

    /// For a person; nil where the next page of changes will say what is to be done.
    private static func reason(for error: any Error) -> String? {
        switch error {
        // Not the name of a private file, which says nothing to anybody.
        case let error as FileTreeError where error.reason == .noSpace:
            "the machine's disk is full, or its quota: make room there, and it goes on by itself"
        case let error as FileTreeError where error.reason == .readOnly:
            "the machine's disk is read-only: mount it for writing, and it goes on by itself"
        case let error as FileTreeError: "\(error)"
        case HubError.refused(let message) where message.code != .unknownPath: message.message
        case HubError.transferFailed(let reason): reason
        default: nil
        }
    }
}
