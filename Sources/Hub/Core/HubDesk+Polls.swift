internal import ControlAPI
internal import HTTPServer
import SyncCore

extension HubDesk {
    /// Holds a request open; answers it at once if there is something to say.
    /// - Throws: when the caller has as many open that are no question for changes as one may have.
    func hold(
        _ subject: Poll.Subject, of caller: Caller, for time: Nanoseconds, _ responder: HTTPResponder
    ) throws(ErrorMessage) {
        if case .changes = subject {} else { try checkPolls(of: caller) }
        lastPoll += 1
        let id = lastPoll
        if case .changes(let client, _) = subject { opened(client) }
        polls.append(
            Poll(id: id, client: caller.name, subject: subject, deadline: clock.uptime() + time, responder: responder))
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        let queue = queue
        responder.onClose { queue.async { desk.abandon(id) } }
        settle()
    }

    /// Waits and logs that one caller may have open.
    static let mostPolls = 16

    /// - Throws: when there are so many.
    func checkPolls(of caller: Caller) throws(ErrorMessage) {
        let own = polls.count { poll in
            if case .changes = poll.subject { false } else { poll.client == caller.name }
        }
        if own < HubDesk.mostPolls { return }
        throw ErrorMessage(
            .tooMany,
            "\(HubDesk.mostPolls) requests that wait are open already (syncctl wait, log --follow); end one of them")
    }

    /// A client has as many polls as it likes, but the oldest is let go when there are too many.
    private func opened(_ client: String) {
        clients[client]?.openPolls += 1
        let own = polls.filter { if case .changes(client, _) = $0.subject { true } else { false } }
        guard own.count >= 4, let oldest = own.first else { return }
        remove(oldest)
        answerOrRefuse(oldest.responder) { try self.answer(oldest) }
    }

    /// Nobody waits for the answer any more.
    private func abandon(_ id: Int) {
        guard let poll = polls.first(where: { $0.id == id }) else { return }
        remove(poll)
        logScans[id] = nil
        settle()
    }

    private func remove(_ poll: Poll) {
        polls.removeAll { $0.id == poll.id }
        guard case .changes(let client, _) = poll.subject else { return }
        clients[client]?.openPolls -= 1
        heard(client)
    }

    /// Looks at everything that is held open. To be called after whatever may matter to it.
    func settle() {
        if isStopped { return }
        do { try findSubtrees() } catch { hubLog.error("subtrees_not_found", ["reason": "\(error)"]) }
        do { try followParts() } catch { hubLog.error("keys_not_written", ["reason": "\(error)"]) }
        endSilentComing()
        endInvites()
        retryGate()
        endRotations()
        for poll in polls {
            defer { if !polls.contains(where: { $0.id == poll.id }) { logScans[poll.id] = nil } }
            do {
                guard try isDue(poll) else { continue }
                remove(poll)
                if let response = try answer(poll) { poll.responder.respond(response) }
            } catch {
                remove(poll)
                poll.responder.respond(.refusal(HubDesk.refusal(for: error)))
            }
        }
        retryPlacements()
        collect()
        releaseCommits()
        if placer.isDirty || hasUnsaved { planFlush() }
        plan(nextLimit)
    }

    /// Ends everything that a client has open.
    func endPolls(of client: String, with error: ErrorMessage) {
        for poll in polls where poll.client == client {
            remove(poll)
            logScans[poll.id] = nil
            poll.responder.respond(.refusal(error))
        }
    }

    private func isDue(_ poll: Poll) throws -> Bool {
        if case .log(let after, let limit, let caller) = poll.subject, try !hasLooked(poll.id, after, limit, caller) {
            return false
        }
        if poll.deadline <= clock.uptime() { return true }
        switch poll.subject {
        case .changes(let name, let query):
            if query.epoch != nil, query.epoch != epoch(of: name) { return true }
            let isHeldStill = try standstill(of: name) != nil
            if let known = query.limits, known != limitsText(of: name) { return true }
            if !isHeldStill, try lateOutcomes(for: name, after: query.late) != nil { return true }
            if !isHeldStill, let known = query.coming, coming.mark(of: name) > known { return true }
            if !isHeldStill, try isToBeAsked(name, knowing: query.wanted) { return true }
            return ChangesRule.isReady(query, head: try head, barrier: barrier, isPaused: isHeldStill)
        case .wait(let goal, _): return try isCaughtUp(goal) && waiting(for: goal).isEmpty
        case .log(let after, _, let caller):
            let isEverything = try sight(of: caller).isEverything
            return try isEverything ? head > after : logScans[poll.id]?.found.isEmpty == false
        }
    }

    /// Whether the log was looked through for who sees a part of it: not every change is to be told, and a long history is looked through
    /// a little at a time, so that nobody else waits for that. What was passed over is not looked at again.
    private func hasLooked(_ poll: Int, _ after: Sequence, _ limit: Int, _ caller: Caller) throws -> Bool {
        let (head, sight) = (try head, try sight(of: caller))
        if sight.isEverything { return true }
        var scan = logScans[poll] ?? LogScan(place: after)
        if scan.place < head, scan.found.count < limit { try look(&scan, sight) }
        logScans[poll] = scan
        if scan.place >= head || scan.found.count >= limit { return true }
        guard !isLogPlanned else { return false }
        isLogPlanned = true
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        queue.async {
            desk.isLogPlanned = false
            desk.settle()
        }
        return false
    }

    private func answer(_ poll: Poll) throws -> HTTPResponse? {
        switch poll.subject {
        case .changes(let name, let query): try answer(query, of: name, poll.responder)
        case .wait(let goal, let caller): try .message(waitResponse(goal, sight(of: caller)))
        case .log(let after, let limit, _):
            if let scan = logScans[poll.id] {
                .message(Array(scan.found.prefix(limit)))
            } else {
                try .message(log(after: after, limit: limit))
            }
        }
    }

    private var nextLimit: Nanoseconds? {
        // Of a log that is still looked through the end says nothing.
        var limits = polls.map(\.deadline) + [lastCollection + HubDesk.collectsEvery]
        if clients.values.contains(where: \.maySendFiles) { limits.append(lastQuotaRound + HubDesk.looksAtQuotasEvery) }
        if placer.hasToRetry || placer.isDirty { limits.append(clock.uptime() + .seconds(1)) }
        if let end = coming.nextEnd { limits.append(end) }
        if let gate = nextAtGate { limits.append(gate) }
        let now = clock.now()
        for client in clients.values {
            if case .paused(let until?) = client.pause(at: now) { limits.append(clock.uptime() + until - now) }
        }
        return limits.min()
    }
}

extension HubDesk {
    /// What could not be shown in the share is tried again, at most once a second.
    private func retryPlacements() {
        guard placer.hasToRetry, clock.uptime() - lastRetry >= .seconds(1) else { return }
        lastRetry = clock.uptime()
        do { try placer.retry() } catch { hubLog.error("placing_failed", ["reason": "\(error)"]) }
    }

    fileprivate static let collectsEvery: Nanoseconds = .seconds(3_600)

    /// SFTP asks nobody, so what clients stage is looked at whether they say anything or not.
    fileprivate static let looksAtQuotasEvery: Nanoseconds = .seconds(60)

    /// What has had its time.
    private func collect() {
        if clock.uptime() - lastQuotaRound >= HubDesk.looksAtQuotasEvery {
            lastQuotaRound = clock.uptime()
            for (name, client) in clients where client.maySendFiles { checkQuota(of: name) }
        }
        guard clock.uptime() - lastCollection >= HubDesk.collectsEvery else { return }
        lastCollection = clock.uptime()
        collectStaging(except: Set(commitLines.keys))
        collectTombstones()
        copyKeeper.lookAgain()
        share?.giveUpLost()
    }
}
