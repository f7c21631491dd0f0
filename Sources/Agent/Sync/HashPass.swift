internal import Engine
internal import FileTree
internal import Index
internal import SyncCore

/// Reads what has to be read: files of some sizes, beside the folder's queue. One thread.
final class HashPass {
    private let worker: FolderWorker
    private let sizes: Range<Int64>
    private let isStopping: () -> Bool
    private let chunkLists: ChunkLists
    /// What was read of small files, for who sends them next.
    let fresh = FreshContents()
    /// Files that could not be read, or changed meanwhile, and when to try them again (monotonic milliseconds).
    private var deferred: [EntryID: Int64] = [:]

    /// Files of so many bytes and more are read, and sent, beside all others.
    static let large: Int64 = 8 << 20
    /// In milliseconds.
    private static let retryAfter: Int64 = 2_000
    /// In files: with more in one round than these the next ones are read while the first are sent.
    private static let few = 1_000
    /// In files: so many changes are counted before the first of them is told, for they may be too many for the hub's guard.
    private static let many = 5_000

    init(worker: FolderWorker, sizes: Range<Int64>, isStopping: @escaping () -> Bool) {
        self.worker = worker
        self.sizes = sizes
        self.isStopping = isStopping
        chunkLists = ChunkLists(worker)
    }

    /// When something that was put off is due, in monotonic milliseconds; nil if nothing was.
    var nextRetry: Int64? { deferred.values.min() }

    /// The bytes of an entry could not be had as they were hashed.
    func putOff(_ entry: EntryID, _ problem: DiskProblem) throws {
        deferred[entry] = Clock.milliseconds + HashPass.retryAfter
        try worker.perform { try $0.putOff(entry, problem) }
    }

    /// Some of what has to be read.
    /// - Returns: whether anything was, and whether there may be more.
    func run() throws -> (any: Bool, more: Bool) {
        fresh.begin()
        let now = Clock.milliseconds
        deferred = deferred.filter { $0.value > now }
        var after = EntryID(0)
        var bytes: Int64 = 0
        var count = 0
        var most = HashPass.few
        while bytes < 256 << 20, count < most, !isStopping() {
            let requests = try worker.perform { try $0.hashRequests(limit: 256, after: after) }
            guard let last = requests.last else { break }
            after = last.entry
            var results: [(HashRequest, HashResult, ClosedRange<Nanoseconds>)] = []
            for request in requests where isOurs(request) && deferred[request.entry] == nil && !isStopping() {
                if !request.isNew { most = HashPass.many }
                let (result, times) = Clock.timing { hash(request) }
                results.append((request, result, times))
                bytes += request.stamp.size
                count += 1
            }
            if results.isEmpty { continue }
            let failed = try worker.perform { folder in
                try chunkLists.keep(in: folder.index)
                // Of many files together: each transaction is a write to the log.
                return try folder.index.transaction {
                    try results.filter { try folder.absorb($0.1, for: $0.0, during: $0.2) }.map(\.0.entry)
                }
            }
            for entry in failed { deferred[entry] = now + HashPass.retryAfter }
        }
        return (count > 0, count >= most)
    }

    private func isOurs(_ request: HashRequest) -> Bool { sizes.contains(request.stamp.size) }

    private func hash(_ request: HashRequest, isSecond: Bool = false) -> HashResult {
        do throws(FileTreeError) {
            let hashed: HashedFile
            if isSecond {
                hashed = try worker.tree.root.hash(request.path, cancelled: isStopping)
            } else if request.isNew, request.stamp.size <= FreshContents.largest {
                let read = try worker.tree.root.openFile(request.path).hashedContent(
                    atMost: FreshContents.largest)
                fresh.keep(read.bytes, read.hashed.digest)
                hashed = read.hashed
            } else {
                hashed = try chunkLists.hash(request, cancelled: isStopping)
            }
            let mode = try worker.tree.mode(hashed.status.mode, of: request.path)
            return .hashed(hashed.digest, Stamp(hashed.status), mode)
        } catch {
            return .failed(DiskProblem(error))
        }
    }

    /// Files of other sizes were due for their second look.
    private var leavesSome = false

    /// When the next file is to be read once more, in monotonic milliseconds.
    var nextSecondLook: Int64? {
        worker.nextSecondLook.map { leavesSome ? max($0, Clock.milliseconds + HashPass.pauseForOthers) : $0 }
    }
    private static let pauseForOthers: Int64 = 1_000

    /// Files that were hashed within two seconds of their change are read once more.
    func again() throws {
        let requests = try worker.perform { try $0.racyRequests(at: Clock.now) }
        leavesSome = requests.contains { !isOurs($0) }
        for request in requests where isOurs(request) && !isStopping() {
            let result = hash(request, isSecond: true)
            if let file = try worker.perform({ try $0.absorbSecond(result, for: request) }) { worker.settle(file) }
        }
    }
}
