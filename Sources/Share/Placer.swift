package import FileTree
package import Journal
package import SyncCore

/// Makes accepted changes visible in the share (DESIGN §6, step 3), one after the other, and remembers what is to be written
/// down about it. Belongs to the hub's one thread; blocks.
///
/// Each step may be carried out again after a crash: it looks at the disk for what is done already. Whatever lies in the way
/// and is not what the journal knows is somebody's change: it is taken in as a change of the share (see
/// ``takeIn(_:in:)``), never replaced.
package final class Placer<Disk: ShareDisk> {
    /// Where everything lies.
    package let store: Disk
    /// What was decided.
    package let journal: Journal
    /// Unix seconds.
    private let now: () -> Int64
    /// For conflict names.
    private let today: () -> String
    /// Distinguishes the operations of the share from those before the last start.
    private let generation: String
    private var lastOperation: Int64 = 0
    /// Done on disk, not yet durable there and not yet written down.
    private var done = DoneSteps()
    /// What lies in the share now for these nodes, not yet written down.
    package var placed: [NodeID: Placed] = [:]
    /// What came into `versions/`, with its size in bytes, not yet written down.
    package internal(set) var stored: [Digest: Int64] = [:]
    /// Copies of what is current that are to go into `versions/` as soon as they are durable.
    var copies: [Digest: Disk.Item] = [:]
    /// What lies there beside what is current, with its size in bytes, not yet written down.
    var kept: [Digest: Int64] = [:]
    /// Could not be done: tried again, in order.
    package private(set) var backlog: [Placement] = []
    /// Of steps that wait for bytes, by id: what lies at their place and was read, and is none of them.
    var others: [Int64: Fingerprint] = [:]
    /// Private files of the backlog that were read and are what they should be, as they were then.
    var verified: [Name: Fingerprint] = [:]
    /// Of the backlog; nil where something has left it since.
    private var waitingNames: WaitingNames?
    /// See ``Stray``.
    var strays: [Stray] = []
    /// Nothing is placed while the share is not there.
    package var isShareAway = false
    /// Told of a node whose place in the share was found otherwise than the journal has it, and left so.
    package var onDoubt: (NodeID) -> Void = { _ in }
    /// Asked why a file in the share does not count yet; nil if it does, or nobody knows.
    package var piece: (RelativePath) -> Piece? = { _ in nil }
    /// Asked which devices made changes that were found in the share; nil for each of which that is not known.
    package var authors: ([FoundChange]) -> [String?] = { $0.map { _ in nil } }
    /// Told of changes that are in the journal now, after ``authors`` was asked.
    package var onTakenIn: ([FoundChange]) -> Void = { _ in }
    /// Told where bytes were placed, and which.
    package var onPlaced: (RelativePath, Digest) -> Void = { _, _ in }
    /// Told of what has another path in the share now, and how it lies there.
    package var onMoved: (_ from: RelativePath, _ to: RelativePath, FileStatus) -> Void = { _, _, _ in }

    /// Told of what a person may want to know: an event, its facts, and whether it is a warning.
    private let onEvent: (String, KeyValuePairs<String, any CustomStringConvertible & Sendable>, Bool) -> Void

    /// - Parameters:
    ///   - generation: distinguishes the operations of the share from those before the last start.
    ///   - now: Unix seconds.
    ///   - today: for conflict names.
    ///   - onEvent: told of what a person may want to know; true for a warning.
    package init(
        store: Disk, journal: Journal, generation: String, now: @escaping () -> Int64, today: @escaping () -> String,
        onEvent: @escaping (String, KeyValuePairs<String, any CustomStringConvertible & Sendable>, Bool) -> Void
    ) {
        self.store = store
        self.journal = journal
        self.now = now
        self.today = today
        self.generation = generation
        self.onEvent = onEvent
    }

    func warn(_ event: String, _ facts: KeyValuePairs<String, any CustomStringConvertible & Sendable>) {
        onEvent(event, facts, true)
    }
    func onNews(_ event: String, _ facts: KeyValuePairs<String, any CustomStringConvertible & Sendable>) {
        onEvent(event, facts, false)
    }

    /// Whether ``flush()`` has something to write down.
    package var isDirty: Bool {
        !done.isEmpty || !placed.isEmpty || !stored.isEmpty || !copies.isEmpty || !kept.isEmpty
    }

    /// Whether ``retry()`` has something to try.
    package var hasToRetry: Bool { !backlog.isEmpty || !strays.isEmpty }

    /// Whether something that could not be done yet concerns a path, or what is above or below it.
    package func isWaiting(at path: RelativePath) -> Bool {
        waiting().concern(path)
    }

    /// A content has come into `versions/`: written down with the next ``flush()``.
    /// - Parameter size: in bytes.
    package func noteVersion(_ digest: Digest, size: Int64) { stored[digest] = size }

    /// Steps that were done since the last ``flush()``.
    package var waitingToBeWritten: Int { done.ids.count }

    /// Carries out the placements of one commit, in order.
    /// - Throws: what the journal throws. What cannot be done in the share is not an error. Either way what was not done is in
    ///   ``backlog``.
    package func run(_ placements: [Placement]) throws { try run(placements, isReplay: false) }

    private func run(_ placements: [Placement], isReplay: Bool) throws {
        for (index, placement) in placements.enumerated() {
            do { try run(placement, isReplay: isReplay) } catch {
                for later in placements[(index + 1)...] { wait(later) }
                throw error
            }
        }
    }

    /// What a start does before anybody is served: puts away what had come out of the share and not reached `versions/` (or gives it
    /// a name again, if nobody has taken it in), finishes what was decided, and writes that down.
    package func recover() throws {
        let pending = try withoutNeedless(journal.pendingPlacements())
        for item in try store.displacedItems() { try keepAfterCrash(item, pending) }
        if !pending.isEmpty { onNews("finishing", ["placements": pending.count]) }
        for placement in pending { try run(placement, isReplay: true) }
        try flush()
    }

    /// Tries again what could not be done.
    package func retry() throws {
        try retryStrays()
        let before = try withoutNeedless(backlog)
        backlog = []
        waitingNames = nil
        defer { if backlog.isEmpty { (verified, others) = ([:], [:]) } }
        try run(before, isReplay: true)
    }

    /// Tries again what waits for a content that has come.
    package func retry(having digest: Digest) throws {
        func isNext(_ index: Int) -> Bool {
            backlog[index].neededVersion == digest && !backlog[..<index].contains { $0.overlaps(backlog[index]) }
        }
        while let index = backlog.indices.first(where: isNext) {
            let (placement, later) = (backlog[index], Array(backlog[(index + 1)...]))
            backlog.removeSubrange(index...)
            waitingNames = nil
            defer {
                backlog += later
                waitingNames = nil
            }
            try run(placement, isReplay: true)
            if backlog.count > index { return }
        }
    }

    /// Whether a placement waits until somebody sends the bytes that it needs.
    package func lacksBytes(for placement: Placement) -> Bool {
        guard let digest = placement.neededVersion else { return false }
        return (try? store.hasVersion(digest)) == false
    }

    /// Whether there is nothing to be tried: no bytes, and nothing in the share that may be what is wanted.
    private func canOnlyWait(_ placement: Placement) -> Bool {
        guard lacksBytes(for: placement), case .file(let path, _, _) = placement.step else { return false }
        return placement.expected != nil || (try? store.status(of: path)) == nil
    }

    /// Without steps whose bytes nobody here has, and after which other bytes of the same node are decided, or that it goes: nobody
    /// is asked for those any more, and its machine may have gone on to the next ones. What lies in their place is in the way of the
    /// later step then.
    private func withoutNeedless(_ placements: [Placement]) throws -> [Placement] {
        var kept: [Placement] = []
        var needless: [(Placement, by: Placement)] = []
        // By node, the next step that decides what lies there.
        var next: [NodeID: Int] = [:]
        for placement in placements.reversed() {
            if let later = next[placement.node], lacksBytes(for: placement) {
                needless.append((placement, by: kept[later]))
                kept[later].expected = placement.expected
                continue
            }
            if placement.decidesContent { next[placement.node] = kept.count }
            kept.append(placement)
        }
        if needless.isEmpty { return placements }
        try journal.replace(needless)
        onNews("needless", ["placements": needless.count])
        return kept.reversed()
    }

    /// Gives up to place a file of a node whose bytes nobody can have any more. What lies there is somebody's change then. Its name may be
    /// another one by now, in steps that wait behind.
    /// - Returns: false if it is not what is waited for.
    package func giveUp(_ node: NodeID) throws -> Bool {
        guard
            let index = backlog.firstIndex(where: { placement in
                guard case .file = placement.step else { return false }
                return placement.node == node && placement.expected == nil && lacksBytes(for: placement)
            })
        else { return false }
        try journal.finish([backlog[index].id])
        backlog.remove(at: index)
        waitingNames = nil
        return true
    }

    private func wait(_ placement: Placement) {
        backlog.append(placement)
        waitingNames?.insert(placement)
    }

    private func waiting() -> WaitingNames {
        if let waitingNames { return waitingNames }
        let names = WaitingNames(backlog)
        waitingNames = names
        return names
    }

    private func run(_ placement: Placement, isReplay: Bool) throws {
        // What has to come after something that waits, waits too.
        if isShareAway || canOnlyWait(placement) || waiting().overlap(placement) {
            return wait(placement)
        }
        do {
            if done.isHidden(by: placement) { try flush() }
            try PlacementRun(placer: self, placement: placement, isReplay: isReplay).carryOut()
            done.append(placement)
        } catch let error as FileTreeError {
            if !isReplay { warn("placement_waits", ["node": placement.node.rawValue, "reason": "\(error)"]) }
            wait(placement)
        } catch let error as PlacementWaits {
            if !isReplay { warn("placement_waits", ["node": placement.node.rawValue, "reason": "\(error)"]) }
            wait(placement)
        } catch {
            wait(placement)
            throw error
        }
    }

    /// A step before its turn, in which it finds itself done.
    func carryOutEarly(_ placement: Placement) throws {
        if done.isHidden(by: placement) { try flush() }
        try PlacementRun(placer: self, placement: placement, isReplay: true).carryOut()
        done.append(placement)
    }

    /// Makes what was done durable, then clears its intents.
    /// - Throws: ``FileTreeError``, and what the journal throws; everything is kept for the next call then.
    package func flush() throws {
        guard isDirty else { return }
        // What was only seen in the share is durable before it is committed.
        if !done.isEmpty || !stored.isEmpty || !copies.isEmpty {
            var touched = done.touched
            touched.versions = Set(stored.keys)
            try store.sync(touched, Array(copies.values))
        }
        shelveCopies()
        try journal.finish(
            done.ids, placed: placed.map { ($0.key, $0.value) }, stored: stored.map { ($0.key, $0.value) },
            kept: kept.map { ($0.key, $0.value) })
        done = DoneSteps()
        placed = [:]
        stored = [:]
        kept = [:]
    }

    /// The names of verified files that a placement still needs: after a start every other one is rubbish.
    package func neededStaged() throws -> Set<String> {
        Set(
            try journal.pendingPlacements().compactMap { placement -> String? in
                guard case .file(_, _, .staged(let staged)) = placement.step else { return nil }
                return staged.name
            })
    }

    // MARK: - What came out of the share

    /// Puts displaced bytes into `versions/`.
    func keep(_ item: Disk.Item, _ digest: Digest) throws {
        try store.keepVersion(item, digest)
        stored[digest] = item.status.size
    }

    // MARK: - Changes of the share

    /// A commit of what somebody did in the share. What follows from it in the share is done at once.
    package func commitShare(_ changes: (_ next: () -> OperationID) throws -> [Operation]) throws -> [Outcome] {
        // Nobody asks for the outcomes of before.
        let acknowledged = lastOperation
        // A step is known to be done by what lies at its path: before that is somebody else's, it is written down.
        if !done.isEmpty { try flush() }
        let operations = try changes {
            self.lastOperation += 1
            return OperationID(generation: self.generation, number: self.lastOperation)
        }
        let found = try foundChanges(operations)
        var devices: [OperationID: String] = [:]
        for (change, device) in zip(found, authors(found.map(\.change))) { devices[change.operation] = device }
        let result = try journal.commit(
            client: Placer.shareClient, operations: operations, acknowledged: acknowledged, at: now(),
            date: today(), origin: .share, devices: devices)
        onTakenIn(found.map(\.change))
        for (index, placement) in result.placements.enumerated() {
            do { try PlacementRun(placer: self, placement: placement, isReplay: false).carryOut() } catch {
                for placement in result.placements[index...] { wait(placement) }
                throw error
            }
            done.append(placement)
        }
        return result.outcomes
    }

    /// For conflict names.
    var day: String { today() }

    /// The name under which changes are recorded that came by the share itself.
    package static var shareClient: String { "share" }
}
