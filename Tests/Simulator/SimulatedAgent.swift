import Engine
import Index
import Journal
import SyncCore

/// One machine: a folder, its index, the engine, and what is on the way between it and the hub.
final class SimulatedAgent {
    let number: Int
    private(set) var index: FolderIndex
    private var backup: FolderIndex?
    let tree: MemoryTree
    let hub: SimulatedHub
    private(set) var folder: Folder<MemoryTree>
    var isConnected = true
    /// It was away for so long that the hub does not wait for it.
    var isStale = false
    /// The start of the hub that it last said hello to.
    private var greeted = 1
    private var greetedHub = 0
    /// So many indexes it had.
    private var generations = 1
    /// Its index comes from a backup: it may have missed what the hub believes that it has passed.
    private(set) var wasSetBack = false
    /// The next file that is sent arrives in part.
    var tearsNextUpload = false
    /// The next file that is received is not what the hub has.
    var tearsNextDownload = false
    /// Writes down what it does.
    var note: ((String) -> Void)?

    /// Commits that were written down, by their names: they outlive a crash.
    private var requests: [String: [Operation]] = [:]
    /// What was announced with them.
    private var announced: [String: AnnouncedChanges] = [:]
    /// The hub has answered, and the answer is on its way.
    private var answer: [(number: Int64, outcome: Outcome)]?
    /// The hub's head and chain value when it answered.
    private var answeredAt: (head: Sequence, chain: String?) = (.zero, nil)
    /// A page of changes on its way.
    private var page: (changes: ChangesPage, chain: String?, late: [LateOutcome])?
    /// Files that were hashed, and nobody has taken it in yet.
    private var hashed: [(HashRequest, HashResult)] = []

    private var mode: SyncMode

    init(
        _ number: Int, hub: SimulatedHub, clock: Clock, contents: Contents, mode: SyncMode = .twoWay,
        databases: Databases = Databases()
    ) throws {
        self.mode = mode
        self.number = number
        self.hub = hub
        index = try databases.index(newGeneration: "g\(number)")
        tree = MemoryTree(clock: clock, contents: contents)
        folder = SimulatedAgent.folder(index, tree, mode, number)
        try index.begin(epoch: hub.journal.epoch)
        try hub.journal.addClient("u\(number)", kind: .agent, publicKey: "k\(number)", at: 1)
        try hub.journal.hello("u\(number)", generation: index.generation, at: 1)
        try folder.lookAtEverything()
    }

    private static func folder(
        _ index: FolderIndex, _ tree: MemoryTree, _ mode: SyncMode, _ number: Int
    ) -> Folder<MemoryTree> {
        let folder = Folder(index: index, tree: tree, mode: mode, aside: Aside(date: "D", client: "u\(number)"))
        // Every other machine has its longer contents at the hub before it tells of them.
        if number % 2 == 1 { folder.ahead.from = 3 }
        return folder
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

    /// What had trouble, and directories that could not be watched.
    func lookAgain() throws {
        for directory in folder.unwatched { folder.look(into: directory, deep: false) }
        if try folder.hasTroubles() { try folder.retryTroubles() }
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
        for (request, result) in taken {
            _ = try folder.absorb(result, for: request, during: moment)
        }
    }

    /// Hashing takes no time here.
    var moment: ClosedRange<Nanoseconds> { tree.clock.now...tree.clock.now }

    func hashAgain() throws {
        for request in try folder.racyRequests(at: tree.clock.now) {
            guard let file = try folder.absorbSecond(look(at: request), for: request) else { continue }
            try folder.look(at: [(file.directory, file.name)])
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
        guard try isOnline(), let commit = try plan(limit, bytes) else { return 0 }
        let items = commit.items.filter(upload)
        if items.isEmpty { return 0 }
        let name = "r\(items[0].operation.id.number)"
        requests[name] = items.map(\.operation)
        announced[name] = commit.announced
        try index.setInflight(items.map(\.inflight), request: name)
        return items.count
    }

    /// When there is nothing else to tell, something that travels has arrived.
    private func plan(_ limit: Int, _ bytes: Int64) throws -> Commit? {
        if let commit = try folder.nextCommit(operations: limit, bytes: bytes) { return commit }
        guard let next = try folder.firstTravelling(where: { _, _ in true }) else { return nil }
        folder.arrived(next)
        return try folder.nextCommit(operations: limit, bytes: bytes)
    }

    /// - Returns: false if the bytes are not there any more.
    private func upload(_ item: Commit.Item) -> Bool {
        guard let wanted = item.file, !item.isKnown else { return true }
        guard let path = item.path, let file = tree.inode(at: path), file.kind == .file,
            tree.contents.digest(of: file.bytes) == wanted.digest
        else { return false }
        // A connection that breaks off leaves a part.
        let bytes = tearsNextUpload ? hub.contents.torn(file.bytes) : file.bytes
        tearsNextUpload = false
        hub.staging[name, default: [:]][wanted.digest] = bytes
        return true
    }

    private func request() throws -> Request? {
        guard try isOnline(), let name = try index.inflightRequest, let operations = requests[name] else { return nil }
        return Request(
            name: name, client: self.name, operations: operations, acknowledged: try index.acknowledged,
            epoch: try index.epoch ?? "", announced: announced[name] ?? AnnouncedChanges())
    }

    /// Has the hub decide; the answer may be lost.
    func send(loses: Bool) throws {
        guard answer == nil, let request = try request() else { return }
        try take(hub.handle(request), of: request, loses: loses)
    }

    /// Sends the commit in flight; it arrives some time later. Whoever hears nothing sends it again.
    func post() throws {
        guard answer == nil, let request = try request(), hub.lines[number, default: []].count < 3 else { return }
        hub.lines[number, default: []].append(request)
    }

    /// What this one has sent first arrives at the hub, and is answered.
    func deliver(loses: Bool) throws {
        guard hub.lines[number]?.isEmpty == false, let request = hub.lines[number]?.removeFirst() else { return }
        try take(hub.handle(request), of: request, loses: loses)
    }

    private func take(_ reply: Reply, of request: Request, loses: Bool) throws {
        if case .outcomes(let outcomes) = reply {
            for (operation, outcome) in zip(request.operations, outcomes) { note?("\(operation.change) -> \(outcome)") }
        }
        // Nobody waits for the answer to an older request.
        guard !loses, try index.inflightRequest == request.name else { return }
        switch reply {
        case .outcomes(let outcomes):
            answer = zip(request.operations, outcomes).map { ($0.id.number, $1) }
            let head = try hub.journal.head
            answeredAt = (head, try chain(at: head))
        case .refused:
            note?("refused as a whole: \(request.operations.map(\.change))")
            try folder.abandonCommit()
        case .setBack: try renew()
        case .nothing: break
        }
    }

    func takeAnswer() throws {
        guard let taken = answer else { return }
        answer = nil
        let named = try index.inflightContents()
        try folder.absorb(taken, head: answeredAt.head, chain: answeredAt.chain)
        folder.usedUp(named)
    }

    // MARK: - Receiving

    func askForPage(_ limit: Int) throws {
        guard page == nil, try isOnline(), !hub.paused.contains(name) else { return }
        hub.messages += 1
        if try index.snapshotAfter != nil || index.hasMissed(hub.journal.collected) {
            return try takeSnapshot(pages: limit, limit: 3)
        }
        let late = hub.guardRule.percent > 0 ? try lateOutcomes() : []
        let next = try hub.journal.changes(after: index.received, limit: limit)
        if try next.through > index.received {
            page = (next, try chain(at: next.through), late)
        } else {
            try hear(late)
        }
    }

    /// What a person has decided about what was held of this client comes with the changes.
    private func lateOutcomes() throws -> [LateOutcome] {
        let generation = try index.generation
        try hub.journal.acknowledgeLate(for: name, generation: generation, through: index.late)
        return try hub.journal.lateOutcomes(for: name, generation: generation, after: index.late, limit: 500)
    }

    private func hear(_ late: [LateOutcome]) throws {
        for answer in late { note?("late: \(answer.number) -> \(answer.outcome)") }
        try folder.take(late: late.map { (id: $0.id, number: $0.number, outcome: $0.outcome) })
    }

    private func chain(at seq: Sequence) throws -> String? {
        try hub.journal.chain(at: seq).map(Escaping.hex)
    }

    /// Tells the hub how far it is.
    func report() throws {
        guard try isOnline() else { return }
        let applied = try index.applied
        try hub.journal.advance(name, to: applied, epoch: hub.journal.epoch, generation: index.generation)
    }

    /// Whether the hub can be asked; on each new connection it is greeted first.
    func isOnline() throws -> Bool {
        guard isConnected, hub.isUp else { return false }
        if greeted != hub.starts { try hello() }
        return true
    }

    func connect() throws {
        if !isConnected { greeted = 0 }
        isConnected = true
        _ = try isOnline()
    }

    /// As hub and agent do it: is it the journal that this one knows?
    func hello() throws {
        guard isConnected, hub.isUp else { return }
        do { try greet() } catch {
            // It is not connected, and connects anew.
            greeted = 0
            throw error
        }
    }

    private func greet() throws {
        // Whoever hears something writes it down before it connects to somebody else.
        if greetedHub != hub.restores { (answer, page) = (nil, nil) }
        (greeted, greetedHub) = (hub.starts, hub.restores)
        isStale = false
        // Its index comes from a backup: the hub has seen later operations of it.
        if try index.nextNumber <= hub.journal.highestNumber(generation: index.generation, client: name) {
            return try renew()
        }
        let seen = try index.seen
        let own = try chain(at: seen.seq)
        let isKnown = own != nil && (seen.chain == nil || seen.chain == own)
        let isOther = try hub.journal.client(named: name)?.generation != index.generation
        if !isKnown || isOther { hub.waitsForLook.insert(name) }
        try hub.journal.hello(name, generation: index.generation, startsOver: !isKnown, at: 1)
        let head = try hub.journal.head
        if try index.epoch != hub.journal.epoch || index.received > head || index.hearsFirst > head || !isKnown {
            try beginAgain(head: head)
        } else if try index.hasMissed(hub.journal.collected) {
            try index.beginSnapshot()
        }
    }

    /// - Returns: true if there was one.
    @discardableResult
    func takePage() throws -> Bool {
        guard let taken = page else { return false }
        page = nil
        let before = try index.received
        try index.receive(taken.changes.nodes, through: taken.changes.through, chain: taken.chain)
        if try index.received < before { hub.complain(.cursorsGoForward, "\(name) went back from \(before.rawValue)") }
        // A moment later: the process may have died in between.
        try hear(taken.late)
        return true
    }

    func fetch(_ limit: Int, failing: (Fetch) -> Bool = { _ in false }) throws {
        guard try isOnline() else { return }
        for fetch in try folder.fetches(limit: limit) where !failing(fetch) {
            guard var bytes = hub.share.inode(at: fetch.path)?.bytes, hub.share.isMounted, !tree.trouble.strikes()
            else { continue }
            if tearsNextDownload { bytes = hub.contents.torn(bytes) }
            tearsNextDownload = false
            // What comes is hashed on the way.
            guard hub.contents.digest(of: bytes) == fetch.file.digest else { continue }
            folder.absorb(tree.stage(bytes), for: fetch.node)
        }
    }

    @discardableResult
    func place() throws -> Int { try folder.placeAll() }

    // MARK: - Dying

    /// The process dies and starts again: all that is not in the index or on the disk is gone.
    /// - Parameter mode: another one than before; nil for the same.
    func restart(mode: SyncMode? = nil) throws {
        self.mode = mode ?? self.mode
        answer = nil
        page = nil
        hashed = []
        tree.fuse = nil
        tree.forgetWatches()
        folder = SimulatedAgent.folder(index, tree, self.mode, number)
        try folder.lookAtEverything()
    }

    /// Its index is of no use any more: everything is merged as if new.
    /// - Parameter head: nothing is sent before everything up to there was received.
    func beginAgain(head: Sequence = .zero) throws {
        answer = nil
        page = nil
        hashed = []
        hub.forgives.insert(name)
        try folder.begin(epoch: hub.journal.epoch, collected: hub.journal.collected, head: head)
    }

    // MARK: - Backups

    var hasBackup: Bool { backup != nil }

    func backUp() throws {
        backup = try index.copyInMemory()
        note?("is backed up at \(try index.received.rawValue)")
    }

    /// An index from a backup takes the place of what is, or an empty one; the folder is as it is.
    func restoreIndex(isLost: Bool) throws {
        if isLost {
            index = try .memory(newGeneration: newGeneration())
        } else if let backup {
            index = try backup.copyInMemory()
        }
        note?(isLost ? "has lost its index" : "has its index of \(try index.received.rawValue) again")
        wasSetBack = true
        greeted = 0
        hub.forgives.insert(name)
        try restart()
    }

    private func newGeneration() -> String {
        generations += 1
        return "g\(number).\(generations)"
    }

    /// Its index becomes another one, and says hello again.
    private func renew() throws {
        note?("finds that its index was set back")
        answer = nil
        page = nil
        hashed = []
        hub.forgives.insert(name)
        try folder.renew(generation: newGeneration())
        try hello()
    }

    /// Its index is lost: as an index that is made anew, to the hub.
    func forget() throws {
        guard try isOnline() else { return }
        try hub.journal.hello(name, generation: index.generation, startsOver: true, at: 1)
        try beginAgain()
    }

    // MARK: - Being looked at

    var isIdle: Bool {
        get throws {
            try tree.events.isEmpty && !folder.isLooking && answer == nil && page == nil && hashed.isEmpty
                && index.inflightRequest == nil && index.unsettledCount == 0
                && index.received == hub.journal.head
        }
    }
}
