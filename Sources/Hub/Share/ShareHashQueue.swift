/// What waits to be read in the share, and what is read next: small and recent changes never wait for bulk. Pure.
struct ShareHashQueue {
    /// A file of so many bytes or more is bulk: it never gets the last worker.
    static let large: Int64 = 8 << 20
    /// A batch is read and made durable before any of it counts: what comes meanwhile may wait for so much of small files.
    static let mostFiles = 200
    static let mostBytes: Int64 = 32 << 20
    /// Of bulk in one batch; what is larger goes by itself.
    static let mostBulk: Int64 = 64 << 20

    /// How many batches may be read at the same time.
    let width: Int
    /// The newest last.
    private var small: [ShareHashRequest] = []
    private var bulk: [ShareHashRequest] = []
    private var runningSmall = 0
    private var runningBulk = 0

    init(width: Int) { self.width = width }

    var isEmpty: Bool { small.isEmpty && bulk.isEmpty }

    mutating func append(_ request: ShareHashRequest) {
        if Self.isBulk(request) { bulk.append(request) } else { small.append(request) }
    }

    /// What waits is forgotten, what is being read is not.
    mutating func removeAll() { (small, bulk) = ([], []) }

    /// Begins another batch: the newest first. While bulk waits or is read, each of both kinds has a worker. A single worker
    /// does what is small first.
    /// - Returns: nil while there is nothing to do, or nobody to do it.
    mutating func next() -> [ShareHashRequest]? {
        guard runningSmall + runningBulk < width else { return nil }
        let shared = max(1, width - 1)
        if !small.isEmpty, bulk.isEmpty || width == 1 || runningSmall < shared {
            runningSmall += 1
            return Self.take(from: &small, most: Self.mostBytes)
        }
        guard !bulk.isEmpty, runningBulk < shared else { return nil }
        runningBulk += 1
        return Self.take(from: &bulk, most: Self.mostBulk)
    }

    /// A batch was read.
    mutating func end(_ batch: [ShareHashRequest]) {
        if batch.contains(where: Self.isBulk) { runningBulk -= 1 } else { runningSmall -= 1 }
    }

    private static func isBulk(_ request: ShareHashRequest) -> Bool { request.size >= large }

    private static func take(from waiting: inout [ShareHashRequest], most: Int64) -> [ShareHashRequest] {
        var batch: [ShareHashRequest] = []
        var bytes: Int64 = 0
        while batch.count < mostFiles, let next = waiting.last, batch.isEmpty || next.size <= most - bytes {
            batch.append(waiting.removeLast())
            bytes += next.size
        }
        return batch
    }
}
