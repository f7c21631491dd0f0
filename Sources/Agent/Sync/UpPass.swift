internal import ControlAPI
internal import Engine
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

/// The way up, one round: read what has to be read, send bytes, commit. One thread.
final class UpPass {
    private let worker: FolderWorker
    private let connection: () -> (any HubConnection)?
    private let isStopping: () -> Bool
    private let log = Log("up")
    /// Files that could not be read, or changed meanwhile, and when to try them again (monotonic milliseconds).
    private var deferred: [EntryID: Int64] = [:]

    /// Contents up to this size share a pack, in bytes.
    private let packed: Int64 = 1 << 20
    /// In milliseconds.
    private let retryAfter: Int64 = 2_000

    /// - Parameter connection: the hub, nil while nothing may be sent.
    init(worker: FolderWorker, connection: @escaping () -> (any HubConnection)?, isStopping: @escaping () -> Bool) {
        self.worker = worker
        self.connection = connection
        self.isStopping = isStopping
    }

    /// When something that was put off is due, in monotonic milliseconds; nil if nothing was.
    var nextRetry: Int64? { deferred.values.min() }

    /// - Returns: true if anything was done, so that another round may find more.
    func run() throws -> Bool {
        guard try worker.isPresent() else { return false }
        let hasHashed = try hash()
        guard let hub = connection() else { return false }
        if try worker.perform({ try $0.index.inflightRequest }) != nil {
            try sendCommit(hub)
            return true
        }
        guard let commit = try worker.perform({ try $0.nextCommit(operations: hub.hello.maxOperations) }) else {
            return hasHashed
        }
        return try send(commit, hub)
    }

    // MARK: - Reading

    private func hash() throws -> Bool {
        let now = Clock.milliseconds
        deferred = deferred.filter { $0.value > now }
        var after = EntryID(0)
        var bytes: Int64 = 0
        var count = 0
        while bytes < 256 << 20, count < 5_000, !isStopping() {
            let requests = try worker.perform { try $0.hashRequests(limit: 256, after: after) }
            guard let last = requests.last else { break }
            after = last.entry
            var results: [(HashRequest, HashResult, Nanoseconds)] = []
            for request in requests where deferred[request.entry] == nil && !isStopping() {
                results.append((request, hash(request), Clock.now))
                bytes += request.stamp.size
                count += 1
            }
            let failed = try worker.perform { folder in
                try results.filter { try folder.absorb($0.1, for: $0.0, at: $0.2) }.map(\.0.entry)
            }
            for entry in failed { deferred[entry] = now + retryAfter }
        }
        return count > 0
    }

    private func hash(_ request: HashRequest) -> HashResult {
        do throws(FileTreeError) {
            let hashed = try worker.tree.root.hash(request.path, cancelled: isStopping)
            return .hashed(hashed.digest, Stamp(hashed.status), hashed.status.mode)
        } catch {
            return .failed(DiskProblem(error))
        }
    }

    /// Files that were hashed within two seconds of their change are read once more.
    func hashAgain() throws {
        for request in try worker.perform({ try $0.racyRequests(at: Clock.now) }) where !isStopping() {
            let result = hash(request)
            try worker.perform { try $0.absorbSecond(result, for: request) }
        }
    }

    // MARK: - Sending

    private func send(_ commit: Commit, _ hub: any HubConnection) throws -> Bool {
        var upload = Upload(root: worker.tree.root, packed: packed)
        let epoch = hub.hello.epoch
        let messages = try upload.prepare(commit) { entry, problem in
            self.deferred[entry] = Clock.milliseconds + self.retryAfter
            try self.worker.perform { try $0.putOff(entry, problem) }
        }
        if messages.isEmpty { return true }
        for file in upload.files {
            try hub.upload(file.name, file.parts, goOn: { !isStopping() && connection() != nil })
        }
        let kept = Set(messages.map(\.number))
        let request = try worker.perform { folder in
            let request = CommitRequest(
                epoch: epoch, generation: try folder.index.generation,
                acknowledged: try folder.index.acknowledged, operations: messages)
            let text = String(decoding: WireFormat.encode(request), as: UTF8.self)
            try folder.index.setInflight(
                commit.items.map(\.inflight).filter { kept.contains($0.number) }, request: text)
            return request
        }
        log.debug(
            "commit", ["operations": request.operations.count, "files": upload.files.count, "bytes": upload.bytes])
        try sendCommit(hub)
        return true
    }

    /// Sends the commit that is in flight, for the first time or again.
    private func sendCommit(_ hub: any HubConnection) throws {
        guard let text = try worker.perform({ try $0.index.inflightRequest }) else { return }
        do {
            try take(try hub.commit(Array(text.utf8)))
        } catch {
            if let message = error.answer, !staysInFlight(message.code) {
                log.error("commit-refused", ["code": message.code.rawValue, "reason": message.message])
                try worker.perform { try $0.abandonCommit() }
            }
            throw error
        }
    }

    /// Whether the same request is to be sent again when the cause of its refusal is gone. What was refused for what it
    /// says would be refused again: nothing of it was done, and it is planned anew.
    private func staysInFlight(_ code: ErrorCode) -> Bool {
        switch code {
        case .paused, .noSpace, .tooMany, .internalError, .revoked, .unauthorized, .forbidden, .otherEpoch: true
        default: false
        }
    }

    private func take(_ response: CommitResponse) throws(HubError) {
        do {
            let outcomes = try response.outcomes.map { (number: $0.number, outcome: try $0.outcome()) }
            try worker.perform { try $0.absorb(outcomes) }
        } catch {
            throw .away("the hub's answer to a commit cannot be used: \(error)")
        }
    }
}
