internal import ControlAPI
internal import Engine
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

/// The way up, one round: read what has to be read, send bytes, commit. One thread.
final class UpPass {
    let worker: FolderWorker
    private let connection: () -> (any HubConnection)?
    let isStopping: () -> Bool
    let log = Log("up")
    private let hashing: HashPass
    private let giving: GivingBack

    private var held = HeldBack()
    /// Something may lie in staging that no commit will name: of an earlier process, and of an upload that failed.
    private var staging = Staging.unknown
    private enum Staging { case unknown, hasLeftovers, clean }

    /// Contents up to this size share a pack, in bytes.
    private let packed: Int64 = 1 << 20

    /// - Parameter connection: the hub, nil while nothing may be sent.
    /// - Parameter early: what is being read already.
    /// - Parameter takeWanted: what the hub asks for and was not given yet.
    init(
        worker: FolderWorker, connection: @escaping () -> (any HubConnection)?, isStopping: @escaping () -> Bool,
        reading early: EarlyReading? = nil, takeWanted: @escaping () -> [ContentKey] = { [] }
    ) {
        self.worker = worker
        self.connection = connection
        self.isStopping = isStopping
        hashing = early?.hashing ?? HashPass(worker: worker, sizes: 0..<HashPass.large, isStopping: isStopping)
        reading = early?.first
        giving = GivingBack(
            worker: worker, lane: .quick, mayGoOn: { !isStopping() && connection() != nil }, takeWanted: takeWanted)
    }

    /// When something that was put off is due, in monotonic milliseconds; nil if nothing was.
    var nextRetry: Int64? {
        let held = connection() == nil ? nil : held.nextRetry
        return [hashing.nextRetry, hashing.nextSecondLook, held].compactMap { $0 }.min()
    }

    /// Files that were hashed within two seconds of their change are read once more.
    func hashAgain() throws {
        if reading == nil { try hashing.again() }
    }

    /// - Returns: true if anything was done, so that another round may find more.
    func run() throws -> Bool {
        guard try worker.isPresent() else { return false }
        let hasHashed = try read()
        guard let hub = connection() else { return false }
        if try worker.perform({ try $0.index.isInflight }) {
            try sendCommit(hub, isFirst: false)
            return true
        }
        if try worker.decideLeftovers(asking: { try self.whatIsThere($0, hub) }) { return true }
        if staging == .hasLeftovers { try clearStaging(hub) }
        try giving.run(hub)
        let now = Clock.milliseconds
        let commit = try worker.perform { folder in
            try held.release(in: folder, at: now)
            let commit = try folder.nextCommit(
                operations: hub.hello.maxOperations, bytes: hub.hello.packSize)
            if commit == nil { held.forgetReleased(in: folder) }
            return commit
        }
        guard let commit else { return hasHashed || held.nextRetry.map { $0 <= now } == true }
        beginReading()
        return try send(commit, hub)
    }

    // MARK: - Beside

    /// Reading on while a commit is on its way: one thread more, which has ended before this one reads again.
    private var reading: Ahead<Result<(any: Bool, more: Bool), any Error>>?
    /// Whether the last round of reading has left something, and what it did was not told yet.
    private var leavesSome = false
    private var hasRead = false

    private func beginReading() {
        guard leavesSome, reading == nil else { return }
        nonisolated(unsafe) let hashing = hashing  // SAFETY: this thread does not use it before `readAhead`.
        reading = Ahead("read-ahead") { Result { try hashing.run() } }
    }

    /// Waits for what is being read beside.
    private func readAhead() throws {
        guard let reading else { return }
        self.reading = nil
        note(try reading.get().get())
    }

    private func note(_ round: (any: Bool, more: Bool)) {
        if round.any { hasRead = true }
        leavesSome = round.more
    }

    /// - Returns: whether anything was read since the last call.
    private func read() throws -> Bool {
        if reading == nil { note(try hashing.run()) } else { try readAhead() }
        defer { hasRead = false }
        return hasRead
    }

    deinit { _ = reading?.get() }

    // MARK: - Sending

    private func send(_ drafted: Commit, _ hub: any HubConnection) throws -> Bool {
        let commit = try leavingOut(whatIsThere: drafted, hub)
        let ahead = try worker.perform { $0.ahead.whole }
        var upload = Upload(
            root: worker.tree.root, packed: packed, ahead: ahead,
            recipes: try recipes(for: commit, except: ahead, hub), inline: hub.hello.inline ?? 0,
            behind: prefersPacks ? 0 : hub.mostBehind, fresh: hashing.fresh)
        let epoch = hub.hello.epoch
        let messages = try upload.prepare(commit) { entry, problem in
            try self.readAhead()
            try self.hashing.putOff(entry, problem)
        }
        if messages.isEmpty { return true }
        guard try bring(upload.files, of: commit, hub) else { return true }
        let kept = Set(messages.map(\.number))
        let request = try worker.perform { folder in
            let request = CommitRequest(
                epoch: epoch, generation: try folder.index.generation,
                acknowledged: try folder.index.acknowledged, operations: messages,
                announced: commit.announced)
            let text = String(decoding: WireFormat.encode(request), as: UTF8.self)
            try folder.index.setInflight(
                commit.items.map(\.inflight).filter { kept.contains($0.number) }, request: text)
            return request
        }
        log.debug(
            "commit",
            [
                "operations": request.operations.count, "files": upload.files.count, "bytes": upload.bytes,
                "behind": upload.behind.count,
            ])
        let candidates = commit.items.filter { kept.contains($0.inflight.number) }
        do { try sendCommit(hub, behind: upload.behind, isFirst: true) } catch HubError.refused(let message)
            where message.code == .noSpace
        {
            guard try holdBack(candidates, HubError.diskIsFull) else { throw HubError.refused(message) }
            try clearStaging(hub)
        }
        return true
    }

    /// - Returns: false if a file cannot be taken now: it is held back, and the others are planned again.
    private func bring(_ files: [Upload.File], of commit: Commit, _ hub: any HubConnection) throws -> Bool {
        if staging == .unknown, !files.isEmpty { try clearStaging(hub) }
        for file in files {
            if let reason = hub.reasonAgainst(staging: file.parts.reduce(0) { $0 + $1.count }) {
                let inside = commit.items.filter { item in item.file.map { file.digests.contains($0.digest) } ?? false }
                if try holdBack(inside, reason) { return false }
            }
            do {
                try hub.upload(file.name, file.parts, .quick, goOn: { !isStopping() && connection() != nil })
            } catch {
                staging = .hasLeftovers
                let reason: String
                switch error {
                case .noRoom: reason = HubError.diskIsFull
                case .transferFailed(let why): reason = hub.blockedReason ?? why
                default: throw error
                }
                let inside = commit.items.filter { item in item.file.map { file.digests.contains($0.digest) } ?? false }
                guard try holdBack(inside, reason) else { throw error }
                try clearStaging(hub)
                return false
            }
        }
        return true
    }

    /// While nothing is in flight, nothing in staging is needed, apart from what is staged ahead.
    private func clearStaging(_ hub: any HubConnection) throws {
        do {
            let count = try hub.clearStaging(.quick) { !$0.hasPrefix(StagedResponse.prefix) }
            if count > 0 { log.debug("staging-cleared", ["files": count]) }
        } catch  where error.endsConnection {
            throw error
        } catch HubError.cancelled {
            throw HubError.cancelled
        } catch {
            log.warning("staging-not-cleared", ["reason": "\(error)"])
        }
        staging = .clean
    }

    /// Puts off the largest files, half of the bytes.
    /// - Returns: false if there is no file.
    private func holdBack(_ items: [Commit.Item], _ reason: String) throws -> Bool {
        let files = items.compactMap { item -> (entry: EntryID, file: FileContent, path: RelativePath?)? in
            guard let entry = item.inflight.entry, let file = item.file, file.size > 0 else { return nil }
            return (entry, file, item.path)
        }.sorted { $0.file.size > $1.file.size }
        let half = files.reduce(0) { $0 + $1.file.size } / 2
        var bytes: Int64 = 0
        let largest = files.prefix { file in
            defer { bytes += file.file.size }
            return bytes == 0 || bytes < half
        }
        guard let first = largest.first else { return false }
        let now = Clock.milliseconds
        let new = try worker.perform { folder in
            held.hold(largest.map { ($0.entry, $0.file) }, reason: reason, in: folder, at: now)
        }
        if !new.isEmpty {
            log.warning(
                "put-off",
                [
                    "files": new.count, "largest": first.path?.description ?? "", "bytes": first.file.size,
                    "reason": reason,
                ])
        }
        return true
    }

    /// Sends the commit that is in flight.
    /// - Parameter isFirst: nobody can have answered it yet. Then a full disk means that nothing of it was done, and it is
    ///   planned anew; otherwise an answer may have been lost, and only the same request finds out.
    /// - Parameter behind: the first time, contents that come behind it.
    private func sendCommit(_ hub: any HubConnection, behind: [UInt8] = [], isFirst: Bool) throws {
        guard let text = try worker.perform({ try $0.index.inflightRequest }) else { return }
        do {
            try take(try hub.commit(Array(text.utf8), behind: behind))
        } catch {
            // A line that does not carry them whole carries a pack, which takes no time from requests.
            if !behind.isEmpty, error.endsConnection { packsUntil = Clock.milliseconds + UpPass.packsFor }
            if let message = error.answer {
                if message.code == .indexSetBack {
                    log.warning(
                        "index_set_back", ["reason": message.message, "then": "everything is merged as if new"])
                    try worker.renewIndex()
                    // Another hello comes first, with the new generation.
                    hub.close()
                } else if !staysInFlight(message.code) {
                    log.error("commit-refused", ["code": message.code.rawValue, "reason": message.message])
                    try abandon()
                } else if message.code == .noSpace {
                    if isFirst { try abandon() } else { try explain(HubError.diskIsFull) }
                } else if [.shareAway, .readOnly, .internalError].contains(message.code) {
                    try explain(message.message)
                }
            }
            throw error
        }
    }

    /// See ``sendCommit(_:behind:isFirst:)``; monotonic milliseconds.
    private var packsUntil: Int64 = 0
    private var prefersPacks: Bool { Clock.milliseconds < packsUntil }
    /// In milliseconds.
    private static let packsFor: Int64 = 600_000

    private func abandon() throws {
        staging = .hasLeftovers
        try worker.perform { try $0.abandonCommit() }
    }

    /// Says of everything in flight, and of what waits behind it, why it does not go on.
    private func explain(_ reason: String) throws {
        try worker.perform { folder in
            folder.commitTrouble = reason
            // What was put off before is not tried while this one is in flight: nothing newer will be said of it.
            for entry in try folder.index.inflightEntries() + folder.index.heldBack {
                folder.sendingTroubles[entry] = reason
            }
        }
    }

    /// Whether the same request is to be sent again when the cause of its refusal is gone. What was refused for what it
    /// says would be refused again: nothing of it was done, and it is planned anew.
    private func staysInFlight(_ code: ErrorCode) -> Bool {
        switch code {
        case .paused, .noSpace, .shareAway, .readOnly, .tooMany, .internalError, .revoked, .unauthorized, .forbidden,
            .otherEpoch:
            true
        default: false
        }
    }

    private func take(_ response: CommitResponse) throws(HubError) {
        do {
            let outcomes = try response.outcomes.map { (number: $0.number, outcome: try $0.outcome()) }
            try worker.perform { folder in
                let entries = try folder.index.inflightEntries()
                let digests = try folder.index.inflightContents()
                try folder.absorb(outcomes, head: Sequence(response.head), chain: response.chain)
                folder.usedUp(digests)
                held.forget(entries, in: folder)
            }
            if outcomes.contains(where: { $0.outcome == .contentMissing }) { staging = .hasLeftovers }
        } catch {
            throw .away("the hub's answer to a commit cannot be used: \(error)")
        }
    }
}
