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
        settle()
    }

    private func remove(_ poll: Poll) {
        polls.removeAll { $0.id == poll.id }
        logsLooked[poll.id] = nil
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
        for poll in polls {
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
            poll.responder.respond(.refusal(error))
        }
    }

    private func isDue(_ poll: Poll) throws -> Bool {
        if poll.deadline <= clock.uptime() { return true }
        switch poll.subject {
        case .changes(let name, let query):
            if query.epoch != nil, query.epoch != epoch(of: name) { return true }
            let isHeldStill = try standstill(of: name) != nil
            if let known = query.limits, known != limitsText(of: name) { return true }
            if !isHeldStill, try lateOutcomes(for: name, after: query.late) != nil { return true }
            if !isHeldStill, let known = query.coming, coming.mark(of: name) > known { return true }
            if !isHeldStill, wantedMark > query.wanted, !wantedContents.isEmpty { return true }
            return ChangesRule.isReady(query, head: try head, barrier: barrier, isPaused: isHeldStill)
        case .wait(let goal, _): return try isCaughtUp(goal) && waiting(for: goal).isEmpty
        case .log(let after, _, let caller): return try hasLog(after: after, caller, poll.id)
        }
    }

    /// Whether there is something to tell: of a part not every change is, and what was passed over is not looked at again.
    private func hasLog(after: Sequence, _ caller: Caller, _ poll: Int) throws -> Bool {
        let (head, sight) = (try head, try sight(of: caller))
        if sight.isEverything { return head > after }
        let start = max(after, logsLooked[poll] ?? after)
        guard head > start else { return false }
        logsLooked[poll] = head
        return try !log(after: start, limit: 1, sight).isEmpty
    }

    private func answer(_ poll: Poll) throws -> HTTPResponse? {
        switch poll.subject {
        case .changes(let name, let query): try answer(query, of: name, poll.responder)
        case .wait(let goal, let caller): try .message(waitResponse(goal, sight(of: caller)))
        case .log(let after, let limit, let caller):
            try .message(log(after: after, limit: limit, sight(of: caller)))
        }
    }

    private var nextLimit: Nanoseconds? {
        var limits = polls.map(\.deadline) + [lastCollection + HubDesk.collectsEvery]
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

    /// What has had its time.
    private func collect() {
        guard clock.uptime() - lastCollection >= HubDesk.collectsEvery else { return }
        lastCollection = clock.uptime()
        collectStaging(except: Set(commitLines.keys))
        for name in clients.keys { checkQuota(of: name) }
        collectTombstones()
        copyKeeper.lookAgain()
    }
}
