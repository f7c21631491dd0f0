import Dispatch
internal import FileTree
internal import Journal
internal import Share
import SyncCore

/// Turns what somebody does in the share into changes of the client `share`: as an agent watches its folder, against the
/// journal instead of an index. Lives on the hub's queue; files are hashed elsewhere.
///
/// Which node is it? (DESIGN §3): while a name exists, identity stays with the name; when a name is gone, identity goes with
/// the inode to where it reappeared. Everything is decided by looking at the disk: an event only says where.
final class ShareWatcher {
    let placer: Placer
    let fence: ShareFence
    let uploads: Uploads
    let clock: HubClock
    let queue: DispatchQueue
    let settings: HubCoreSettings
    /// Whether some machine may still give the bytes of a file, which nobody here has.
    let mayBeOffered: (Node, RelativePath) -> Bool
    /// To be called, on the queue, when something came of a turn.
    private let onProgress: () -> Void
    let hasher: ShareHasher
    let workers: WorkerPool
    let mailbox = ShareMailbox()
    var watcher: Watcher?

    /// Names that changed and are to become quiet.
    var settling: Settling<Spot>
    /// What is passed over.
    var rules = RuleCache<NodeID>()
    /// Names whose bytes were written to, as events said.
    var written: Set<Spot> = []
    /// Quiet names, to be looked at.
    var due: [Spot] = []
    /// Directories to be listed, the last one first; the set: with all that is below them.
    var toList: [NodeID] = []
    var deep: Set<NodeID> = []
    var watched: Set<NodeID> = []
    /// Directories that the kernel would watch no more of: looked at from time to time.
    var unwatched: Set<NodeID> = []
    var nextRound: Int64 = 0
    var toHash: ShareHashQueue
    var inHash: Set<Spot> = []
    /// Nodes without a file: deleted, unless they turn up elsewhere.
    var vanished: Set<NodeID> = []
    /// Files that devices took away unseen, and that come back, since the start.
    var returning: Set<NodeID> = []
    /// Whether one has begun to wait for a machine that has its bytes, which is to be told to the machines.
    var hasWanted = false
    /// Names that wait until what had them before is gone.
    var afterwards: Set<Spot> = []
    /// Where writers cannot be told: how a file looked when it was quiet for the first time.
    var quietOnce: [Spot: Fingerprint] = [:]
    /// Why names do not become changes, for people.
    var problems: [Spot: String] = [:]

    /// Directories that lie deeper than what is taken in.
    var tooDeep: Set<Spot> = []
    /// What has vanished or was rewritten, and waits for a person.
    var heldNodes: Set<NodeID> = []
    /// While every deletion waits for a person: the mark of the look at everything that tells what is gone.
    var doubtMark: Int64?
    /// Now, by ``Journal/runningTime``.
    let moment: () -> Int64

    /// What is to be finished, with the newest mark when it began.
    var unfinished: [ShareTask: Int64] = [:]
    /// Names whose directories are not where the journal has them, with the newest mark when they were heard of.
    var astray: [Spot: Int64] = [:]
    var lastMark: Int64 = 0

    /// How many turns there were, and how many files were read: for tests.
    private(set) var turns = 0
    var hashedFiles = 0

    /// Something came of this turn.
    var hasProgress = false
    private var isTurnPlanned = false
    private var isStopped = false
    private var timer: DispatchSourceTimer?

    var journal: Journal { placer.journal }
    var share: TreeRoot { placer.store.share }
    /// Milliseconds.
    var now: Int64 { clock.uptime() / 1_000_000 }

    init(
        placer: Placer, fence: ShareFence, uploads: Uploads, clock: HubClock, queue: DispatchQueue,
        settings: HubCoreSettings,
        moment: @escaping () -> Int64, mayBeOffered: @escaping (Node, RelativePath) -> Bool,
        onProgress: @escaping () -> Void
    ) {
        self.placer = placer
        self.fence = fence
        self.uploads = uploads
        self.clock = clock
        self.queue = queue
        self.settings = settings
        self.mayBeOffered = mayBeOffered
        self.onProgress = onProgress
        hasher = ShareHasher(placer.store)
        self.moment = moment
        workers = WorkerPool("hub.share", width: settings.shareHashers)
        toHash = ShareHashQueue(width: settings.shareHashers)
        settling = Settling(debounce: Int64(settings.shareSettle), longest: Int64(settings.shareRetry))
    }

    /// Begins to watch, and looks at everything.
    func start() {
        placer.onDoubt = { [unowned self] node in doubt(node) }
        do { heldNodes = try journal.heldNodes(of: Placer.shareClient) } catch {
            hubLog.error("held_failed", ["reason": "\(error)"])
        }
        nonisolated(unsafe) let share = self  // SAFETY: used on the queue only.
        let (mailbox, queue) = (mailbox, queue)
        do {
            watcher = try Watcher { batch in
                if mailbox.put(batch) { queue.async { share.turn() } }
            }
        } catch {
            hubLog.error("share_unwatched", ["reason": "\(error)"])
        }
        lookAtEverything()
        do { if try journal.isShareDoubted { doubtDeletions() } } catch {
            hubLog.error("share_failed", ["reason": "\(error)"])
        }
        planTurn()
    }

    /// Nothing happens any more after this.
    func stop() {
        isStopped = true
        hasher.stop()
        timer?.cancel()
        timer = nil
        watcher?.stop()
        watcher = nil
        placer.onDoubt = { _ in }
    }

    // MARK: - Turns

    /// Some of what is to be done; the rest in another turn, so that clients have theirs.
    func turn() {
        isTurnPlanned = false
        if isStopped { return }
        turns += 1
        do {
            guard fence.check() else { return plan() }
            try settleDoubt()
            try followUploads()
            try takeEvents()
            try listSome()
            try lookAtSome()
            startHashing()
            try conclude()
            try followAstray()
            try restAuthors()
        } catch {
            hubLog.error("share_failed", ["reason": "\(error)"])
            lookAtAllLater()
        }
        plan()
        tell()
    }

    /// What was to be done may be lost: all of it comes again.
    private func lookAtAllLater() {
        nextRound = now + Int64(settings.shareRetry)
        unwatched.insert(.root)
        deep.insert(.root)
    }

    /// Results of the workers come in between the turns.
    func betweenTurns(_ body: () throws -> Void) {
        if isStopped { return }
        do { try body() } catch {
            hubLog.error("share_failed", ["reason": "\(error)"])
            lookAtAllLater()
        }
        planTurn()
        tell()
    }

    private func tell() {
        guard hasProgress else { return }
        hasProgress = false
        onProgress()
    }

    func planTurn() {
        guard !isTurnPlanned, !isStopped else { return }
        isTurnPlanned = true
        nonisolated(unsafe) let share = self  // SAFETY: used on the queue only.
        queue.async { share.turn() }
    }

    /// When the next turn is. None when nothing waits: an idle share costs nothing.
    func plan() {
        if isStopped { return }
        if !toList.isEmpty || !due.isEmpty { return planTurn() }
        timer?.cancel()
        timer = nil
        var times: [Int64] = []
        if let next = settling.nextDue { times.append(next) }
        if !unwatched.isEmpty { times.append(nextRound) }
        // It may come back by a mount, which is no event.
        if fence.reason != nil { times.append(now + Int64(settings.shareRetry)) }
        if fence.reason == nil, let next = uploads.nextDue(at: now) { times.append(next) }
        guard let next = times.min() else { return }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        nonisolated(unsafe) let share = self  // SAFETY: the timer fires on the queue.
        timer.setEventHandler { share.turn() }
        // A little later, so that what became quiet at about the same time is looked at together.
        timer.schedule(
            deadline: .now() + .milliseconds(Int(max(0, next - now)) + 5), leeway: .milliseconds(10))
        timer.activate()
        self.timer = timer
    }

    // MARK: - What is to be done

    /// A name is to be looked at when it is quiet.
    func note(_ spot: Spot, _ event: Settling<Spot>.Event = .changed, mark: Int64? = nil) {
        settling.note(spot, event, at: now)
        begin(.name(spot), mark)
    }

    /// A name cannot be decided on now: after a close, or in a while. Nobody waits for it: an upload may take hours.
    func postpone(_ spot: Spot, because reason: String) {
        settling.postpone(spot, at: now)
        problems[spot] = reason
        end(.name(spot))
    }

    /// A name is as the journal has it, or is no node. An event may have come for it meanwhile.
    func finish(_ spot: Spot) {
        problems[spot] = nil
        quietOnce[spot] = nil
        tooDeep.remove(spot)
        if settling.contains(spot) || inHash.contains(spot) { return }
        end(.name(spot))
    }

    func begin(_ task: ShareTask, _ mark: Int64? = nil) {
        unfinished[task] = min(unfinished[task] ?? .max, mark ?? lastMark)
    }

    func end(_ task: ShareTask) {
        if unfinished.removeValue(forKey: task) != nil { hasProgress = true }
    }

    /// A placement found the disk otherwise than the journal had it, and left it so.
    private func doubt(_ id: NodeID) {
        guard let node = try? journal.node(id), !node.isDeleted else { return }
        note(Spot(directory: node.parent, name: node.name))
        planTurn()
    }

    // MARK: - What is known of a name

    /// Nil when its directory is deleted.
    func path(of spot: Spot) throws -> RelativePath? {
        if spot.directory == .root { return RelativePath([spot.name]) }
        guard let parent = try journal.node(spot.directory), !parent.isDeleted else { return nil }
        return try journal.path(of: parent.id)?.appending(spot.name)
    }

    /// What was last known to lie there for a node: written down, or about to be.
    func placed(_ node: NodeID) throws -> Placed? { try placer.placed[node] ?? journal.placed(node) }
}
