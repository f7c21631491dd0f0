import Dispatch
internal import ControlAPI
internal import Engine
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore

/// The engine on a queue of its own, fed by the watcher. Everything that touches the index or changes names in the
/// folder happens on that queue, one thing at a time; hashing and transfers happen elsewhere.
final class FolderWorker: @unchecked Sendable {
    // SAFETY: all mutable state below is touched on `queue` only.
    private let queue = DispatchQueue(label: "folder")
    private let folder: Folder<DiskTree>
    private var settling: Settling<FolderEvents.Place>
    private var timer: (any DispatchSourceTimer)?
    private let indexPath: String
    /// What is to be done when the index turns out to be damaged.
    private let whenDamaged = Callback<String>()
    private let debounce: Int64
    private let longest: Int64
    private var isLookScheduled = false
    private var isFinishing = false
    private let looked = Bell()
    private let log = Log("folder")
    /// The newest barrier of the hub, and the one that everything before it has passed.
    private var barrier: (asked: Int64, looked: Int64) = (0, 0)
    /// What was closed after writing, or renamed into place, is taken after this part of the quiet time.
    private static let finishedPart: Int64 = 5
    /// Called on the queue whenever there may be something to send, to receive or to report.
    private let onWork: @Sendable () -> Void

    let tree: DiskTree

    /// - Parameters:
    ///   - standIn: an empty directory, which stands for the folder while that is not there.
    ///   - debounce: milliseconds of quiet after which a file is taken.
    ///   - longest: milliseconds after which a file that never is quiet is taken.
    ///   - extras: what is to be carried beside permission bits, as far as this machine can.
    ///   - trashDays: for how long what was put into the trash is kept.
    ///   - patterns: this machine's own ignore rules.
    ///   - client: this machine's name at the hub.
    ///   - uptime: of a clock that never goes back.
    init(
        folder path: String, standIn: String, index indexPath: String, debounce: Int64, longest: Int64,
        carrying extras: CarriedExtras, trashDays: Int, mode: SyncMode, ignoring patterns: [String], client: String,
        uptime: @escaping @Sendable () -> Nanoseconds = { Clock.uptime },
        onWork: @escaping @Sendable () -> Void
    ) throws {
        // Stands between the watcher and the worker, which are made one after the other.
        let relay = Callback<FolderEvents>()
        let day = Timestamp.day(Clock.now)
        tree = try DiskTree(path: path, standIn: standIn, date: day, carrying: extras) { relay.call($0) }
        let (index, damaged) = try FolderIndex.openSound(path: indexPath, newGeneration: Generation.random())
        if let damaged {
            log.warning(
                "index_damaged",
                [
                    "reason": damaged.reason, "kept": damaged.path,
                    "then": "a new one is made from the folder, and everything is merged as if new",
                ])
            try index.setMergeCause(.indexDamaged)
        }
        try index.carry(tree.carried)
        folder = Folder(
            index: index, tree: tree, mode: mode, ignoring: patterns, aside: Aside(date: day, client: client))
        self.indexPath = indexPath
        trash = try TrashKeeper(index, days: trashDays, uptime: uptime)
        settling = Settling(
            debounce: debounce, finished: debounce / FolderWorker.finishedPart, longest: longest)
        self.debounce = debounce
        self.longest = longest
        self.onWork = onWork
        try identify()
        try recover()
        relay.connect { [weak self] events in self?.take(events) }
        trashTimer = keepTrashSmall()
    }

    /// Runs `body` on the queue and waits for it.
    func perform<Value>(_ body: (Folder<DiskTree>) throws -> Value) throws -> Value {
        try queue.sync {
            defer { if folder.isLooking { scheduleLook() } }
            do { return try body(folder) } catch {
                lookForDamage(error)
                throw error
            }
        }
    }

    /// The index takes a new generation: it was set back.
    func renewIndex() throws { try perform { try $0.renew(generation: Generation.random()) } }

    /// - Parameter body: called with a sentence, on the queue, when the index turns out to be damaged: nothing sensible can be
    ///   done with it any more. The next start makes a new one.
    func onDamage(_ body: @escaping @Sendable (String) -> Void) { whenDamaged.connect(body) }

    private func lookForDamage(_ error: any Error) {
        guard FolderIndex.isDamage(error) else { return }
        FolderIndex.markDamaged(path: indexPath)
        whenDamaged.call("\(error). Start the agent again: the index is put aside and made anew")
    }

    func stop() {
        tree.stop()
        queue.sync {
            timer?.cancel()
            timer = nil
            trashTimer?.cancel()
            trashTimer = nil
            attempt { try trash.note(in: folder.index) }
        }
    }

    // MARK: - Trash

    private var trash: TrashKeeper
    private var trashTimer: (any DispatchSourceTimer)?

    /// At the start and once a day, what has lain in the trash for long enough goes.
    private func keepTrashSmall() -> any DispatchSourceTimer {
        let source = DispatchSource.makeTimerSource(queue: queue)
        source.setEventHandler { [weak self] in self?.cleanTrash() }
        source.schedule(deadline: .now(), repeating: .seconds(TrashKeeper.interval), leeway: .seconds(60))
        source.activate()
        return source
    }

    private func cleanTrash() {
        attempt {
            try trash.note(in: folder.index)
            guard tree.isPresent() else { return }
            let count = try trash.look(in: tree.root, folder.index)
            if count > 0 { log.info("trash_cleaned", ["removed": count]) }
        }
    }

    // MARK: - Events

    private func take(_ events: FolderEvents) {
        queue.async { [self] in
            let now = Clock.milliseconds
            for (place, event) in events.names {
                // What this program has put there by itself is looked at once, and not again when it has become quiet.
                if event == .placed, folder.isOwnDoing(place.directory, place.name) { continue }
                if !isPassedOver(place) { settling.note(place, event, at: now) }
            }
            if events.overflowed {
                log.warning("events-lost", ["then": "everything is looked at again"])
                attempt { try folder.lookAtEverything() }
            }
            for directory in events.directories { folder.look(into: directory, deep: true) }
            if folder.isLooking { scheduleLook() }
            schedule()
        }
    }

    /// An ignored log that is written all the time would never be quiet, and keep everybody waiting.
    private func isPassedOver(_ place: FolderEvents.Place) -> Bool {
        (try? folder.passesOver(place.name, in: place.directory)) ?? false
    }

    /// Has the timer fire when the next name is due.
    private func schedule() {
        guard let due = settling.nextDue else { return }
        let timer = timer ?? makeTimer()
        timer.schedule(deadline: .now() + .milliseconds(Int(max(due - Clock.milliseconds, 0))))
    }

    private func makeTimer() -> any DispatchSourceTimer {
        let source = DispatchSource.makeTimerSource(queue: queue)
        source.setEventHandler { [weak self] in self?.lookAtDue() }
        source.activate()
        timer = source
        return source
    }

    private func lookAtDue() {
        let due = settling.takeDue(at: Clock.milliseconds)
        attempt {
            // Names that are not quiet yet are looked at too, so that a move is never seen by one half.
            let others = settling.waiting
            try folder.look(at: (due + others).map { ($0.directory, $0.name) })
            for place in others { try setSettled(place, false) }
            for place in due { try setSettled(place, true) }
            try releaseQuiet()
            // What is due is quiet, however new it is.
            try takeFresh(except: Set(due))
        }
        scheduleLook()
        schedule()
    }

    /// A file whose writer has it open still is not quiet: it waits for the close.
    private func setSettled(_ place: FolderEvents.Place, _ isQuiet: Bool) throws {
        guard let row = try folder.index.child(of: place.directory, named: place.name), row.kind == .file else {
            return
        }
        let path = try folder.index.path(of: row.entry)
        // What is written all the time is taken as it is in the end.
        if isQuiet, let path, !(tree.isBeingWritten(path) && settling.postponeOpen(place, at: Clock.milliseconds)) {
            folder.index.settling.remove(row.entry)
            try folder.index.markUnsettled(row.node.map(SubjectKey.node) ?? .entry(row.entry))
            return
        }
        folder.index.settling.insert(row.entry)
    }

    /// What no name keeps waiting is quiet: an entry that got another name or another directory while it settled is not
    /// found at the place that becomes due.
    private func releaseQuiet() throws {
        guard !folder.index.settling.isEmpty else { return }
        let kept = try settling.waiting.compactMap { try folder.index.child(of: $0.directory, named: $0.name)?.entry }
        for entry in folder.index.settling.subtracting(kept) {
            folder.index.settling.remove(entry)
            guard let row = try folder.index.local(entry) else { continue }
            try folder.index.markUnsettled(row.node.map(SubjectKey.node) ?? .entry(entry))
        }
    }

    // MARK: - Looking

    /// Looks at the whole folder, as at a start.
    func lookAtEverything() {
        queue.async { [self] in
            attempt { try folder.lookAtEverything() }
            scheduleLook()
        }
    }

    /// Blocks until all that is to be looked at has been, and nothing settles any more.
    func waitUntilLooked() {
        while true {
            let (busy, due) = queue.sync { (isLookScheduled || folder.isLooking || isFinishing, settling.nextDue) }
            if !busy && due == nil { return }
            // The worker rings when a look is over; a name that settles is looked at when it is due.
            looked.wait(due.map { .milliseconds(max($0 - Clock.milliseconds, 1)) } ?? .milliseconds(50))
        }
    }

    /// Lists a part, then lets others have their turn; at the end decides what was deleted.
    private func scheduleLook() {
        if isLookScheduled { return }
        isLookScheduled = true
        queue.async { [self] in
            isLookScheduled = false
            attempt {
                if folder.isLookingDeep {
                    try DiskPriority.whileIdle { try folder.lookOn() }
                } else {
                    try folder.lookOn()
                }
                try takeFresh()
                if folder.isLooking { return scheduleLook() }
                finish()
            }
        }
    }

    /// What a listing found is not quiet if it changed just now.
    private func takeFresh(except known: Set<FolderEvents.Place> = []) throws {
        let now = Clock.now
        for fresh in folder.takeFresh() where now - fresh.changed < debounce * 1_000_000 && now >= fresh.changed {
            if !known.contains(fresh.place) { noteChange(of: fresh) }
        }
        schedule()
    }

    /// A file that has changed, as no event has told: it is looked at once it is quiet.
    func settle(_ file: FreshFile) {
        queue.async { [self] in
            log.debug("changed-since", ["name": file.name])
            noteChange(of: file)
            schedule()
        }
    }

    private func noteChange(of file: FreshFile) {
        settling.note(file.place, .changed, at: Clock.milliseconds)
        folder.index.settling.insert(file.entry)
    }

    /// What has vanished may just have arrived elsewhere: every event up to now comes first.
    private func finish() {
        tree.drainEvents()
        isFinishing = true
        queue.async { [self] in
            isFinishing = false
            folder.justPlaced.forget()
            defer { looked.ring() }
            attempt {
                try folder.look(at: settling.waiting.map { ($0.directory, $0.name) })
                for place in settling.waiting { try setSettled(place, false) }
                try releaseQuiet()
                if folder.isLooking { return scheduleLook() }
                guard try checkPresence() else { return }
                if try folder.finishLooking() { passBarrier() } else if folder.isLooking { scheduleLook() }
            }
            onWork()
        }
    }

    // MARK: - Is the folder there?

    /// Why the folder is not there, for a person; nil while it is. Belongs to the queue.
    private(set) var absence: String?

    /// The folder is known by its marker: the index keeps what that says.
    private func identify() throws {
        let known = try folder.index.folderIdentity
        let id = try tree.identify(as: known, orNew: Generation.random)
        if let id, id != known { try folder.index.setFolderIdentity(id) }
    }

    /// Once in the life of the process, as soon as the folder is there: what the last one left is put in order.
    private func recover() throws {
        guard !hasRecovered, tree.isPresent() else { return }
        hasRecovered = true
        // An index without memory would take all that lies there for somebody's only copy.
        let remembers = try folder.index.epoch != nil && folder.index.received >= folder.index.hearsFirst
        leftovers = try tree.recover { try remembers ? isAtHub($0) : nil }
    }

    /// Whether what lies in the private area is at the hub, as far as the index can tell; nil: the hub has to be asked. A file
    /// that was agreed on may be nowhere by now: somebody has deleted or replaced it in the share.
    private func isAtHub(_ content: Content) throws -> Bool? {
        switch content {
        case .directory: false
        case .file(let file): try file.size == 0 ? true : folder.index.hasHeard(of: file) ? nil : false
        case .symlink(let target, _): try folder.index.hubHas(symlinkTo: target)
        }
    }
    private var hasRecovered = false

    /// What the last process left and the hub has to be asked about. Belongs to the queue.
    private var leftovers: [PrivateItem] = []

    /// Once all that the hub has was heard of, decides about what lies in the private area since before the index was made.
    /// - Parameter hub: which of some files' contents are there, live or as older versions.
    /// - Returns: true if anything was done.
    func decideLeftovers(asking hub: ([FileContent]) throws -> Set<Digest>) throws -> Bool {
        let items = try perform { folder in
            try folder.index.received >= folder.index.hearsFirst ? leftovers : []
        }
        if items.isEmpty { return false }
        // What cannot be read gets a name unread.
        let found = items.map { ($0, try? tree.content(of: $0)) }
        let files = found.compactMap(\.1?.file).filter { $0.size > 0 }
        let there = files.isEmpty ? [] : try hub(files)
        try perform { folder in
            for (item, content) in found {
                let isKnown: Bool
                switch content {
                case .file(let file)?: isKnown = file.size == 0 || there.contains(file.digest)
                case .symlink(let target, _)?: isKnown = try folder.index.hubHas(symlinkTo: target)
                case .directory?, nil: isKnown = false
                }
                tree.recover(item, isKnown: isKnown)
                leftovers.removeAll { $0.name == item.name }
            }
            folder.look(into: .root, deep: false)
        }
        return true
    }

    /// What came out of the folder, and could not get a name there, is tried again. Until it has one, that is told.
    private func keepStrays() throws {
        let path = DiskTree.privatePath
        if let problem = tree.keepStrays() {
            try folder.note(problem, at: path)
            hasStrays = true
        } else if hasStrays {
            try folder.index.clearTrouble(at: path)
            hasStrays = false
            folder.look(into: .root, deep: false)
        }
    }
    private var hasStrays = false

    /// Whether the folder is the one that was joined. While it is not, nothing is concluded, sent or placed, and it goes on by itself
    /// when the folder is back. Belongs to the queue.
    func checkPresence() throws -> Bool {
        let marker = DiskTree.marker.path
        if try folder.index.folderIdentity == nil { try identify() }
        switch tree.presence() {
        case .same:
            if absence == nil { return true }
        case .other(let root):
            try tree.adopt(root)
            // What lies in its private area is looked through as at a start: what was fetched, and what came out of the folder.
            folder.forgetStaged()
            hasRecovered = false
            try recover()
        case .absent(let reason):
            if absence != reason { log.warning("folder_absent", ["reason": reason]) }
            absence = reason
            try folder.note(DiskProblem(.notFound, reason), at: marker)
            return false
        }
        log.info("folder_present", ["then": "everything is looked at"])
        absence = nil
        try folder.index.clearTrouble(at: marker)
        try folder.lookAtEverything()
        scheduleLook()
        return false
    }

    /// Whether anything may be sent or placed; see ``checkPresence()``.
    func isPresent() throws -> Bool {
        try queue.sync {
            guard try checkPresence() else { return false }
            try keepStrays()
            return true
        }
    }

    // MARK: - Barriers

    /// Somebody waits for everything that has happened in the folder up to now.
    func ask(barrier number: Int64) {
        queue.async { [self] in
            guard number > barrier.asked else { return }
            barrier.asked = number
            barrierLimit = Clock.milliseconds + longest
            // Nobody tells what happens in directories that the kernel does not watch.
            for directory in folder.unwatched { folder.look(into: directory, deep: false) }
            scheduleLook()
        }
    }

    /// Names that are still settling hold it back until they are due; they bring us here again. One that is written all
    /// the time does so only for a while: it then stands in the report as settling.
    private func passBarrier() {
        if settling.isEmpty || Clock.milliseconds >= barrierLimit { barrier.looked = barrier.asked }
    }
    private var barrierLimit: Int64 = 0

    /// Another connection: its barriers are counted anew.
    func forgetBarriers() {
        queue.sync {
            barrier = (0, 0)
            reported = 0
        }
    }

    /// The barrier that may be reported: everything before it was looked at, and nothing of it waits to be sent.
    func passedBarrier(isIdle: Bool) -> Int64 {
        guard isIdle else { return reported }
        reported = barrier.looked
        return reported
    }
    private var reported: Int64 = 0

    /// Whether something had trouble, or lies where the kernel does not watch.
    var needsAnotherLook: Bool {
        queue.sync { (try? folder.hasTroubles()) ?? true || !folder.unwatched.isEmpty }
    }

    /// When a file that was hashed too soon after its change is to be read once more, in monotonic milliseconds.
    var nextSecondLook: Int64? {
        queue.sync {
            folder.racy.values.min().map {
                Clock.milliseconds + max(($0 + 2_000_000_000 - Clock.now) / 1_000_000 + 1, 1)
            }
        }
    }

    /// Files that were hashed too soon, directories that cannot be watched, paths that had trouble: another look.
    func lookAgain() {
        queue.async { [self] in
            attempt {
                for directory in folder.unwatched { folder.look(into: directory, deep: false) }
                if try checkPresence() {
                    try folder.retryTroubles()
                    try keepStrays()
                }
            }
            scheduleLook()
            onWork()
        }
    }

    private func attempt(_ body: () throws -> Void) {
        do { try body() } catch {
            lookForDamage(error)
            log.error("looking-failed", ["reason": "\(error)"])
        }
    }
}

/// Names for indexes.
enum Generation {
    /// 32 hexadecimal digits.
    static func random() -> String {
        // Two numbers and not sixteen bytes: each of those would be a call of the system.
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let number = UInt64.random(in: .min ... .max, using: &generator)
            return (0..<8).map { Escaping.hex(UInt8(truncatingIfNeeded: number >> (8 * $0))) }.joined()
        }.joined()
    }
}

extension FreshFile {
    fileprivate var place: FolderEvents.Place { FolderEvents.Place(directory: directory, name: name) }
}
