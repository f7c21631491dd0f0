internal import Engine
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

/// The bulk lane down: large contents, one at a time, each in a private file that is kept over breaks and restarts. One
/// thread of its own; what is small comes beside it.
final class BulkDown {
    let worker: FolderWorker
    let connection: @Sendable () -> (any HubConnection)?
    let isStopping: @Sendable () -> Bool
    /// What others are sending; nil while that is not known.
    let coming: () -> [Coming]?
    /// Of the files, in bytes.
    let least: Int64
    let room: (PrivateArea) -> Int64?
    /// How many connections one file gets: what was found out with one holds for the next.
    private var rule: ConnectionRule
    /// The same, for what another one is still sending: its rate is a bound, too.
    var earlyRule: ConnectionRule
    let log = Log("down")
    private var pauses = RetryPauses<NodeID>(1_000...30_000)
    /// What this process has begun and not finished: its bytes were hashed as they came.
    var begun: [Digest: StagedFile] = [:]
    /// What others are sending.
    var notes = ComingNotes()
    /// What is to come of the file that is under way, and what has, in bytes.
    private var (travels, moved) = (Int64(0), Int64(0))
    /// Nodes whose bytes are here, whole, and could not be placed yet.
    private var waiting: Set<NodeID> = []
    /// What could not be put together from what is here comes whole.
    private var distrusted: Set<Digest> = []
    /// What came wrong without its holes comes with all its zeros: not every file system tells the truth about them.
    private var solid: Set<Digest> = []
    /// Whether what is under way comes without holes.
    private var skipsHoles = false
    /// What lies on this machine, and when that was listed (monotonic milliseconds).
    private var here: (contents: LocalContents, since: Int64)?
    /// What nobody wants was looked for, and nothing has changed about that since.
    private var hasCollected = false

    /// In bytes: what a connection is given at a time.
    private static let piece: Int64 = 32 << 20
    /// How often it is looked whether it is wanted still, and whether something goes before it, in milliseconds.
    let looksEvery: Int64
    /// At most so many are looked at for one that goes before it.
    private static let mostLooks = 32
    /// In milliseconds.
    private static let listsEvery: Int64 = 30_000
    /// So many stay open that were overtaken.
    private static let mostBegun = 8
    /// Longer paths are laid out by the hub, whole, each time they are asked for: they come in one piece.
    private static let longPath = 3_500

    /// - Parameters:
    ///   - connection: the hub, nil while nothing may be fetched.
    ///   - connections: for one file at most.
    ///   - size: smaller files come otherwise, in bytes.
    ///   - room: on the disk, in bytes; nil if it does not say.
    ///   - looksEvery: how often it is looked for something that goes first, in milliseconds.
    ///   - coming: what others are sending, of which the beginning is fetched early; nil while that is not known.
    init(
        worker: FolderWorker, connections: Int, from size: Int64 = HashPass.large,
        room: @escaping (PrivateArea) -> Int64? = BulkDown.room,
        connection: @escaping @Sendable () -> (any HubConnection)?, coming: @escaping () -> [Coming]? = { [] },
        looksEvery: Int64 = 500, isStopping: @escaping @Sendable () -> Bool
    ) {
        (self.worker, self.connection, self.isStopping) = (worker, connection, isStopping)
        (least, self.room, self.coming, self.looksEvery) = (size, room, coming, looksEvery)
        rule = ConnectionRule(most: connections)
        earlyRule = rule
    }

    /// When something that was put off is due, in monotonic milliseconds; nil if nothing was.
    var nextRetry: Int64? { connection() == nil ? nil : pauses.nextRetry }

    /// One file.
    /// - Returns: true if anything was done, so that another round may find more.
    func run() throws -> Bool {
        guard let hub = connection(), try worker.isPresent() else { return false }
        if !waiting.isEmpty { waiting = try worker.perform { try $0.waiting(among: waiting) } }
        try releasePauses()
        if notes.note(coming()) { hasCollected = false }
        try collect()
        guard let next = try next() else {
            here = nil
            if let coming = try nextComing() { return try fetchEarly(coming, hub) }
            hub.closeBulk(up: false)
            return false
        }
        try worker.perform { $0.ahead.coming[next.node] = "coming; it is large, and others do not wait for it" }
        defer {
            try? worker.perform { folder in
                countMoved(of: next, isWhole: false, in: folder)
                folder.ahead.coming[next.node] = nil
            }
        }
        let loader = Loader(area: worker.tree.area, hub: hub, here: localContents()) {
            [connection, isStopping] in connection() != nil && !isStopping()
        }
        // Whatever becomes of it, what is there of others may be wanted by nobody by then.
        hasCollected = false
        do {
            var contents = try copies(of: next, loader)
            if contents.isEmpty {
                guard let content = try bring(next, loader) else { return true }
                contents = [(next.node, content)]
            }
            try place(contents, of: next)
        } catch let error as HubError where error.endsConnection {
            throw error
        } catch HubError.cancelled {
            throw HubError.cancelled
        } catch {
            try putOff(next, error)
        }
        return true
    }

    private func place(_ contents: [(node: NodeID, content: StagedContent)], of next: Fetch) throws {
        let nodes = contents.map(\.node)
        let placed = try worker.perform { folder in
            countMoved(of: next, isWhole: true, in: folder)
            for (node, content) in contents { folder.absorb(content, for: node) }
            let placed = try folder.place(only: nodes)
            if placed < nodes.count { waiting.formUnion(try folder.waiting(among: Set(nodes))) }
            folder.countReceived(files: placed)
            return placed
        }
        log.debug("fetched", ["files": nodes.count, "placed": placed, "bytes": next.file.size])
    }

    /// What has come of it since ``begin(_:travels:)`` was done, whatever becomes of it. Only the first time counts.
    private func countMoved(of fetch: Fetch, isWhole: Bool, in folder: Folder<DiskTree>) {
        guard folder.ahead.here[fetch.node] != nil else { return }
        folder.end(receiving: fetch.node, moved: moved, isWhole: isWhole)
        (travels, moved) = (0, 0)
    }

    /// - Parameter bytes: what is to come of it.
    private func begin(_ fetch: Fetch, travels bytes: Int64) throws {
        (travels, moved) = (bytes, 0)
        try worker.perform { $0.ahead.here[fetch.node] = fetch.file.size - bytes }
    }

    /// - Parameters:
    ///   - size: only what is smaller.
    ///   - looks: at most so many are looked at.
    func next(below size: Int64 = .max, looks: Int = .max) throws -> Fetch? {
        let sizes = least..<max(size, least)
        return try worker.perform { folder in
            try folder.largeFetches(limit: 1, sizes: sizes, looks: looks) { !pauses.hold($0) }.first
        }
    }

    /// Those that are to have the same bytes, as far as they stand near the front.
    func others(like first: Fetch, limit: Int) throws -> [Fetch] {
        if limit <= 0 { return [] }
        let size = first.file.size
        return try worker.perform { folder in
            try folder.largeFetches(limit: limit, sizes: size..<size + 1, looks: BulkDown.mostLooks) {
                $0.file.digest == first.file.digest && $0.node != first.node && !pauses.hold($0)
            }
        }
    }

    /// Only when one is over: there may be very many of them while the disk is full.
    private func releasePauses() throws {
        let now = Clock.milliseconds
        guard let first = pauses.nextRetry, first <= now else { return }
        let nodes = pauses.keys
        pauses.release(at: now, of: try worker.perform { try $0.fetches(of: nodes) })
    }

    /// What lies in the trash is not listed again for each file.
    private func localContents() -> LocalContents {
        if let here, Clock.milliseconds - here.since < BulkDown.listsEvery { return here.contents }
        let contents = LocalContents(worker)
        here = (contents, Clock.milliseconds)
        return contents
    }

    private func putOff(_ fetch: Fetch, _ error: any Error) throws {
        let reason = Loader.reason(for: error)
        if (error as? FileTreeError)?.reason == .noSpace { dropEarly() }
        pauses.begin(fetch, after: error, at: Clock.milliseconds)
        hasCollected = false
        log.debug("fetch-failed", ["path": fetch.path, "reason": reason ?? "it changed at the hub"])
        if let reason { try worker.perform { $0.receivingTroubles[fetch.node] = reason } }
    }

    // MARK: - Bytes

    /// - Returns: whole, verified and durable; nil if something goes before it, or it is not wanted any more.
    private func bring(_ fetch: Fetch, _ loader: Loader) throws -> StagedContent? {
        // The same bytes came for another node, and wait for their place. They may get it just now, and be written to.
        if let waiting = try worker.perform({ $0.waiting(fetch.file.digest) }),
            let copy = try loader.copy(of: waiting, fetch, hashing: true, sync: true)
        {
            return copy
        }
        let file = try part(of: fetch, loader.area, loader.hub)
        begun[fetch.file.digest] = begun.count < BulkDown.mostBegun ? file : nil
        // What is like something here comes as the ranges that are others.
        var plan: RecipePlan?
        if file.size < fetch.file.size, !distrusted.contains(fetch.file.digest) { plan = try loader.plan(for: fetch) }
        var isWhole = false
        skipsHoles = false
        do {
            isWhole = try plan.map { try build($0, file, fetch, loader) } ?? fill(file, fetch, loader)
            if !isWhole { return nil }
            begun[fetch.file.digest] = nil
            return try finish(file, fetch)
        } catch let error as FileTreeError {
            // It was to stop while it read what has come.
            if error.reason == .cancelled { throw HubError.cancelled }
            // There is no room for the rest: that is what lacks.
            if !isWhole, file.size > 0, [.noSpace, .readOnly].contains(error.reason) { throw error }
            // Its bytes are not what they should be, or perhaps not on the disk: it begins again from nothing.
            begun[fetch.file.digest] = nil
            try? loader.area.remove(DiskTree.partName(of: fetch.file.digest))
            if plan == nil, skipsHoles, case .wrongContent = error.reason,
                solid.insert(fetch.file.digest).inserted
            {
                log.info("holes-not-believed", ["path": fetch.path])
                return nil
            }
            if plan == nil || [.noSpace, .readOnly].contains(error.reason) { throw error }
            return try withoutRecipe(fetch, error)
        } catch let error as HubError {
            if case .cancelled = error { throw error }
            if plan == nil || error.endsConnection { throw error }
            return try withoutRecipe(fetch, error)
        } catch let error as DiskProblem {
            if plan == nil { throw error }
            return try withoutRecipe(fetch, error)
        }
    }

    /// It is fetched whole, in the next round.
    private func withoutRecipe(_ fetch: Fetch, _ error: any Error) throws -> StagedContent? {
        log.debug("recipe-failed", ["path": fetch.path, "reason": "\(error)"])
        distrusted.insert(fetch.file.digest)
        return nil
    }

    /// - Returns: as ``fill(_:_:_:)``.
    private func build(_ plan: RecipePlan, _ file: StagedFile, _ fetch: Fetch, _ loader: Loader) throws -> Bool {
        var looked = Clock.milliseconds
        // What was reserved is given back.
        defer { try? file.resize(to: file.size) }
        try begin(
            fetch,
            travels: Ranges.bytes(
                plan.recipe.newRanges.map { max($0.lowerBound, min(file.size, $0.upperBound))..<$0.upperBound }))
        let isWhole = try loader.build(plan, in: file, fetch, isBulk: true) { left in
            moved = travels - left
            guard Clock.milliseconds - looked > looksEvery else { return true }
            looked = Clock.milliseconds
            return try goesFirst(fetch, left: left)
        }
        if isWhole { try file.hash(upTo: file.size, cancelled: { !loader.goesOn() }) }
        return isWhole
    }

    /// From now on nobody goes on with it.
    private func finish(_ file: StagedFile, _ fetch: Fetch) throws -> StagedContent {
        let part = try file.finish(
            mode: fetch.file.mode, mtime: fetch.file.mtime, expecting: fetch.file.digest, sync: true)
        let item = try DiskTree.setAside(part, fetch.file.digest)
        return StagedContent(name: item.name.description, digest: fetch.file.digest, isDurable: true)
    }

    /// What has come of it, or a new file. It stays when the process ends.
    private func part(of fetch: Fetch, _ area: PrivateArea, _ hub: any HubConnection) throws -> StagedFile {
        if let file = begun[fetch.file.digest], file.area === area { return file }
        let name = DiskTree.partName(of: fetch.file.digest)
        // It was whole once.
        if let item = try area.item(named: name), item.status.mode != Mode(0o600) {
            try item.setAttributes(mode: Mode(0o600), mtime: item.status.mtime)
        }
        if let file = try area.resumeFile(named: name) {
            file.keep()
            let size = fetch.file.size
            let data = try extents(SharedFile(fetch), hub)
            try file.cutAtFirstHole(in: Ranges.pieces(of: [0..<size], data: data, most: size))
            if file.size > fetch.file.size { try file.resize(to: 0) }
            log.info("goes-on", ["path": fetch.path, "bytes": fetch.file.size, "there": file.size])
            return file
        }
        let file = try area.newFile(named: name)
        file.keep()
        return file
    }

    /// - Returns: false if something goes before it, or it is not wanted any more. Then, and when it throws, the file ends where
    ///   its bytes have come in order.
    private func fill(_ file: StagedFile, _ fetch: Fetch, _ loader: Loader) throws -> Bool {
        let size = fetch.file.size
        let hub = loader.hub
        let shared = SharedFile(fetch)
        var data = try extents(shared, hub)
        var low = file.size
        if Ranges.bytes(data) + Ranges.worthSkipping > size {
            // All of it comes, so that it has its size in the end.
            data = [0..<size]
        } else {
            try file.resize(to: size)
            skipsHoles = true
        }
        let most = fetch.path.bytes.count > BulkDown.longPath ? size : BulkDown.piece
        var pieces = Ranges.pieces(of: [low..<size], data: data, most: most)
        // Not what fits first: it would fill the disk, and not be whole.
        if let room = room(file.area), room < Ranges.bytes(pieces) {
            try file.resize(to: low)
            throw FileTreeError("reserve room for", file.name, .noSpace)
        }
        if data == [0..<size] { try file.reserve(size) }
        if most < size { pieces = Ranges.graded(pieces, crew: rule.most) }
        try begin(fetch, travels: Ranges.bytes(pieces))
        let writer = file.writer
        let crew = RangeCrew(pieces, cancel: { hub.cancelBulk(up: false, lane: $0) }) { lane, next, moved in
            let isWhole = try hub.download(shared, lane, next: next) { block, position in
                try writer.write(block, at: position)
                if !moved(block.count) { throw HubError.cancelled }
            }
            if !isWhole { throw Loader.changed }
        }
        var looked = Clock.milliseconds
        do {
            let left = try crew.run(&rule) { reached, left in
                moved = travels - left
                if !loader.goesOn() { throw HubError.cancelled }
                low = max(reached ?? size, low)
                // Zeros before the first data count as soon as anything after them has come.
                try file.hash(upTo: low, cancelled: { !loader.goesOn() })
                guard Clock.milliseconds - looked > looksEvery else { return true }
                looked = Clock.milliseconds
                return try goesFirst(fetch, left: left)
            }
            if left.isEmpty { return true }
            try file.resize(to: low)
            return false
        } catch {
            try? file.resize(to: low)
            throw error
        }
    }

    private static func room(_ area: PrivateArea) -> Int64? {
        guard let space = try? area.space(), space.total > 0 else { return nil }
        return space.free
    }

    /// A hub that does not say gives all of it.
    private func extents(_ file: SharedFile, _ hub: any HubConnection) throws -> [Range<Int64>] {
        if solid.contains(file.digest) { return [0..<file.size] }
        do { return try hub.extents(file) } catch HubError.refused(let message) where message.code == .unknownRoute {
            return [0..<file.size]
        }
    }

    private func goesFirst(_ fetch: Fetch, left: Int64) throws -> Bool {
        let isWanted = try worker.perform { folder in
            folder.ahead.came[fetch.node] = moved
            return try folder.wants(fetch)
        }
        if !isWanted { hasCollected = false }
        return try isWanted && next(below: left / 4 + 1, looks: BulkDown.mostLooks) == nil
    }

    // MARK: - What nobody wants any more

    private func collect() throws {
        // Who does not know what others are sending does not know what is wanted.
        if hasCollected || !notes.isKnown { return }
        guard try worker.perform({ try $0.hasLooked && $0.index.received >= $0.index.hearsFirst }) else { return }
        let parts = worker.tree.parts()
        let wanted = try worker.perform { folder in
            try Set(
                (parts.map(\.digest) + begun.keys + distrusted + solid).filter {
                    try notes.contains($0) || folder.isToCome($0)
                })
        }
        begun = begun.filter { wanted.contains($0.key) }
        distrusted.formIntersection(wanted)
        solid.formIntersection(wanted)
        for (item, digest) in parts where !wanted.contains(digest) {
            log.debug("part-dropped", ["bytes": item.status.size])
            try? item.remove()
        }
        hasCollected = true
    }
}
