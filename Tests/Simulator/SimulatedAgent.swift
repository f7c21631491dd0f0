import Engine
import Index
import Journal
import SyncCore

/// One machine: a folder, its index, the engine, and what is on the way between it and the hub.
final class SimulatedAgent {
    let number: Int
    let index: FolderIndex
    let tree: MemoryTree
    let hub: SimulatedHub
    private(set) var folder: Folder<MemoryTree>
    var isConnected = true
    /// Writes down what it does.
    var note: (String) -> Void = { _ in }

    /// Commits that were written down, by their names: they outlive a crash.
    private var requests: [String: [Operation]] = [:]
    /// The hub has answered, and the answer is on its way.
    private var answer: [(number: Int64, outcome: Outcome)]?
    /// A page of changes on its way.
    private var page: ChangesPage?
    /// Files that were hashed, and nobody has taken it in yet.
    private var hashed: [(HashRequest, HashResult)] = []

    init(_ number: Int, hub: SimulatedHub, clock: Clock, contents: Contents) throws {
        self.number = number
        self.hub = hub
        index = try .memory(newGeneration: "g\(number)")
        tree = MemoryTree(clock: clock, contents: contents)
        folder = Folder(index: index, tree: tree)
        try index.begin(epoch: hub.journal.epoch)
        try folder.lookAtEverything()
    }

    var name: String { "u\(number)" }

    // MARK: - Looking

    func takeEvents(_ count: Int) throws -> Int {
        let events = tree.takeEvents(count)
        if !events.isEmpty { try folder.look(at: events) }
        return events.count
    }

    func lookOn(_ limit: Int) throws { try folder.lookOn(limit: limit) }

    func finishLooking() throws {
        if tree.events.isEmpty { try folder.finishLooking() }
    }

    /// The queue of events overflowed.
    func loseEvents() throws {
        _ = tree.takeEvents()
        try folder.lookAtEverything()
    }

    func lookAll() throws {
        for _ in 0..<50 {
            _ = try takeEvents(.max)
            while folder.isLooking { try folder.lookOn(limit: 100) }
            if tree.events.isEmpty { break }
        }
        try finishLooking()
    }

    // MARK: - Hashing

    func hash(_ limit: Int) throws {
        for request in try folder.hashRequests(limit: limit) { hashed.append((request, look(at: request))) }
    }

    func takeHashes() throws {
        let taken = hashed
        hashed = []
        for (request, result) in taken { _ = try folder.absorb(result, for: request, at: tree.clock.now) }
    }

    func hashAgain() throws {
        for request in try folder.racyRequests(at: tree.clock.now) {
            try folder.absorbSecond(look(at: request), for: request)
        }
    }

    private func look(at request: HashRequest) -> HashResult {
        guard tree.isMounted, let file = tree.inode(at: request.path), file.kind == .file else {
            return .failed(DiskProblem(.notFound, "no file at \(request.path)"))
        }
        return .hashed(tree.contents.digest(of: file.bytes), file.stamp, file.mode)
    }

    // MARK: - Sending

    /// Drafts a commit, uploads its bytes, and writes it down.
    /// - Returns: how many operations.
    @discardableResult
    func draft(_ limit: Int, bytes: Int64 = 1 << 20) throws -> Int {
        guard isConnected, let commit = try folder.nextCommit(operations: limit, bytes: bytes) else { return 0 }
        let items = commit.items.filter(upload)
        if items.isEmpty { return 0 }
        let name = "r\(items[0].operation.id.number)"
        requests[name] = items.map(\.operation)
        try index.setInflight(items.map(\.inflight), request: name)
        return items.count
    }

    /// - Returns: false if the bytes are not there any more.
    private func upload(_ item: Commit.Item) -> Bool {
        guard let wanted = item.file, !item.isKnown else { return true }
        guard let path = item.path, let file = tree.inode(at: path), file.kind == .file,
            tree.contents.digest(of: file.bytes) == wanted.digest
        else { return false }
        hub.staged.insert(wanted.digest)
        return true
    }

    /// Has the hub decide; the answer may be lost.
    func send(loses: Bool) throws {
        guard isConnected, answer == nil, let name = try index.inflightRequest, let operations = requests[name] else {
            return
        }
        let outcomes = try hub.commit(self.name, operations, acknowledged: index.acknowledged)
        for (operation, outcome) in zip(operations, outcomes) { note("\(operation.change) -> \(outcome)") }
        if !loses { answer = zip(operations, outcomes).map { ($0.id.number, $1) } }
    }

    func takeAnswer() throws {
        guard let taken = answer else { return }
        answer = nil
        try folder.absorb(taken)
    }

    // MARK: - Receiving

    func askForPage(_ limit: Int) throws {
        guard isConnected, page == nil else { return }
        let next = try hub.journal.changes(after: index.received, limit: limit)
        if try next.through > index.received { page = next }
    }

    /// - Returns: true if there was one.
    @discardableResult
    func takePage() throws -> Bool {
        guard let taken = page else { return false }
        page = nil
        try index.receive(taken.nodes, through: taken.through)
        return true
    }

    func fetch(_ limit: Int, failing: (Fetch) -> Bool = { _ in false }) throws {
        guard isConnected else { return }
        for fetch in try folder.fetches(limit: limit) where !failing(fetch) {
            guard let bytes = tree.contents.bytes(of: fetch.file.digest), hub.holds(fetch.file.digest) else { continue }
            folder.absorb(tree.stage(bytes), for: fetch.node)
        }
    }

    @discardableResult
    func place() throws -> Int { try folder.placeAll() }

    // MARK: - Dying

    /// The process dies and starts again: all that is not in the index or on the disk is gone.
    func restart() throws {
        answer = nil
        page = nil
        hashed = []
        tree.fuse = nil
        tree.forgetWatches()
        folder = Folder(index: index, tree: tree)
        try folder.lookAtEverything()
    }

    /// Its index is of no use any more: everything is merged as if new.
    func beginAgain() throws {
        answer = nil
        page = nil
        hashed = []
        try folder.begin(epoch: hub.journal.epoch)
    }

    // MARK: - Being looked at

    var isIdle: Bool {
        get throws {
            try tree.events.isEmpty && !folder.isLooking && answer == nil && page == nil && hashed.isEmpty
                && index.inflightRequest == nil && index.unsettledCount == 0 && folder.racy.isEmpty
                && index.received == hub.journal.head
        }
    }
}
