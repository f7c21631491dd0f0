import FileTree
import Journal
import Share
import SyncCore

/// The hub without a network and a disk: the real journal, merge rules and placements, over a share in memory. What it
/// has in memory dies with it; the journal's transactions and what lies on its disk stay.
final class SimulatedHub {
    private(set) var journal: Journal
    let disk: MemoryShare
    let clock: Clock
    let contents: Contents
    private(set) var placer: Placer<MemoryShare>
    private(set) var watch: ShareWatch
    /// What clients have sent, by the digest that they promised; what lies there may be something else.
    var staging: [String: [Digest: [UInt8]]] = [:]
    /// Commits on their way to it, in order for each client.
    var lines: [Int: [Request]] = [:]
    private(set) var isUp = true
    var paused: Set<String> = []
    private(set) var starts = 1
    /// Since the last start.
    private(set) var running: RunningTime
    /// So many times a backup took the place of what was.
    private(set) var restores = 0
    /// So many of its own steps from now (before and after the transaction, before the answer), it dies.
    var stepFuse: Int?

    /// When changes of a client are held.
    var guardRule = MassChangeGuard.off
    /// By client.
    var decided: [String: Decided] = [:]
    /// A person has approved something: what still came of it passed.
    var wasApproved = false
    /// See ``restore(_:)``.
    private(set) var backup: Backup?
    /// Who merges as if new, and was not looked at the share for since.
    var waitsForLook: Set<String> = []

    /// What was found broken, until somebody asks.
    var violations: [Violation] = []
    /// What it has answered: a repeated operation gets the same.
    var answered: [OperationID: Answered] = [:]
    /// Up to where the history was looked at.
    var examined = Sequence.zero
    /// Bytes of files that somebody is still writing.
    var pieces: Set<Digest> = []
    /// Clients that forgot what they knew: what they send meets what they sent.
    var forgives: Set<String> = []
    /// Whether the user of a client ever had the bytes of a content in hand.
    var isWork: (Content, String) -> Bool = { _, _ in true }
    /// Copies of conflicts that are explained, and the place that the hub gave them.
    var namedByHub: [NodeID: Location] = [:]
    /// Writes down what becomes of it.
    var note: (String) -> Void = { _ in }
    /// Requests that it was asked.
    var messages = 0

    /// What a person keeps for the day on which a disk dies.
    struct Backup {
        var journal: Journal
        var disk: MemoryShare.Saved?
        /// Nothing was decided and not placed.
        var isSettled: Bool
    }

    struct Answered {
        var outcome: Outcome
        var head: Sequence
    }

    init(clock: Clock, contents: Contents, databases: Databases = Databases()) throws {
        self.clock = clock
        self.contents = contents
        let journal = try databases.journal()
        self.journal = journal
        disk = MemoryShare(MemoryTree(clock: clock, contents: contents, tellsBirth: true))
        placer = SimulatedHub.placer(disk, journal, clock, 1)
        running = RunningTime(kept: try journal.runningTime, uptime: clock.uptime)
        watch = ShareWatch(placer)
        disk.onLoss = { [unowned self] in
            complain(.noLostBytes, "the hub throws away the last copy of \(String(decoding: $0, as: UTF8.self))")
        }
    }

    private static func placer(
        _ disk: MemoryShare, _ journal: Journal, _ clock: Clock, _ start: Int
    ) -> Placer<MemoryShare> {
        Placer(
            store: disk, journal: journal, generation: "share\(start)", now: { clock.now / 1_000_000_000 },
            today: { "D" }, onEvent: { _, _, _ in })
    }

    var share: MemoryTree { disk.tree }

    /// What `versions/` holds.
    var versions: Set<Digest> { Set(disk.versions.keys) }

    /// Whether the bytes can be had from anywhere at the hub.
    func holds(_ digest: Digest) -> Bool { disk.holds(digest) }

    func complain(_ promise: Promise, _ what: String) { violations.append(Violation(promise, what)) }

    // MARK: - Living and dying

    /// Runs `body`; if the hub dies in it, it is down until ``start()``.
    /// - Returns: nil if it is down, or died.
    func alive<Value>(_ body: () throws -> Value) throws -> Value? {
        guard isUp else { return nil }
        do { return try body() } catch is HubCrash {
            die()
            return nil
        } catch let error where Trouble.isCause(of: error) {
            // Its disk is away, or full; it is tried again later.
            note("fails: \(error)")
            return nil
        }
    }

    /// What cannot be done now is told to the log, and done later.
    func attempt(_ body: () throws -> Void) throws {
        do { try body() } catch let error where Trouble.isCause(of: error) { note("fails: \(error)") }
    }

    func die() {
        note("dies")
        isUp = false
        disk.isDead = true
        disk.fuse = nil
        stepFuse = nil
        lines = [:]
    }

    /// A durable step of its own lies before and after this.
    func step() throws {
        guard let left = stepFuse else { return }
        stepFuse = left - 1
        if left <= 0 { throw HubCrash() }
    }

    /// The journal, and with it what lies on the disk, or not.
    func backUp(withShare: Bool) throws {
        backup = Backup(
            journal: try journal.copyInMemory(), disk: withShare ? disk.copy() : nil,
            isSettled: try journal.pendingPlacements().isEmpty && !placer.isDirty)
        note("is backed up\(withShare ? " with its share" : "") at \(try journal.head.rawValue)")
    }

    /// What is in the backup takes the place of what is, and the process starts.
    func restore(_ backup: Backup) throws {
        die()
        journal = try backup.journal.copyInMemory()
        if let disk = backup.disk { self.disk.restore(disk) }
        restores += 1
        answered = [:]
        examined = try journal.head
        note("is restored at \(examined.rawValue)")
        try start()
    }

    /// What a start does, as Recovery in the hub. May die again.
    func start() throws {
        guard !isUp, share.isMounted else { return }
        isUp = true
        note("starts")
        disk.isDead = false
        starts += 1
        running = RunningTime(kept: try journal.runningTime, uptime: clock.uptime)
        placer = SimulatedHub.placer(disk, journal, clock, starts)
        watch = ShareWatch(placer)
        let hasRecovered: Void? = try alive {
            try placer.recover()
            disk.collectIncoming(needed: try placer.neededStaged().union(journal.heldFiles()))
            try attempt { try shelve() }
        }
        // A start that fails is none.
        if hasRecovered == nil, isUp { die() }
        try checkAnswered()
    }

    /// Everything that it does by itself: writes down what was done, tries again what could not be, takes in what was
    /// done in the share.
    func settle() throws {
        try start()
        _ = try alive {
            try attempt { try placer.retry() }
            try attempt {
                try watch.lookAndTake()
                try watch.conclude()
                if share.isMounted { waitsForLook = [] }
            }
            try attempt { try placer.flush() }
            try attempt { if guardRule.percent > 0 { try journal.noteRunning(moment) } }
        }
        try examineHistory()
    }

    // MARK: - Being looked at

    /// Nothing is left to be done.
    var isIdle: Bool {
        get throws {
            try isUp && placer.backlog.isEmpty && !placer.isDirty && journal.pendingPlacements().isEmpty
                && !watch.waits
        }
    }

    /// What the journal says should lie in the share, sorted by path.
    func things() throws -> [Thing] {
        var found: [Thing] = []
        func visit(_ directory: NodeID, _ path: RelativePath) throws {
            for child in try journal.children(of: directory) {
                found.append(Thing(path: path.appending(child.name), content: child.content))
                if child.content.isDirectory { try visit(child.id, path.appending(child.name)) }
            }
        }
        try visit(.root, .top)
        return found
    }
}
