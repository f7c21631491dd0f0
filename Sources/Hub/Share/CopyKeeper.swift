import Dispatch
internal import FileTree
internal import Journal
internal import Processes
internal import Share
import SyncCore
import Synchronization

/// Sees to it that `versions/` has what is current in the share, as ``Protection`` says: what was there before anybody asked for
/// that, and what could not be kept on its way. One piece at a time, at idle priority. Lives on the hub's queue; files are read
/// elsewhere.
final class CopyKeeper {
    /// To be called, on the queue, when something is to be written down.
    var onKept: () -> Void = {}
    private let store: Store
    private let placer: Placer
    private let queue: DispatchQueue
    /// In milliseconds.
    private let pause: Int
    private let workers = WorkerPool("hub.keep", width: 1)
    private let isStopped = CopyStop()

    /// All files whose last change is not after this one were looked at.
    private var through = Sequence.zero
    /// Whether the disk is asked, too, and not the journal alone.
    private var asksDisk = false
    /// What was there when the hub started and is still to be looked at.
    private var left: [PrivateItem]
    /// Where nothing is to be kept: up to here it was removed; nil before the first, and again when all was.
    private var cleared: Digest?
    /// How many contents could not be kept since all were looked at, and why the last one could not.
    private(set) var missed: (count: Int, reason: String)?
    private var toldMissed = 0
    private var isPlanned = false
    private var isBusy = false
    /// What is being done is not to be gone on with.
    private var startsAnew = false

    private var journal: Journal { placer.journal }

    init(store: Store, placer: Placer, queue: DispatchQueue, pause: Int) {
        self.store = store
        self.placer = placer
        self.queue = queue
        self.pause = pause
        left = store.leftCopies
    }

    /// Nothing happens any more after this.
    func stop() { isStopped.set() }

    /// Something may have become current; in a while that is looked at.
    /// - Parameter atAll: at everything, on the disk too.
    func look(atAll: Bool = false) {
        if atAll { (through, asksDisk, missed, startsAnew) = (.zero, true, nil, isBusy) }
        if isStopped.isSet || isPlanned || isBusy { return }
        if !atAll, store.protection == .none || (try? journal.head) == through { return }
        isPlanned = true
        nonisolated(unsafe) let keeper = self  // SAFETY: used on the queue only.
        queue.asyncAfter(deadline: .now() + .milliseconds(pause)) {
            keeper.isPlanned = false
            keeper.turn()
        }
    }

    /// What could not be kept may be kept now.
    func lookAgain() {
        if missed != nil { (through, missed) = (.zero, nil) }
        look()
    }

    // MARK: - Turns

    private func turn() {
        guard !isStopped.isSet, !isBusy, !placer.isShareAway else { return }
        do {
            if !left.isEmpty { return lookAtLeft() }
            if store.protection == .none { return try clear() }
            let page = try journal.currentFiles(after: through, limit: CopyKeeper.page)
            let (taken, end) = part(of: page, head: try journal.head)
            let wanted = taken.filter { (asksDisk || !$0.isKept) && !placer.isKeeping($0.content.digest) }
            try keep(wanted, through: end, isLast: page.count < CopyKeeper.page && taken.count == page.count)
        } catch {
            hubLog.error("copies_failed", ["reason": "\(error)"])
        }
    }

    /// So much that it does not take too long, and up to where it goes.
    private func part(of page: [CurrentFile], head: Sequence) -> (files: [CurrentFile], end: Sequence) {
        var bytes: Int64 = 0
        let count = page.prefix { file in
            defer { if !file.isKept { bytes += file.content.size } }
            return bytes < CopyKeeper.pageBytes
        }.count
        let isAll = count == page.count && page.count < CopyKeeper.page
        return (Array(page.prefix(count)), isAll ? head : page[count - 1].node.seq)
    }

    private func keep(_ files: [CurrentFile], through end: Sequence, isLast: Bool) throws {
        var wanted: [(path: RelativePath, file: CurrentFile)] = []
        var seen: Set<Digest> = []
        for file in files where seen.insert(file.content.digest).inserted {
            if let path = try journal.path(of: file.node.id) { wanted.append((path, file)) }
        }
        if wanted.isEmpty { return ended(through: end, isLast: isLast) }
        let (store, isStopped) = (store, isStopped)
        run { [wanted] in
            let results = wanted.map { CopyKeeper.keep($0.path, $0.file, store, isStopped) }
            return CopyKeeper.durable(results, store)
        } then: { [self] results in
            for result in results {
                switch result {
                case .there(let digest, let size): placer.noteKept(digest, size: size)
                case .made(let item, let digest): placer.keepCopies([digest: item], areDurable: true)
                case .asItShould, .other: break
                case .failed(let reason): missed = ((missed?.count ?? 0) + 1, reason)
                }
            }
            onKept()
            // What was looked at while the share went away says nothing.
            if !placer.isShareAway { ended(through: end, isLast: isLast) }
        }
    }

    private func ended(through end: Sequence, isLast: Bool) {
        if startsAnew {
            startsAnew = false
            return turnSoon()
        }
        through = end
        guard isLast else { return turnSoon() }
        if let missed, missed.count != toldMissed {
            toldMissed = missed.count
            hubLog.warning("not_protected", ["contents": missed.count, "reason": missed.reason])
        }
        asksDisk = false
        look()
    }

    private func turnSoon() {
        nonisolated(unsafe) let keeper = self  // SAFETY: used on the queue only.
        queue.async { keeper.turn() }
    }

    /// Runs something elsewhere at idle priority, and goes on here.
    private func run<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value, then absorb: @escaping (Value) -> Void
    ) {
        isBusy = true
        let queue = queue
        nonisolated(unsafe) let (keeper, absorb) = (self, absorb)  // SAFETY: used on the queue only.
        workers.run {
            let value = DiskPriority.whileIdle(body)
            queue.async {
                keeper.isBusy = false
                // The next start finds what was made.
                if !keeper.isStopped.isSet { absorb(value) }
            }
        }
    }

    // MARK: - Elsewhere

    private enum Kept: Sendable {
        /// It is on record, and there.
        case asItShould
        /// `versions/` has it, and the journal does not know.
        case there(Digest, Int64)
        case made(PrivateItem, Digest)
        /// Something else lies in the share by now, which the share's watcher sees.
        case other
        case failed(String)
    }

    private static func keep(_ path: RelativePath, _ file: CurrentFile, _ store: Store, _ stop: CopyStop) -> Kept {
        let content = file.content
        if store.sizeOfVersion(content.digest) == content.size {
            return file.isKept ? .asItShould : .there(content.digest, content.size)
        }
        do throws(FileTreeError) {
            return .made(try store.copyToKeep(of: path, as: content) { stop.isSet }, content.digest)
        } catch {
            switch error.reason {
            case .changedWhileRead, .wrongContent, .notFile, .cancelled: return .other
            case .noSpace: return .failed(CopyKeeper.noRoom)
            default: return error.meansAbsence ? .other : .failed("\(error)")
            }
        }
    }

    /// Whole before anybody counts on them.
    private static func durable(_ results: [Kept], _ store: Store) -> [Kept] {
        let made = results.compactMap { result in if case .made(let item, _) = result { item } else { nil } }
        if made.isEmpty { return results }
        do throws(FileTreeError) {
            try store.sync()
            return results
        } catch {
            for item in made { try? item.remove() }
            return [.failed("\(error)")]
        }
    }

    private static let page = 200
    private static let pageBytes: Int64 = 256 << 20
    private static let noRoom = "copies leave some of the disk free"

    // MARK: - What a crash has left

    /// Its bytes may be torn: the digest tells. Of what the journal has on record they may be all that is left.
    private func lookAtLeft() {
        let items = left
        run {
            items.map { (item: $0, digest: try? $0.digest()) }
        } then: { [self] found in
            left = []
            do {
                for (item, digest) in found {
                    if let digest, try journal.isCurrent(digest) || journal.knows(digest) {
                        placer.keepCopy(item, digest)
                    } else {
                        try item.remove()
                    }
                }
                onKept()
            } catch {
                hubLog.error("copies_failed", ["reason": "\(error)"])
            }
            turnSoon()
        }
    }

    // MARK: - Nothing is kept any more

    /// What never was displaced goes, as long as its bytes are seen to lie in the share.
    private func clear() throws {
        let found = try journal.neverDisplaced(after: cleared, limit: CopyKeeper.page)
        cleared = found.last?.digest
        guard cleared != nil else { return }
        let free = try journal.forgetVersions(
            found.filter { try !placer.isKeeping($0.digest) && isInShare($0) }.map(\.digest), keepingCurrent: false)
        if !free.isEmpty { hubLog.info("copies_removed", ["contents": free.count]) }
        // They have no name there any more when this turn ends: the next commit may displace one of them, which has to stay then.
        let items = free.compactMap { try? store.takeOut($0) }
        run {
            for item in items { try? item.remove() }
        } then: { [self] in
            turnSoon()
        }
    }

    private func isInShare(_ version: StoredVersion) throws -> Bool {
        try journal.liveFiles(with: version.digest, size: version.size).contains { try placer.isInShare($0) }
    }
}

/// Whether the hub is stopping. Any thread.
private final class CopyStop: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
