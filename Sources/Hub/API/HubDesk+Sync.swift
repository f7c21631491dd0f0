internal import ControlAPI
internal import HTTPServer
internal import Journal
import SyncCore

// What agents ask beside commits: hello, changes, report.
extension HubDesk {
    func checkEpoch(_ epoch: String, of name: String) throws {
        let own = self.epoch(of: name)
        guard epoch == own else {
            throw ErrorMessage(
                .otherEpoch, "this hub's journal has the epoch \(own), not \(epoch): merge with it as if new")
        }
    }

    func hello(_ request: HTTPRequest, _ name: String) throws -> HTTPResponse {
        let message = try request.message(HelloRequest.self)
        if let problem = message.problem { throw ErrorMessage(.badValue, problem) }
        // The first hello uses the invite up, so that it is seen.
        if request.onlyLooks, isUnproven(name) { throw HubDesk.helloFirst }
        if !request.onlyLooks { try checkMachine(message.machine, name) }
        let isKnown = try contains(since: message.since, chain: message.chain)
        let isSetBack = try isSetBack(message, name)
        if isSetBack { hubLog.warning("index_set_back", ["client": name, "next": message.next ?? 0]) }
        if request.onlyLooks || isSetBack {
            return try .message(helloResponse(name, isKnown: isKnown, isSetBack: isSetBack))
        }
        // A join says hello too, and has no index yet: it never reports.
        let isOtherIndex = clients[name].map { $0.record.generation != message.generation && $0.report != nil } ?? false
        let hadInvite = isUnproven(name)
        if hadInvite, !hasOpenInvite(name) { throw HubDesk.inviteUsed }
        func write() throws {
            try journal.hello(
                name, generation: message.generation, startsOver: !isKnown, at: clock.now().inSeconds,
                moment: moment)
        }
        do { try write() } catch  where isDiskReadOnly(error) {
            // What is new about it cannot be written down. One that is as it was may go on: it can receive.
            guard isKnown, !hadInvite, clients[name]?.record.generation == message.generation else { throw error }
            return try .message(helloResponse(name, isKnown: true, isSetBack: false))
        } catch {
            // Who cannot say hello can never remove what fills the disk.
            guard isDiskFull(error), commitLines[name] == nil,
                store.clearStaging(of: name) + dropReady(of: name) > 0
            else { throw error }
            try write()
        }
        store.clearLaidOut(for: name)
        packMemory?.clear(name)
        let startsOver = !isKnown || clients[name]?.record.generation != message.generation
        if !isKnown { forgetReports(of: name) }
        try reload(name)
        if startsOver { clients[name]?.shareMark = try share?.mark() }
        // The invite is used up, so its key opens nothing any more, and what this one's own opens it does from now on. What cannot be
        // written is tried again.
        if hadInvite { try? writeKeys() }
        settle()
        return try .message(
            helloResponse(name, isKnown: isKnown, isSetBack: false, isOtherIndex: isOtherIndex))
    }

    /// One identity on two machines: the one that is there goes on.
    private func checkMachine(_ machine: String?, _ name: String) throws {
        guard var client = clients[name] else { return }
        if let machine, let other = client.machine, other != machine,
            client.isSessionAlive(clock, grace: .seconds(settings.offlineAfter))
        {
            hubLog.warning("other_machine", ["client": name])
            clients[name]?.turnedAway = clock.uptime()
            throw ErrorMessage(
                .otherMachine,
                "another machine is connected as '\(name)': this one has a copy of its home (a cloned disk?). Here: "
                    + "syncagent leave; at the hub: syncctl invite OTHERNAME; then here: syncagent join INVITE --folder DIR. "
                    + "'\(name)' needs no revoke: it is the other's. If this is the one to stay, stop the other; it is tried "
                    + "again")
        }
        client.machine = machine ?? client.machine
        client.sessionHeard = clock.uptime()
        clients[name] = client
        heard(name)
    }

    /// In `status`, while that goes on.
    static let otherMachineRefused =
        "another machine with a copy of its home (a cloned disk?) tries to connect under this name and is turned away; "
        + "`syncctl status` there says what to do"

    /// Whether a client would give operations numbers that it has given to others: its index comes from a backup.
    private func isSetBack(_ message: HelloRequest, _ name: String) throws -> Bool {
        guard let next = message.next else { return false }
        guard next > 0 else { throw ErrorMessage(.badValue, "the field 'next' must be positive") }
        return try next <= journal.highestNumber(generation: message.generation, client: name)
    }

    private func helloResponse(
        _ name: String, isKnown: Bool, isSetBack: Bool, isOtherIndex: Bool = false
    ) throws -> HelloResponse {
        try findSubtrees()
        return HelloResponse(
            hub: self.name, version: ProductVersion.current, client: name, epoch: epoch(of: name),
            head: try head.rawValue, known: isKnown, setBack: isSetBack, collected: try journal.collected.rawValue,
            staging: HubLayout.stagingOverSFTP(of: try ClientName(name)), share: HubLayout.shareOverSFTP,
            maxOperations: settings.maxOperations, paused: try standstill(of: name),
            subtree: try view(of: name).path.map { Escaping.text($0.bytes) }, otherIndex: isOtherIndex,
            limits: limits(of: name), inline: InlineContents.most, behind: MessageWithBytes.most,
            pack: settings.packSize, staged: hasStaged(name),
            quota: settings.stagingQuota.bytes > 0 ? settings.stagingQuota.bytes : nil)
    }

    /// Whether there is something of large contents that a client may want to remove: it looks for it by SFTP otherwise.
    private func hasStaged(_ name: String) -> Bool? {
        if ready.has(anyFor: name) || preparing.keys.contains(where: { $0.client == name }) { return true }
        return store.hasStagedAhead(by: name)
    }

    /// Where it was, in a history that is not this one, says nothing.
    private func forgetReports(of name: String) {
        hubLog.warning("other_history", ["client": name])
        clients[name]?.record.cursor = .zero
        clients[name]?.forgetReport()
    }

    /// Whether the history has what a client has seen of it.
    private func contains(since: Int64?, chain: String?) throws -> Bool {
        guard let since else { return true }
        guard since >= 0 else { throw ErrorMessage(.badValue, "the field 'since' must not be negative") }
        guard let own = try self.chain(at: Sequence(since)) else { return false }
        return chain == nil || chain == own
    }

    /// In hex; nil beyond the head.
    private func chain(at seq: Sequence) throws -> String? {
        try journal.chain(at: seq)?.map(Escaping.hex).joined()
    }

    // MARK: - Changes

    func holdChanges(_ request: HTTPRequest, _ caller: Caller, _ responder: HTTPResponder) throws -> HTTPResponse? {
        guard let epoch = request.query("epoch") else { throw ErrorMessage(.missingField, "the query lacks 'epoch'") }
        guard let name = caller.name else { return nil }
        try checkEpoch(epoch, of: name)
        let query = ChangesQuery(
            since: Sequence(try request.neededNumber("since")), barrier: try request.number("barrier") ?? 0,
            isPaused: try request.number("paused") == 1,
            collected: Sequence(try request.number("collected") ?? 0), wanted: try request.number("wanted") ?? 0,
            limits: request.query("limits"),
            late: try request.number("late") ?? 0,
            complete: try request.number("complete").map { Sequence($0) }, epoch: epoch,
            wantsInline: try request.number("inline") == 1,
            behind: min(max(try request.number("behind") ?? 0, 0), MessageWithBytes.most),
            coming: try request.number("coming"))
        let head = try head
        if query.since > head {
            throw ErrorMessage(
                .baseFromTheFuture, "'since' is \(query.since.rawValue), beyond the journal's \(head.rawValue)")
        }
        let time = try request.seconds("wait", limit: settings.longestPoll)
        if request.onlyLooks { return try .message(changes(for: name, query)) }
        try acknowledgeLate(name, through: query.late)
        clients[name]?.told = query.since
        try hold(.changes(client: name, query), of: caller, for: time, responder)
        return nil
    }

    func changes(for name: String, _ query: ChangesQuery) throws -> ChangesResponse {
        try page(for: name, query, behind: 0, isTold: false).0
    }

    /// - Parameters:
    ///   - most: bytes that may come behind it.
    ///   - isTold: false if the client hears of it only to look.
    /// - Returns: what is to come behind it, too.
    func page(
        for name: String, _ query: ChangesQuery, behind most: Int64, isTold: Bool
    ) throws -> (ChangesResponse, [FileBehind]) {
        // A subtree that was made again meanwhile is another journal.
        guard query.epoch.map({ $0 == epoch(of: name) }) ?? true else { throw HubDesk.otherRoot }
        let head = try head
        let view = try view(of: name)
        let subtree = view.path.map { Escaping.text($0.bytes) }
        if let paused = try standstill(of: name) {
            let nothing = ChangesResponse(
                epoch: epoch(of: name), through: query.since.rawValue, chain: try chain(at: query.since),
                head: head.rawValue, nodes: [],
                paused: paused, barrier: barrierToTell(query, isLastPage: query.since == head), subtree: subtree,
                limits: limits(of: name))
            return (nothing, [])
        }
        try checkHasMissedNothing(query)
        var page = try journal.changes(after: query.since, limit: settings.pageLimit)
        if case .part(var part, _) = view {
            page = try part.page(page, complete: min(query.complete ?? query.since, query.since))
        }
        let contents = query.wantsInline ? try inlineContents(of: page.nodes, for: name) : nil
        var files: [FileBehind] = []
        if most > 0, contents == nil, !page.nodes.isEmpty {
            let (found, fits) = try journal.snapshot {
                try filesBehind(page.nodes, atMost: most, since: query.since, for: name)
            }
            files = found
            // The others come with the next page, which is asked for at once. (Of a part a page is more than its nodes.)
            if case .everything = view, fits > 0, fits < page.nodes.count {
                page.nodes.removeLast(page.nodes.count - fits)
                page.through = page.nodes[fits - 1].seq
            }
        }
        let response = ChangesResponse(
            epoch: epoch(of: name), through: page.through.rawValue, chain: try chain(at: page.through),
            head: page.head.rawValue, nodes: page.nodes.map(NodeMessage.init),
            contents: contents, paused: nil,
            barrier: barrierToTell(query, isLastPage: page.through == page.head),
            late: try lateOutcomes(for: name, after: query.late),
            wanted: try contentsToAsk(of: name, knowing: query.wanted, isTold: isTold),
            wantedMark: wantedMark, subtree: subtree, limits: limits(of: name),
            coming: query.coming == nil ? nil : try coming(for: name),
            comingMark: query.coming == nil ? nil : coming.mark(of: name))
        return (response, files)
    }

    private func barrierToTell(_ query: ChangesQuery, isLastPage: Bool) -> Int64 {
        ChangesRule.barrier(query, newest: barrier, isLastPage: isLastPage)
    }

    // MARK: - Reports

    func takeReport(_ request: HTTPRequest, _ name: String) throws -> HTTPResponse {
        let report = try request.message(ReportRequest.self)
        try checkEpoch(report.epoch, of: name)
        try check(report)
        guard var client = clients[name], client.record.generation != nil else {
            throw ErrorMessage(.badRequest, "say hello first: a report belongs to an index generation")
        }
        client.record.cursor = max(client.record.cursor, Sequence(report.cursor))
        client.report = LastReport(report)
        client.note(report)
        clients[name] = client
        if report.upCount > 0 { makeRoomFor(name) }
        settle()
        return .message(EmptyResponse())
    }

    private func check(_ report: ReportRequest) throws {
        let head = try head
        if report.cursor > head.rawValue {
            throw ErrorMessage(
                .baseFromTheFuture, "the cursor \(report.cursor) is beyond the journal's \(head.rawValue)")
        }
        if let problem = report.problem { throw ErrorMessage(.badValue, problem) }
        // What clients have heard of before the last start is below the first one since.
        if report.barrier > max(barrier, firstBarrier - 1) {
            throw ErrorMessage(
                .badValue, "the barrier \(report.barrier) was never raised; report the one that /v1/changes told")
        }
        if report.pending.count > 1000 { throw ErrorMessage(.badValue, "the field 'pending' has at most 1000 items") }
        for item in report.pending { _ = try requestedPath(item.path) }
    }

    /// Whether there is something that only this program remembers.
    var hasUnsaved: Bool { clients.values.contains { $0.unsavedReport != nil || isLastSeenOld($0) } }

    /// A minute may be lost; a write for each request would wear out an SD card.
    private func isLastSeenOld(_ client: LiveClient) -> Bool {
        guard client.lastHeard != nil, client.record.revokedAt == nil else { return false }
        return seenMoment(client) - client.savedSeen >= 300
    }

    /// Writes down what clients have said. Inside a transaction.
    func saveReports() throws {
        for (name, client) in clients where client.record.revokedAt == nil {
            if let report = client.unsavedReport, let generation = client.record.generation {
                try journal.advance(
                    name, to: client.record.cursor, epoch: journal.epoch, generation: generation)
                try journal.keepReport(WireFormat.encode(report), of: name)
                clients[name]?.unsavedReport = nil
            }
            if isLastSeenOld(client) || (isStopped && client.lastHeard != nil), let heard = client.lastHeard {
                let seen = seenMoment(client)
                try journal.touch(name, at: heard.inSeconds, moment: seen)
                clients[name]?.savedSeen = seen
            }
        }
        try noteRunning()
    }
}
