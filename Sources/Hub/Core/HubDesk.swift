internal import ControlAPI
import Dispatch
internal import FileTree
internal import HTTPServer
internal import Hashing
internal import Journal
internal import Share
internal import Processes
import SyncCore

/// Everything that happens on the hub's one thread. Each thing that the API can do is in a file of its own.
final class HubDesk {
    let layout: HubLayout
    /// Of the hub, as shown to people.
    let name: String
    let settings: HubCoreSettings
    let clock: HubClock
    let keys: any KeyKeeper
    let address: @Sendable () throws -> HubAddress
    let queue: DispatchQueue
    let verifiers: WorkerPool
    /// For what takes time and verifies nothing: making keys.
    let helpers = WorkerPool("hub.help", width: 1)
    /// For ending sessions, which looks at every process.
    let gatekeepers = WorkerPool("hub.gate", width: 1)
    /// For pages of changes that are long.
    let pages = WorkerPool("hub.pages", width: 2)
    /// For what only reads, and may read much.
    let readers = WorkerPool("hub.read", width: 2)
    /// For what reads much and writes much, ahead of commits.
    let preparers: WorkerPool
    /// For telling the disk to begin.
    let writers = WorkerPool("hub.write", width: 1)
    /// What was made ready, and what is being made so.
    var ready: ReadyTable<ReadyContent>
    var preparing: [PreparingKey: Preparing] = [:]
    /// What clients are sending at this moment.
    var coming = ComingTable()
    /// For tests: called, on any thread, before much is read that is no commit.
    var beforeReading: @Sendable () -> Void = {}
    let store: Store
    let journal: Journal
    let placer: Placer
    let fence: ShareFence
    let uploads: Uploads
    /// Nil where packs lie in staging.
    let packMemory: PackMemory?
    /// SHA-256.
    let adminTokenHash: [UInt8]
    /// By name, revoked ones too.
    var clients: [String: LiveClient] = [:]
    /// Who may come in is asked there first.
    let door: Door
    /// Tokens that were good once, by their hash: their bearers are told the truth.
    var revokedTokens: Set<[UInt8]> = []
    /// Reads whose each token is; another one in tests.
    var readTokens: (Journal) throws -> [(client: String, hash: [UInt8])] = { try $0.tokens() }
    /// Who may come in, beyond what the journal says.
    var gate = Gate()
    var polls: [Poll] = []
    var lastPoll = 0
    /// By poll: what was found in the log that its caller may be told, and up to where that was looked for.
    var logScans: [Int: LogScan] = [:]
    var isLogPlanned = false
    /// The newest barrier that was raised; 0 as long as nobody has waited since the start.
    var barrier: Int64 = 0
    /// Above every barrier that any client has heard of.
    let firstBarrier: Int64
    /// No report is believed beyond this: far above all milliseconds since 1970, and far below where counting ends.
    static let highestBarrier: Int64 = 1 << 60
    /// Commits that wait for an earlier one of the same client; a name is in it while one is running.
    var commitLines: [String: [CommitJob]] = [:]
    /// See ``LiveClient/shareMark``.
    var waitingForShare: [(job: CommitJob, commit: ParsedCommit)] = []
    /// Who waits for what a content consists of, while that is found out.
    var cutting: [Digest: [HTTPResponder]] = [:]
    /// Old contents that clients of a part were told of: those that nodes in that part had.
    var toldOld: [String: Set<Digest>] = [:]
    /// Of packs that are to come behind answers and are not being sent yet, in bytes.
    var bytesPromised: Int64 = 0
    /// While those that wait are told of a commit: the bytes that it has brought.
    var justCommitted: [Digest: ArraySlice<UInt8>] = [:]
    /// Grows whenever clients are to be asked anew for contents that are missing here.
    var wantedMark: Int64 = 1
    /// What waits for a person.
    var heldBatches: [HeldBatch] = []
    var isStopped = false
    /// Why nothing can be written down, as a sentence; nil while it can.
    var diskTrouble: String?
    /// The journal's, as it was last looked at.
    var collected = Sequence.zero
    /// Who was away for too long to count, when tombstones were collected last.
    var stale: Set<String> = []
    /// Of the clients of a part: what their keys say.
    var keyParts: [String: SharePart] = [:]
    /// What ``ClientsFile`` says.
    var keptClients: ClientsFile?
    /// When the staging of each client was looked at last, by the clock that never goes back.
    var quotaLooks: [String: Nanoseconds] = [:]
    /// When it was looked last at all of them.
    var lastQuotaRound: Nanoseconds = 0
    /// When it was looked last whether the disk is full, by the same clock.
    var lastRoomLook: Nanoseconds?
    /// Of the clock that never goes back.
    var lastRetry: Nanoseconds = 0
    /// From ``Journal/runningTime`` on.
    let running: RunningTime
    /// The last moment of it that was written down.
    var notedMoment: Int64
    /// Of the clock that never goes back.
    var lastCollection: Nanoseconds
    /// Takes in what is done in the share; none before the start.
    private(set) var share: ShareWatcher?
    /// Keeps what is current beside the share.
    let copyKeeper: CopyKeeper
    private var timer: DispatchSourceTimer?
    private var isFlushPlanned = false

    init(
        layout: HubLayout, name: String, settings: HubCoreSettings, clock: HubClock, keys: any KeyKeeper,
        address: @escaping @Sendable () throws -> HubAddress, queue: DispatchQueue, verifiers: WorkerPool, door: Door
    ) throws {
        self.layout = layout
        self.name = name
        self.settings = settings
        self.clock = clock
        self.keys = keys
        self.address = address
        self.queue = queue
        self.verifiers = verifiers
        self.door = door
        preparers = WorkerPool("hub.prepare", width: settings.preparers)
        ready = ReadyTable(most: settings.mostReady)
        lastCollection = clock.uptime()
        store = try Store(layout, busyFrom: settings.busyFrom, protect: settings.protect)
        packMemory = PackMemory(root: layout.root, limit: settings.packMemory)
        adminTokenHash = try HubDesk.adminTokenHash(layout)
        journal = try Journal(path: layout.journal)
        running = RunningTime(kept: try journal.runningTime, uptime: clock.uptime())
        notedMoment = running.moment(at: clock.uptime())
        placer = Placer(
            store: store, journal: journal, clock: clock, generation: randomBytes(count: 8).map(Escaping.hex).joined())
        let time = running
        fence = try ShareFence(store: store, journal: journal) { time.moment(at: clock.uptime()) }
        placer.isShareAway = fence.reason != nil
        let sessions = HubDesk.listen(layout)
        let pieces = try Uploads(
            journal: journal, store: store, sessions: sessions,
            patience: Int64(settings.brokenHours) * 3_600, moment: { time.moment(at: clock.uptime()) })
        uploads = pieces
        placer.piece = { [unowned pieces] in pieces.piece(at: $0) }
        placer.onMoved = { [unowned pieces] in pieces.moved($0, $1, $2) }
        if let sessions {
            placer.authors = { sessions.authors(of: $0) }
            placer.onTakenIn = { sessions.take($0) }
            placer.onPlaced = { sessions.placed($0, $1) }
        }
        copyKeeper = CopyKeeper(store: store, placer: placer, queue: queue, pause: settings.protectPause)
        let records = try journal.clients()
        clients = Dictionary(uniqueKeysWithValues: records.map { ($0.name, LiveClient($0)) })
        // Those before the last start count from milliseconds too.
        let heard = min(clients.values.compactMap { $0.report?.barrier }.max() ?? 0, HubDesk.highestBarrier)
        firstBarrier = max(clock.now() / 1_000_000, heard + 1)
        try Recovery(store: store, journal: journal, placer: placer).run()
        collectStaging(except: [])
        store.closeComing()
        try writeKeys()
        keepClientsFile()
        shelve()
        try countHeld()
    }

    /// After the start, on the queue: watches the share and sets the timer.
    func start() {
        let share = ShareWatcher(
            placer: placer, fence: fence, uploads: uploads, clock: clock, queue: queue, settings: settings,
            moment: { [unowned self] in moment },
            mayBeOffered: { [unowned self] in mayBeOffered($0, at: $1) }
        ) { [unowned self] in
            do { try countHeld() } catch { hubLog.error("held_failed", ["reason": "\(error)"]) }
            if self.share?.hasWanted == true {
                self.share?.hasWanted = false
                wantedMark += 1
            }
            settle()
        }
        self.share = share
        fence.onChange = { [unowned self] in shareChanged($0) }
        if let reason = fence.reason { hubLog.error("share_away", ["reason": reason]) }
        share.start()
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        uploads.start { [queue] in queue.async { desk.share?.uploadsChanged() } }
        collectTombstones()
        copyKeeper.onKept = { [unowned self] in planFlush() }
        copyKeeper.look(atAll: true)
        settle()
    }

    /// Without that the hub sees what phones do in the share alone.
    private static func listen(_ layout: HubLayout) -> SessionSocket? {
        do { return try SessionSocket(layout) } catch {
            hubLog.warning("sessions_unheard", ["reason": "\(error)"])
            return nil
        }
    }

    func stop() {
        isStopped = true
        uploads.stop()
        copyKeeper.stop()
        share?.stop()
        for poll in polls { poll.responder.respond(.refusal(HubDesk.stopping)) }
        polls = []
        for waiting in waitingForShare { waiting.job.responder.respond(.refusal(HubDesk.stopping)) }
        waitingForShare = []
        stopPreparing()
        timer?.cancel()
        timer = nil
        flush()
        packMemory?.remove()
        door.tellAllowances()
        // The journal of a stopped hub is one file: whoever puts another in its place need not know of its log.
        do { try journal.checkpoint() } catch { hubLog.warning("journal_log_left", ["reason": "\(error)"]) }
    }

    static let stopping = ErrorMessage(.hubAway, "the hub is stopping; ask again when it is back")

    private static func adminTokenHash(_ layout: HubLayout) throws -> [UInt8] {
        let text = try HubFile.read(layout.adminToken) ?? ""
        let token = text.prefix { !$0.isNewline }
        if token.isEmpty { throw HubCoreError.noAdminToken(layout.adminToken) }
        return sha256(Array(token.utf8))
    }

    // MARK: - What every request needs

    var head: Sequence { get throws { try journal.head } }

    func facts(_ client: LiveClient) -> ClientFacts {
        var facts = client.facts(clock, grace: .seconds(settings.offlineAfter))
        facts.hasMissed = facts.cursor > .zero && facts.cursor < collected
        facts.isStale = stale.contains(facts.name) && !facts.isOnline
        facts.isDoubled = client.isDoubled(clock)
        facts.heldBatches = heldBatches.filter { $0.client == facts.name }.map(\.id)
        if client.record.subtree != nil, client.record.revokedAt == nil, let view = try? view(of: client.record.name) {
            if let path = view.path { facts.setSubtree(path) }
            if case .lost(let path) = view { facts.lost = HubDesk.lost(path) }
        }
        return facts
    }

    /// All clients, by name.
    var allFacts: [ClientFacts] { clients.values.map(facts).sorted { $0.name < $1.name } }

    /// The client was heard. The journal is told now and then, not each time.
    func heard(_ name: String) {
        guard var client = clients[name] else { return }
        client.lastHeard = clock.now()
        client.lastHeardUptime = clock.uptime()
        clients[name] = client
    }

    /// Takes a client's row anew, after the journal has changed it.
    func reload(_ name: String) throws {
        guard var record = try journal.client(named: name) else { return clients[name] = nil }
        // The journal may not have been told yet.
        record.revokedAt = record.revokedAt ?? gate.leaving[name]
        var client = clients[name] ?? newHolder(record)
        if client.record.generation != record.generation {
            client.forgetReport()
        }
        // A cursor that was reported may not have been written down yet.
        let cursor = client.record.generation == record.generation ? client.record.cursor : record.cursor
        client.record = record
        client.record.cursor = max(record.cursor, cursor)
        client.savedSeen = record.seenMoment
        clients[name] = client
        keepClientsFile()
    }

    /// What is going on in the name of whoever had it before is not this one's.
    private func newHolder(_ record: ClientRecord) -> LiveClient {
        gate.lastHolder += 1
        var client = LiveClient(record)
        client.holder = gate.lastHolder
        return client
    }

    // MARK: - Later

    /// Everything that may wait a moment is written down together: intents, cursors, reports.
    func planFlush() {
        guard !isFlushPlanned, !isStopped else { return }
        isFlushPlanned = true
        // SAFETY of the capture: the queue is the one thread that this object lives on.
        nonisolated(unsafe) let desk = self
        queue.asyncAfter(deadline: .now() + .milliseconds(50)) {
            desk.isFlushPlanned = false
            desk.flush()
        }
    }

    func flush() {
        do {
            let isBurst = placer.waitingToBeWritten > 100
            // Not in one transaction: what the placer has done is forgotten when its own has been written.
            try placer.flush()
            try writeReports()
            diskTrouble = nil
            copyKeeper.look()
            if isBurst { Memory.trim() }
        } catch {
            let isReadOnly = isDiskReadOnly(error) || (error as? FileTreeError)?.reason == .readOnly
            let reason = isReadOnly ? HubDesk.diskIsReadOnly : "\(error)"
            // It is tried again with everything that happens: told once.
            if reason != diskTrouble { hubLog.error("flush_failed", ["reason": "\(error)"]) }
            diskTrouble = reason
        }
    }

    /// Why the disk is of no use, also if nothing was written since it is: who could not put bytes there asks.
    var troubleNow: String? { diskTrouble ?? (journal.takesWrites ? nil : HubDesk.diskIsReadOnly) }

    private func writeReports() throws {
        let before = clients
        do { try journal.transaction { try saveReports() } } catch {
            // What they said is still to be written down.
            clients = before
            throw error
        }
    }

    /// Sets the timer for the next time limit.
    func plan(_ next: Nanoseconds?) {
        timer?.cancel()
        timer = nil
        guard let next, !isStopped else { return }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        nonisolated(unsafe) let desk = self  // SAFETY: the timer fires on the queue.
        timer.setEventHandler { desk.settle() }
        timer.schedule(deadline: .now() + .nanoseconds(Int(max(0, next - clock.uptime()))), leeway: .milliseconds(5))
        timer.activate()
        self.timer = timer
    }
}
