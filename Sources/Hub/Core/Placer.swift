internal import FileTree
internal import Journal
import SyncCore

/// Makes accepted changes visible in the share (DESIGN §6, step 3), one after the other, and remembers what is to be written
/// down about it. Belongs to the hub's one thread; blocks.
///
/// Each step may be carried out again after a crash: it looks at the disk for what is done already. Whatever lies in the way
/// and is not what the journal knows is somebody's change: it is taken in as a change of the share (see
/// ``takeIn(_:in:)``), never replaced.
final class Placer {
    let store: Store
    let journal: Journal
    private let clock: HubClock
    /// Distinguishes the operations of the share from those before the last start.
    private let generation: String
    private var lastOperation: Int64 = 0
    /// Done on disk, not yet durable there and not yet written down.
    private var done = DoneSteps()
    var placed: [NodeID: Placed] = [:]
    var stored: [Digest: Int64] = [:]
    /// Could not be done: tried again, in order.
    private(set) var backlog: [Placement] = []
    /// Told of a node whose place in the share was found otherwise than the journal has it, and left so.
    var onDoubt: (NodeID) -> Void = { _ in }

    init(store: Store, journal: Journal, clock: HubClock, generation: String) {
        self.store = store
        self.journal = journal
        self.clock = clock
        self.generation = generation
    }

    /// Whether ``flush()`` has something to write down.
    var isDirty: Bool { !done.isEmpty || !placed.isEmpty || !stored.isEmpty }

    /// Whether something that could not be done yet concerns a path, or what is above or below it.
    func isWaiting(at path: RelativePath) -> Bool {
        backlog.contains { $0.paths.contains { $0.contains(path) || path.contains($0) } }
    }

    /// Steps that were done since the last ``flush()``.
    var waitingToBeWritten: Int { done.ids.count }

    /// Carries out the placements of one commit, in order.
    /// - Throws: what the journal throws. What cannot be done in the share is not an error: it stays in ``backlog``.
    func run(_ placements: [Placement]) throws {
        for placement in placements { try run(placement, isReplay: false) }
    }

    /// Carries out what was decided before a crash.
    func replay(_ placements: [Placement]) throws {
        for placement in placements { try run(placement, isReplay: true) }
    }

    /// Tries again what could not be done.
    func retry() throws {
        let waiting = backlog
        backlog = []
        for placement in waiting { try run(placement, isReplay: true) }
    }

    private func run(_ placement: Placement, isReplay: Bool) throws {
        // What has to come after something that waits, waits too.
        if backlog.contains(where: { $0.overlaps(placement) }) { return backlog.append(placement) }
        if done.isHidden(by: placement) { try flush() }
        do {
            try PlacementRun(placer: self, placement: placement, isReplay: isReplay).carryOut()
            done.append(placement)
        } catch let error as FileTreeError {
            if !isReplay { hubLog.warning("placement_waits", ["node": placement.node.rawValue, "reason": "\(error)"]) }
            backlog.append(placement)
        } catch let error as PlacementWaits {
            if !isReplay { hubLog.warning("placement_waits", ["node": placement.node.rawValue, "reason": "\(error)"]) }
            backlog.append(placement)
        }
    }

    /// Makes what was done durable, then clears its intents.
    /// - Throws: ``FileTreeError``, and what the journal throws; everything is kept for the next call then.
    func flush() throws {
        guard isDirty else { return }
        // What was only seen in the share is durable before it is committed.
        if !done.isEmpty || !stored.isEmpty { try store.sync() }
        try journal.finish(
            done.ids, placed: placed.map { ($0.key, $0.value) }, stored: stored.map { ($0.key, $0.value) })
        done = DoneSteps()
        placed = [:]
        stored = [:]
    }

    // MARK: - What came out of the share

    /// Puts displaced bytes into `versions/`.
    func keep(_ item: PrivateItem, _ digest: Digest) throws {
        try store.keepVersion(item, digest)
        stored[digest] = item.status.size
    }

    /// Puts away something that came out of the share and is not known: by its content.
    func keepStray(_ item: PrivateItem) throws {
        guard item.status.kind == .file else {
            // A directory stays where it is, for a person to look at.
            return item.status.kind == .symlink ? try item.remove() : hubLog.warning("stray_left", ["item": item.name])
        }
        let hashed = try item.open().hash()
        try keep(item, hashed.digest)
        hubLog.warning("stray_kept", ["sha256": hashed.digest])
    }

    // MARK: - Changes of the share

    /// A commit of what somebody did in the share. What follows from it in the share is done at once.
    func commitShare(_ changes: (_ next: () -> OperationID) throws -> [Operation]) throws -> [Outcome] {
        // Nobody asks for the outcomes of before.
        let acknowledged = lastOperation
        let operations = try changes {
            self.lastOperation += 1
            return OperationID(generation: self.generation, number: self.lastOperation)
        }
        let now = clock.now()
        let result = try journal.commit(
            client: Placer.shareClient, operations: operations, acknowledged: acknowledged, at: now.inSeconds,
            date: clock.day(), origin: .share)
        for (index, placement) in result.placements.enumerated() {
            do { try PlacementRun(placer: self, placement: placement, isReplay: false).carryOut() } catch {
                backlog += result.placements[index...]
                throw error
            }
            done.append(placement)
        }
        return result.outcomes
    }

    /// For conflict names.
    var day: String { clock.day() }

    /// The name under which changes are recorded that came by the share itself.
    static let shareClient = "share"
}

/// Steps that were done and are not written down, to be asked for by node and path.
private struct DoneSteps {
    private(set) var ids: [Int64] = []
    private var nodes: Set<NodeID> = []
    private var paths: Set<RelativePath> = []

    var isEmpty: Bool { ids.isEmpty }

    mutating func append(_ placement: Placement) {
        ids.append(placement.id)
        nodes.insert(placement.node)
        paths.formUnion(placement.paths)
    }

    /// Whether a start could not tell any more, after `next`, that one of these was done: a step is recognised as done by what
    /// lies at its path, so that has to be written down before it changes again. A move changes every path below it.
    func isHidden(by next: Placement) -> Bool {
        if case .move = next.step { return !isEmpty }
        return nodes.contains(next.node) || next.paths.contains { paths.contains($0) }
    }
}

/// Why a step cannot be done now.
struct PlacementWaits: Error, CustomStringConvertible {
    var description: String
}

extension Placement {
    fileprivate var paths: [RelativePath] {
        switch step {
        case .file(let path, _, _), .attributes(let path, _), .directory(let path, _), .symlink(let path, _, _),
            .remove(let path):
            [path]
        case .move(let from, let to): [from, to]
        }
    }

    /// Whether the order of the two matters.
    func overlaps(_ other: Placement) -> Bool {
        node == other.node
            || paths.contains { mine in other.paths.contains { mine.contains($0) || $0.contains(mine) } }
    }
}

extension Placed {
    init(_ status: FileStatus) {
        self.init(
            device: status.device, inode: status.inode, size: status.size, mtime: status.mtime, ctime: status.ctime,
            born: status.born)
    }

    /// Whether it can be the same inode, and not one that has its number now.
    func isInode(of status: FileStatus) -> Bool {
        identity == status.identity && (born == status.born || born == 0 || status.born == 0)
    }

    var identity: FileIdentity { FileIdentity(device: device, inode: inode) }
    var fingerprint: Fingerprint { Fingerprint(identity: identity, size: size, mtime: mtime, ctime: ctime) }
}
