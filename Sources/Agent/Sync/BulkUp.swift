internal import ControlAPI
internal import Engine
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

/// The bulk lane up: reads large files, stages their bytes at the hub ahead of the commits that name them, and has them made ready
/// there. One thread of its own; what is small goes beside it.
final class BulkUp {
    let worker: FolderWorker
    let connection: () -> (any HubConnection)?
    let isStopping: () -> Bool
    private let onProgress: () -> Void
    private let giving: GivingBack
    /// How many connections one file gets: what was found out with one holds for the next.
    private var rule: ConnectionRule
    private let hashing: HashPass
    /// What the hub makes ready.
    let waits: ReadyWaits
    private let waitsToTheEnd: Bool
    let log = Log("up")
    /// What the hub could not take.
    var pauses = RetryPauses<EntryID>(2_000...30_000)
    /// What this process has staged, or a part of it, and no commit has used up.
    var staged: Set<Digest> = []
    /// What is being sent at this moment, one and those that overtook it, and what is being made ready.
    var underWay: Set<Digest> = []
    /// Of what is being sent, contents without holes.
    private var dense: Set<Digest> = []
    /// What the hub was thought to have, or to be able to put together, and could not: it travels whole.
    var plain: Set<Digest> = []
    /// What lay in staging before this process was looked through.
    private var hasCleaned = false

    /// Bytes are compared, and sent, in blocks of so many: a break costs one block at most, and between two of them something
    /// smaller may go first.
    static let block: Int64 = 32 << 20
    /// Of so many the hub is asked at once what it has: it reads them before it answers.
    private static let blocksAtOnce: Int64 = 32
    /// How often it is looked whether it is wanted still, and whether something goes before it, in milliseconds.
    private static let looksEvery: Int64 = 500
    /// In bytes: others are told of a file of which so much is still to be sent.
    private static let worthTelling: Int64 = 8 << 20
    /// So many contents are made ready at the hub before the next one is sent.
    private static let mostWaits = 3

    /// - Parameters:
    ///   - connections: for one file at most.
    ///   - connection: the hub, nil while nothing may be sent.
    ///   - onReady: called, on any thread, when another round would find that the hub has made something ready; nil: a round waits
    ///     for that when it has nothing else to do.
    ///   - takeWanted: what the hub asks for and was not given yet.
    ///   - onProgress: called when a part has arrived.
    init(
        worker: FolderWorker, connections: Int, connection: @escaping () -> (any HubConnection)?,
        isStopping: @escaping () -> Bool, onReady: (@Sendable () -> Void)? = nil,
        takeWanted: @escaping () -> [ContentKey] = { [] }, onProgress: @escaping () -> Void = {}
    ) {
        (self.worker, self.connection, self.isStopping) = (worker, connection, isStopping)
        self.onProgress = onProgress
        giving = GivingBack(
            worker: worker, lane: .bulk(0), mayGoOn: { !isStopping() && connection() != nil }, takeWanted: takeWanted)
        rule = ConnectionRule(most: connections)
        waits = ReadyWaits(onEnd: onReady ?? {})
        waitsToTheEnd = onReady == nil
        hashing = HashPass(worker: worker, sizes: HashPass.large..<Int64.max, isStopping: isStopping)
    }

    /// Where a content is staged.
    static func name(of digest: Digest) -> String { StagedResponse.prefix + digest.hex }

    /// Where new bytes of a content are staged that is put together.
    static func newBytesName(of digest: Digest) -> String { name(of: digest) + "-new" }

    /// When something that was put off is due, in monotonic milliseconds; nil if nothing was.
    var nextRetry: Int64? {
        // Of what cannot be begun now, the end of a pause says nothing.
        let held = connection() == nil || !mayBegin ? nil : pauses.nextRetry
        return [hashing.nextRetry, hashing.nextSecondLook, held].compactMap { $0 }.min()
    }

    /// Files that were hashed within two seconds of their change are read once more.
    func hashAgain() throws { try hashing.again() }

    /// One file.
    /// - Returns: true if anything was done, so that another round may find more.
    func run() throws -> Bool {
        guard try worker.isPresent() else { return false }
        let hasMoved = try takeReady()
        if try hashing.run().any { return true }
        guard let hub = connection() else { return hasMoved }
        try drop(hub)
        try giving.run(hub)
        guard mayBegin else { return waitsToTheEnd ? waits.waitForOne() : hasMoved }
        let before = try dropped()
        guard let next = try next() else {
            hub.closeBulk(up: true)
            // What does not travel any more may be told at once.
            return try hasMoved || dropped() != before || waitsToTheEnd && waits.waitForOne()
        }
        try bring(next, hub)
        return true
    }

    /// Whether another one may be sent before the hub is done with those that were.
    private var mayBegin: Bool { waits.count < BulkUp.mostWaits }

    private func dropped() throws -> Int { try worker.perform { $0.ahead.dropped } }

    /// What is to be sent now.
    /// - Parameter left: only what may go before something of which so many bytes are left.
    private func next(before left: Int64? = nil) throws -> Travelling? {
        let now = Clock.milliseconds
        return try worker.perform { folder in
            for entry in pauses.release(at: now, where: folder.wasTravelling) { folder.sendingTroubles[entry] = nil }
            return try folder.firstTravelling { entry, file in
                !underWay.contains(file.digest) && !pauses.hold(entry, file.digest)
                    && left.map { BulkOrder.overtakes(file.size, $0) } ?? true
            }
        }
    }

    // MARK: - Sending

    private func bring(_ file: Travelling, _ hub: any HubConnection) throws {
        underWay.insert(file.file.digest)
        var isBusy = false
        defer {
            if !isBusy { underWay.remove(file.file.digest) }
            dense.remove(file.file.digest)
        }
        try worker.perform { $0.ahead.notes[file.entry] = "being sent; it is large, and others do not wait for it" }
        onProgress()
        do {
            switch try offer(file, hub) {
            case .ready: try arrived(file)
            case .working(let source):
                isBusy = true
                try worker.perform { $0.ahead.notes[file.entry] = "its bytes are at the hub, which verifies them" }
                waits.wait(for: file, from: source, hub)
            case .unwanted: break
            }
        } catch let problem as DiskProblem {
            try hashing.putOff(file.entry, problem)
        } catch let error as FileTreeError where error.reason != .cancelled {
            try hashing.putOff(file.entry, DiskProblem(error))
        } catch HubError.noRoom {
            try hold(file, HubError.diskIsFull)
            // What is small may still find room.
            try remove([file.file.digest], hub)
        } catch HubError.transferFailed(let why) {
            try hold(file, hub.blockedReason ?? why)
        } catch HubError.refused(let answer) where BulkUp.concernsTheFile(answer.code) {
            try failed(file, .refused(answer))
        }
    }

    /// Whether others may go on.
    private static func concernsTheFile(_ code: ErrorCode) -> Bool {
        [.busy, .noSpace, .contentMissing, .badValue, .tooMany, .tooLarge].contains(code)
    }

    /// - Returns: false if it is not wanted any more.
    func stage(_ file: Travelling, _ hub: any HubConnection) throws -> Bool {
        let reader = try worker.tree.root.openFile(file.path)
        try check(reader, file)
        let name = BulkUp.name(of: file.file.digest)
        let data = Ranges.bytes(Ranges.ended(reader.dataRanges(upTo: file.file.size), at: file.file.size))
        if let reason = hub.reasonAgainst(staging: data) { throw HubError.refused(ErrorMessage(.tooLarge, reason)) }
        var left = try missing(of: file, reader, name, hub)
        let travels = Ranges.bytes(left)
        try worker.perform { $0.begin(sending: file, travels: travels) }
        try hub.checkRoom(for: travels, .bulk(0))
        staged.insert(file.file.digest)
        while !left.isEmpty {
            while mayBegin, let urgent = try next(before: Ranges.bytes(left)) { try bring(urgent, hub) }
            guard try isWanted(file, left: Ranges.bytes(left), of: travels) else { return false }
            left = try send(left, of: file, travels, reader, name, hub)
        }
        try check(reader, file)
        return true
    }

    /// - Returns: what is left of it when something goes before it.
    private func send(
        _ ranges: [Range<Int64>], of file: Travelling, _ travels: Int64, _ reader: FileReader, _ name: String,
        _ hub: any HubConnection
    ) throws -> [Range<Int64>] {
        let crew = RangeCrew(
            Ranges.graded(ranges, crew: rule.most), cancel: { hub.cancelBulk(up: true, lane: $0) }
        ) { lane, next, moved in
            try hub.stage(name, from: reader.rawDescriptor, .bulk(lane), next: next) { moved($0) }
        }
        var looked = Clock.milliseconds
        return try crew.run(&rule) { low, left in
            if isStopping() || connection() == nil { throw HubError.cancelled }
            guard Clock.milliseconds - looked > BulkUp.looksEvery else { return true }
            looked = Clock.milliseconds
            // The disk there begins to write while the rest comes; without that it is only later ready.
            _ = try? hub.makeReady(PrepareRequest(growing: name, coming: announcement(file, low, left)))
            // Meanwhile the connections carry on, and what is found may go first.
            _ = try hashing.run()
            return try isWanted(file, left: left, of: travels) && (!mayBegin || next(before: left) == nil)
        }
    }

    /// What others are told of a file of which much is still to be sent; nil for the rest. A file with holes is not whole up to anywhere
    /// before all of it has come.
    private func announcement(_ file: Travelling, _ low: Int64?, _ left: Int64) -> ComingMessage? {
        guard left >= BulkUp.worthTelling, dense.contains(file.file.digest),
            let place = try? worker.perform({ try $0.place(of: file.entry) })
        else { return nil }
        return ComingMessage(
            sha256: file.file.digest.hex, size: file.file.size, through: low ?? file.file.size,
            parent: place.directory.rawValue, path: Escaping.text(place.path.bytes))
    }

    /// What the hub does not have, block by block. Nothing is believed but bytes: those that lie there are hashed there, and the
    /// same part of the file is hashed here.
    private func missing(
        of file: Travelling, _ reader: FileReader, _ name: String, _ hub: any HubConnection
    ) throws -> [Range<Int64>] {
        let size = file.file.size
        func ask(from start: Int64) throws(HubError) -> StagedResponse.File? {
            let question = StagedRequest(
                files: [name], block: BulkUp.block, from: start, most: Int(BulkUp.blocksAtOnce))
            return try hub.staged(question).files.first { $0.name == name }
        }
        // Holes do not travel.
        let data = Ranges.ended(reader.dataRanges(upTo: size), at: size)
        if Ranges.bytes(data) + Ranges.worthSkipping > size { dense.insert(file.file.digest) }
        guard let there = try ask(from: 0), there.size > 0, there.size <= size else {
            // Longer than it should be, or not there: it begins empty.
            try hub.beginStaging(name, .bulk(0))
            return Ranges.pieces(of: [0..<size], data: data, most: BulkUp.block)
        }
        // A part of it at a time: neither answers take hours, nor do they come when nobody wants them any more.
        let good = try StagedBlocks.compare(there, BulkUp.block * BulkUp.blocksAtOnce, ask: ask) { range in
            if isStopping() || connection() == nil { throw HubError.cancelled }
            return try reader.blockDigests(
                of: BulkUp.block, from: range.lowerBound, upTo: range.upperBound, cancelled: isStopping)
        }
        let missing = StagedBlocks.missing(of: size, block: BulkUp.block, there: there.size, good: good)
        log.info(
            "goes-on", ["path": file.path, "bytes": size, "missing": missing.reduce(0) { $0 + Int64($1.count) }])
        return StagedBlocks.pieces(of: missing, there: there.size, data: data, block: BulkUp.block)
    }

    /// A file that has changed since it was hashed has other bytes than its name in staging says.
    func check(_ reader: FileReader, _ file: Travelling) throws {
        guard try file.stamp.isThat(of: reader.status()) else {
            throw FileTreeError("read", file.path, .changedWhileRead)
        }
    }

    private func isWanted(_ file: Travelling, left: Int64, of travels: Int64) throws -> Bool {
        if isStopping() || connection() == nil { throw HubError.cancelled }
        defer { onProgress() }
        return try worker.perform { folder in
            folder.ahead.arrived[file.entry] = travels - left
            return try folder.isTravelling(file.file.digest)
        }
    }

    // MARK: - What could not go, and what is not wanted any more

    func hold(_ file: Travelling, _ reason: String) throws {
        if pauses.begin(file.entry, file.file.digest, at: Clock.milliseconds) {
            log.warning(
                "put-off", ["files": 1, "largest": file.path, "bytes": file.file.size, "reason": reason])
        }
        try worker.perform { folder in
            (folder.ahead.notes[file.entry], folder.ahead.arrived[file.entry]) = (nil, nil)
            folder.ahead.there[file.entry] = nil
            folder.sendingTroubles[file.entry] = reason
        }
        onProgress()
    }

    /// Removes what was staged of contents that nobody has here any more.
    private func drop(_ hub: any HubConnection) throws {
        let wanted = try wanted()
        try remove(staged.subtracting(wanted), hub)
        let isIdle = try worker.perform { folder in
            try !hasCleaned && folder.hasLooked && folder.hasNothingUnsettled() && folder.ahead.whole.isEmpty
                && folder.index.inflightContents().isEmpty
        }
        guard isIdle, wanted.isEmpty, underWay.isEmpty else { return }
        // Nothing is to be sent: what an earlier process has staged, or had made ready, belongs to nothing. Where the hub knows
        // of nothing there is no need of an SFTP session.
        if hub.hello.staged != false {
            _ = try? hub.makeReady(PrepareRequest(only: []))
            _ = try hub.clearStaging(.quick) { $0.hasPrefix(StagedResponse.prefix) }
        }
        hasCleaned = true
    }

    /// What a commit is to name or has named, also of an earlier process, and what was staged here or is being sent and still travels.
    private func wanted() throws -> Set<Digest> {
        try worker.perform { folder in
            let named = try folder.index.inflightContents().union(folder.ahead.whole)
            return try named.union(staged.union(underWay).filter { try folder.isTravelling($0) })
        }
    }

    /// The same, and whatever else waits.
    private func wanted(in folder: Folder<DiskTree>) throws -> Set<Digest> {
        try folder.index.inflightContents().union(folder.ahead.whole).union(underWay).union(folder.travellingContents)
    }

    func remove(_ digests: Set<Digest>, _ hub: any HubConnection) throws {
        if digests.isEmpty { return }
        forget(digests, hub)
        let names = Set(digests.flatMap { [BulkUp.name(of: $0), BulkUp.newBytesName(of: $0)] })
        _ = try hub.clearStaging(.bulk(0)) { names.contains($0) }
        staged.subtract(digests)
    }

    /// Says which contents are wanted still: what an earlier process had made ready may be for any file that waits. What is not said
    /// here the hub keeps for a day.
    /// - Parameter unwanted: none of these.
    private func forget(_ unwanted: Set<Digest>, _ hub: any HubConnection) {
        let all = try? worker.perform { folder in try folder.hasLooked ? self.wanted(in: folder) : nil }
        guard let kept = all?.subtracting(unwanted), kept.count <= PrepareRequest.most else { return }
        _ = try? hub.makeReady(PrepareRequest(only: kept.map { $0.hex }))
    }
}

/// What is missing of a file that is staged in blocks. Pure.
enum StagedBlocks {
    /// For each block that lies there whether its bytes are right. What is not said of a block is that it is there.
    /// - Parameters:
    ///   - first: what was said of the first part.
    ///   - part: so many bytes, whole blocks, are told at a time.
    ///   - ask: the next part, from there on.
    ///   - own: the digests of blocks of the file here.
    static func compare(
        _ first: StagedResponse.File, _ part: Int64, ask: (Int64) throws -> StagedResponse.File?,
        own: (Range<Int64>) throws -> [Digest]
    ) throws -> [Bool] {
        var good: [Bool] = []
        var there = first
        var start: Int64 = 0
        while true {
            let end = min(start + part, first.size)
            let digests = try own(start..<end)
            good += digests.indices.map { there.blocks.indices.contains($0) && digests[$0].hex == there.blocks[$0] }
            start = end
            // It is another file by now: of the rest nothing is known.
            guard start < first.size, let next = try ask(start), next.size == first.size else { return good }
            there = next
        }
    }

    /// - Parameters:
    ///   - there: how many bytes lie there.
    ///   - good: for each block that lies there whether its bytes are right; the last one may be shorter.
    /// - Returns: in order, at most a block each.
    static func missing(of size: Int64, block: Int64, there: Int64, good: [Bool]) -> [Range<Int64>] {
        stride(from: 0, to: size, by: Int64.Stride(block)).compactMap { start in
            let end = min(start + block, size)
            let index = Int(start / block)
            guard index < good.count, good[index] else { return start..<end }
            return there < end ? there..<end : nil
        }
    }

    /// What travels of it: where the file has data; but what lies there and is wrong is sent as it is, with its zeros.
    static func pieces(of missing: [Range<Int64>], there: Int64, data: [Range<Int64>], block: Int64) -> [Range<Int64>] {
        let end = max(missing.last?.upperBound ?? 0, there)
        return Ranges.pieces(of: missing.filter { $0.lowerBound < there }, data: [0..<end], most: block)
            + Ranges.pieces(of: missing.filter { $0.lowerBound >= there }, data: data, most: block)
    }
}

extension HubConnection {
    /// Why the hub can do nothing, in its own words; SFTP has no more than a number for it.
    var blockedReason: String? {
        guard let answer = try? forward(Route.status.method, Route.status.path, []), answer.status == 200 else {
            return nil
        }
        return (try? WireFormat.decode(StatusResponse.self, from: answer.body))?.hub.blocked
    }
}
