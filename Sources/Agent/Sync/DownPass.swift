internal import Engine
internal import FileTree
internal import Processes
internal import SyncCore
internal import Transport

/// The way down, one round, without large files (see ``BulkDown``): place what can be placed, fetch what is missing, place again. One thread; while it places, another
/// one fetches.
final class DownPass {
    private let worker: FolderWorker
    private let connection: @Sendable () -> (any HubConnection)?
    private let isStopping: @Sendable () -> Bool
    private let log = Log("down")
    /// What could not be had. It costs little to try it again.
    private var pauses = RetryPauses<NodeID>(1_000...8_000)

    /// So many files are looked for at once.
    private let batch = 8_192
    /// With more of them in a pause it is only looked what became of them when one is over: there may be very many while the disk
    /// is full.
    private let few = 256

    /// - Parameter connection: the hub, nil while nothing may be fetched.
    init(
        worker: FolderWorker, connection: @escaping @Sendable () -> (any HubConnection)?,
        isStopping: @escaping @Sendable () -> Bool
    ) {
        self.worker = worker
        self.connection = connection
        self.isStopping = isStopping
    }

    /// When something that was put off is due, in monotonic milliseconds; nil if nothing was.
    var nextRetry: Int64? { connection() == nil ? nil : pauses.nextRetry }

    /// - Returns: true if anything was done, so that another round may find more.
    func run() throws -> Bool {
        guard connection() != nil, try worker.isPresent() else { return false }
        var placed = try worker.perform { folder in
            let placed = try folder.placeAll()
            folder.countReceived(files: placed)
            return placed
        }
        while let hub = connection(), !isStopping() {
            try releasePauses()
            let waiting = pauses.held
            let fetches = try worker.perform {
                try $0.fetches(limit: batch, except: waiting, sizes: 0..<HashPass.large)
            }
            if fetches.isEmpty { break }
            placed += try bring(Load.divide(fetches, Load.Limits(pack: hub.hello.packSize)), hub)
        }
        return placed > 0
    }

    /// Other bytes for the same node need not wait.
    private func releasePauses() throws {
        let (now, nodes) = (Clock.milliseconds, pauses.keys)
        guard let first = pauses.nextRetry, first <= now || nodes.count <= few else { return }
        pauses.release(at: now, of: try worker.perform { try $0.fetches(of: nodes) })
    }

    /// While a load is placed, the next one comes.
    private func bring(_ loads: [Load], _ hub: any HubConnection) throws -> Int {
        let loader = Loader(area: worker.tree.area, hub: hub, here: LocalContents(worker)) {
            [connection, isStopping] in
            connection() != nil && !isStopping()
        }
        var placed = 0
        var coming = loads.first.map { loader.ahead($0) }
        for index in loads.indices {
            guard let loaded = coming?.get() else { break }
            let next = loaded.failure == nil && index + 1 < loads.count ? loads[index + 1] : nil
            coming = next.map { loader.ahead($0) }
            do { placed += try place(loaded) } catch {
                // Downloads have one user at a time; what has come is fetched again.
                let late = coming?.get().arrived ?? []
                try? worker.perform { folder in for (_, content) in late { folder.tree.discard(content) } }
                throw error
            }
            if let failure = loaded.failure { throw failure }
        }
        return placed
    }

    private func place(_ loaded: Loaded) throws -> Int {
        let now = Clock.milliseconds
        for (fetch, reason) in loaded.failed {
            pauses.begin(fetch.node, fetch.file.digest, at: now)
            log.debug("fetch-failed", ["path": fetch.path.description, "reason": reason ?? "it changed at the hub"])
        }
        let placed = try worker.perform { folder in
            for (fetch, reason) in loaded.failed { if let reason { folder.receivingTroubles[fetch.node] = reason } }
            for (node, content) in loaded.arrived { folder.absorb(content, for: node) }
            let placed = try folder.place(only: loaded.arrived.map(\.node))
            folder.countReceived(files: placed, bytes: loaded.bytes)
            return placed
        }
        log.debug("fetched", ["files": loaded.arrived.count, "placed": placed, "bytes": loaded.bytes])
        return placed
    }
}

extension Loader {
    /// Begins on a thread of its own.
    fileprivate func ahead(_ load: Load) -> Ahead<Loaded> { Ahead("fetch-ahead") { self.bring(load) } }
}
