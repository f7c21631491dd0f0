internal import ControlAPI
internal import FileTree
internal import HTTPServer
internal import Journal
import SyncCore

/// A commit on its way: one at a time for each client.
struct CommitJob: Sendable {
    let client: String
    /// See ``LiveClient/holder``.
    let holder: Int
    let request: HTTPRequest
    let responder: HTTPResponder
}

/// A commit whose body was understood.
struct ParsedCommit: Sendable {
    let request: CommitRequest
    let operations: [SourcedOperation]
    /// What came behind the request; nil for a request alone.
    let behind: BytesBehind?
}

// POST /v1/commit: understood on a worker, planned here, verified on a worker, decided and placed here.
extension HubDesk {
    func startCommit(_ request: HTTPRequest, _ client: String, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let job = CommitJob(
            client: client, holder: clients[client]?.holder ?? 0, request: request, responder: responder)
        guard commitLines[client] == nil else {
            guard commitLines[client, default: []].count < 16 else {
                throw ErrorMessage(
                    .tooMany, "16 commits of this client wait already; send the next when one is answered")
            }
            commitLines[client, default: []].append(job)
            return nil
        }
        commitLines[client] = []
        parse(job)
        return nil
    }

    /// The next one of the same client.
    private func endCommit(_ client: String) {
        guard var line = commitLines[client], !line.isEmpty else { return commitLines[client] = nil }
        let next = line.removeFirst()
        commitLines[client] = line
        parse(next)
    }

    private func refuse(_ job: CommitJob, _ error: any Error) {
        let refusal = HubDesk.refusal(for: error)
        if refusal.code == .noSpace { makeRoom(job.client) }
        job.responder.respond(.refusal(refusal))
        endCommit(job.client)
    }

    /// A full disk is not kept full by what waits for room on it: the client sends it again when there is some. Not while
    /// another commit of it waits, which may name the same files.
    private func makeRoom(_ client: String) {
        guard commitLines[client, default: []].isEmpty else { return }
        // A second name would keep the room of a file.
        endComing { $0.uploader == client }
        // What is staged ahead of a commit, and may have taken hours, goes last.
        var count = store.clearStaging(of: client, keepsAhead: true)
        if count == 0 { count = store.clearStaging(of: client) }
        if count == 0 { count = dropReady(of: client) }
        makeRoomFor(client)
        if count > 0 { hubLog.warning("disk_full", ["client": client, "staged_files_removed": count]) }
    }

    private func parse(_ job: CommitJob) {
        let limit = settings.maxOperations
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        let queue = queue
        verifiers.run(for: job.client) {
            let parsed = Result { try HubDesk.parse(job.request, limit: limit) }
            queue.async {
                do { try desk.verify(job, parsed.get()) } catch { desk.refuse(job, error) }
            }
        }
    }

    private static func parse(_ request: HTTPRequest, limit: Int) throws -> ParsedCommit {
        let (message, behind) = try request.messageWithBytes(CommitRequest.self)
        if let problem = message.problem { throw ErrorMessage(.badValue, problem) }
        if message.operations.count > limit {
            throw ErrorMessage(.tooLarge, "a commit has at most \(limit) operations; send it in parts")
        }
        return ParsedCommit(request: message, operations: try SourcedOperation.parse(message), behind: behind)
    }

    /// Whether the client may commit at this moment.
    private func checkMayCommit(_ job: CommitJob, _ epoch: String) throws {
        if isStopped { throw HubDesk.stopping }
        guard isStillThere(job) else { throw HubDesk.revoked }
        try checkMayGoOn(job.client)
        try checkEpoch(epoch, of: job.client)
        try checkShare(for: job.client)
    }

    /// Whether the name is still that of who asked: it may have been revoked since, and given to another.
    private func isStillThere(_ job: CommitJob) -> Bool {
        clients[job.client].map { $0.record.revokedAt == nil && $0.holder == job.holder } ?? false
    }

    private func verify(_ job: CommitJob, _ commit: ParsedCommit) throws {
        try checkMayCommit(job, commit.request.epoch)
        if isAheadOfShare(job.client) { return waitingForShare.append((job, commit)) }
        let needs: [ContentNeed] = try journal.snapshot { try self.needs(of: commit, job.client) }
        let named = Set(needs.map(\.content.digest))
        // A file in the share has one name, and gets no other one from here on.
        for digest in named { closeComing(PreparingKey(client: job.client, digest: digest)) }
        endComing { $0.uploader == job.client && named.contains($0.digest) && !$0.isOver }
        let fetcher = Fetcher(
            store, client: job.client, adoptedFrom: settings.adoptedFrom,
            ready: named.compactMap { ready.take($0, for: job.client) }, isKeeping: true)
        if needs.isEmpty { return finish(job, commit, fetcher, failure: nil) }
        // SAFETY: the fetcher goes to the worker and comes back; the desk is used on the queue only.
        nonisolated(unsafe) let (desk, handed) = (self, fetcher)
        let queue = queue
        verifiers.run(for: job.client) {
            let failure: FileTreeError?
            do throws(FileTreeError) {
                try handed.fetch(needs)
                failure = nil
            } catch { failure = error }
            queue.async { desk.finish(job, commit, handed, failure: failure) }
        }
    }

    private func needs(of commit: ParsedCommit, _ client: String) throws -> [ContentNeed] {
        var found: [Int64: NodeID] = [:]
        // Only what has such a number may have been decided before.
        let highest = try journal.highestNumber(generation: commit.request.generation, client: client)
        // A client of a part means other directories by the same ids than the journal does.
        let admitted = try admit(commit.operations.map(\.operation), of: client).asked
        return try zip(commit.operations, admitted).compactMap { sourced, operation in
            // Nothing but a look at the journal: what is refused, and what is there already, needs no bytes.
            guard let operation else { return nil }
            return try isThere(operation, &found)
                ? nil
                : try need(
                    of: sourced, client, commit.behind, mayBeDecided: sourced.operation.id.number <= highest)
        }
    }

    /// Whether a client that merges as if new would be compared with a journal that does not know its own share yet.
    private func isAheadOfShare(_ client: String) -> Bool {
        guard let mark = clients[client]?.shareMark else { return false }
        if let share, !share.hasTakenIn(mark) { return true }
        clients[client]?.shareMark = nil
        return false
    }

    /// Goes on with the commits that have waited for the share.
    func releaseCommits() {
        if waitingForShare.isEmpty { return }
        let waiting = waitingForShare
        waitingForShare = []
        for (job, commit) in waiting {
            do { try verify(job, commit) } catch { refuse(job, error) }
        }
    }

    /// Whether a creation names what has that name already, with the same bytes: a client that merges as if new says so of
    /// everything that it has.
    /// - Parameter found: by number, the directories that creations of this commit name and that are there.
    private func isThere(_ operation: Operation, _ found: inout [Int64: NodeID]) throws -> Bool {
        guard case .create(let parent, let name, let content) = operation.change else { return false }
        let directory: NodeID? =
            switch parent {
            case .node(let id): id
            case .created(let operation): found[operation.number]
            }
        guard let directory, let node = try journal.child(of: directory, named: name),
            node.content.hasSameBytes(as: content)
        else { return false }
        if node.content.isDirectory { found[operation.id.number] = node.id }
        return true
    }

    /// What has to be at hand before an operation can be decided; nil for nothing, and for what was decided before (its
    /// bytes may have gone since).
    private func need(
        of sourced: SourcedOperation, _ client: String, _ behind: BytesBehind?, mayBeDecided: Bool
    ) throws -> ContentNeed? {
        guard let content = sourced.operation.change.content?.file else { return nil }
        if mayBeDecided, try journal.recordedOutcome(of: sourced.operation.id, client: client) != nil { return nil }
        if case .edit(let node, _, let content) = sourced.operation.change,
            try journal.node(node).map({ !$0.isDeleted && $0.content.hasSameBytes(as: content) }) ?? false
        {
            return nil
        }
        let source: ContentNeed.Source
        if case .behind(let offset)? = sourced.source, let bytes = behind?.bytes(at: offset, count: content.size) {
            source = .inline(bytes)
        } else if let named = sourced.source {
            source = try places(of: named, content.digest, client)
        } else {
            guard content.size == 0 else { return nil }
            source = .inline([])
        }
        return ContentNeed(operation: sourced.operation.id, content: content, source: source)
    }

    /// Where the bytes of a content may lie that a client names.
    func places(of source: ContentSource, _ digest: Digest, _ client: String) throws -> ContentNeed.Source {
        switch source {
        case .inline(let bytes): return .inline(bytes[...])
        // A request that is repeated later comes without what was behind it. Perhaps it is known by now; else it is asked for.
        case .behind: return .known(try whereabouts(of: digest, for: client))
        case .staged(let file, let offset): return .staged(file: try Name(file), offset: offset)
        case .known: return .known(try whereabouts(of: digest, for: client))
        case .recipe(let recipe, let file, let offset):
            return .recipe(
                RecipeSource(
                    recipe: recipe, bases: try recipe.bases.map { try whereabouts(of: $0, for: client) },
                    staged: try file.map { try Name($0) }, offset: offset))
        }
    }

    private func finish(_ job: CommitJob, _ commit: ParsedCommit, _ fetcher: Fetcher, failure: FileTreeError?) {
        do {
            if let failure { throw failure }
            try checkMayCommit(job, commit.request.epoch)
            let now = clock.now()
            let admitted = try admit(commit.operations.map(\.operation), of: job.client)
            var result = try journal.commit(
                client: job.client, operations: admitted.operations,
                acknowledged: commit.request.acknowledged,
                staged: fetcher.items.mapValues { StagedContent(name: $0.name.description) }, at: now.inSeconds,
                date: clock.day(), guardedBy: settings.guardRule, announced: commit.request.announced,
                moment: moment, mayNameOld: admitted.view == nil)
            result.outcomes = admitted.outcomes(result.outcomes)
            if !result.held.isEmpty || !heldBatches.isEmpty || result.outcomes.contains(where: \.isHeld) {
                noteHeld()
                shelve()
            }
            placer.keepCopies(fetcher.takeCopies(), areDurable: false)
            show(result.placements)
            removeUnused(fetcher, result)
            // Whoever has sent it: it is a node's now. What is held, or has to be sent again, is not.
            let named = Set(
                zip(commit.operations, result.outcomes).compactMap { sourced, outcome in
                    outcome.isHeld || outcome == .contentMissing ? nil : sourced.operation.change.content?.file?.digest
                })
            endComing { named.contains($0.digest) }
            justCommitted = bytesToPassOn(commit) { fetcher.items[$0] != nil }
            respond(job, commit, result, fetcher.dropped)
            justCommitted = [:]
            remember(fetcher.followed)
        } catch {
            let isThere = isStillThere(job)
            for content in fetcher.giveUp() {
                if isThere { keepReady(content) } else { try? content.item.remove() }
            }
            return refuse(job, error)
        }
        endCommit(job.client)
    }

    /// From here on the commit stands, whatever happens: what cannot be shown now is shown later.
    func show(_ placements: [Placement]) {
        do { try placer.run(placements) } catch { hubLog.error("placing_failed", ["reason": "\(error)"]) }
    }

    private func removeUnused(_ fetcher: Fetcher, _ result: CommitResult) {
        let used = Set(
            result.placements.compactMap { placement -> String? in
                guard case .file(_, _, .staged(let staged)) = placement.step else { return nil }
                return staged.name
            }
        ).union(result.held)
        // A refusal is about the place, not about the bytes: who plans anew need not send them again. What is not needed is dropped
        // with the outcome.
        for content in fetcher.leftOver({ used.contains($0.name.description) }) { keepReady(content) }
        for item in fetcher.items.values where !used.contains(item.name.description) { try? item.remove() }
    }

    private func respond(_ job: CommitJob, _ commit: ParsedCommit, _ result: CommitResult, _ dropped: Set<Name>) {
        let outcomes = zip(commit.operations, result.outcomes).map {
            OutcomeMessage(number: $0.operation.id.number, $1)
        }
        // Of an edit those that wait for it hear first. With a long answer its client goes on while pages are put together.
        let isLong = outcomes.count > HubDesk.few
        if !isLong { settle() }
        defer { if isLong { settle() } }
        // Not acknowledged, and perhaps not kept: the client sends the same again, until the disk is repaired.
        do throws(ErrorMessage) { try checkTakesWrites("commit_not_acknowledged") } catch {
            return job.responder.respond(.refusal(error))
        }
        // Without it the answer is as good.
        let chain = try? journal.chain(at: result.head)?.map(Escaping.hex).joined()
        job.responder.respond(.message(CommitResponse(outcomes: outcomes, head: result.head.rawValue, chain: chain)))
        removeStaged(job.client, zip(commit.operations, result.outcomes).map { ($0, $1) }, except: dropped)
        planFlush()
    }

    /// Staged files that this commit has used up: all but those of which something is still to come.
    /// - Parameter dropped: those that are gone.
    private func removeStaged(
        _ client: String, _ decided: [(SourcedOperation, Outcome)], except dropped: Set<Name>
    ) {
        var used: Set<String> = []
        var needed: Set<String> = []
        for (sourced, outcome) in decided {
            // Made ready for this, and not needed: it had been decided before, or the node has it.
            if !outcome.maySendAgain, let digest = sourced.operation.change.content?.file?.digest,
                let left = ready.take(digest, for: client)
            {
                try? left.item.remove()
            }
            guard let file = sourced.source?.stagedFile else { continue }
            if case .contentMissing = outcome { needed.insert(file) } else { used.insert(file) }
        }
        let names = used.subtracting(needed).compactMap { try? Name($0) }.filter { !dropped.contains($0) }
        for name in names { store.removeStaged(name, of: client) }
    }
}

extension Outcome {
    /// Whether the client may come again with the same bytes.
    fileprivate var maySendAgain: Bool {
        switch self {
        case .contentMissing: true
        case .refused(let reason, _): reason != .rejected
        default: false
        }
    }
}
