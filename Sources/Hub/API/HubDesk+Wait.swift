internal import ControlAPI
internal import HTTPServer
import SyncCore

// POST /v1/wait.
extension HubDesk {
    func holdWait(_ request: HTTPRequest, _ caller: Caller, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let message = try request.message(WaitRequest.self)
        if message.timeout < 0 { throw ErrorMessage(.badValue, "the field 'timeout' must not be negative") }
        for name in message.on ?? [] {
            guard let client = clients[name], client.record.revokedAt == nil else { throw unknownClient(name) }
        }
        let path = try message.path.map(requestedPath).flatMap { $0.isTop ? nil : $0 }
        // Whether there is anything outside of a part is nothing that a wait may tell.
        if let path, try !sight(of: caller).knows(path) {
            throw ErrorMessage(
                .unknownPath, "nobody knows '\(path)': it is not in the part of the share that this client maps")
        }
        // Before every client is woken.
        try checkPolls(of: caller)
        let mark = try share?.mark() ?? 0
        barrier = max(barrier + 1, firstBarrier)
        let goal = WaitGoal(
            path: path, on: message.on, barrier: barrier,
            headAtBarrier: try head, shareMark: mark)
        // Settling wakes every client's long poll with the new barrier.
        try hold(.wait(goal, of: caller), of: caller, for: .seconds(min(message.timeout, 3600)), responder)
        return nil
    }

    func waiting(for goal: WaitGoal) throws -> [WaitResponse.Waiting] {
        WaitRule.waiting(for: goal, try sight(for: goal), on: allFacts)
    }

    /// Whether all that was done in the share before the wait is in the journal.
    func isCaughtUp(_ goal: WaitGoal) -> Bool {
        share.map { $0.isCaughtUp(with: goal.shareMark) && $0.heldNodes.isEmpty && !$0.isBeingRefilled } ?? true
    }

    func waitResponse(_ goal: WaitGoal, _ sight: Sight) throws -> WaitResponse {
        var waiting = try waiting(for: goal)
        if let share, !isCaughtUp(goal) {
            waiting.append(WaitResponse.Waiting(client: Placer.shareClient, reason: share.reason))
        }
        // A reason may name what lies elsewhere.
        for index in waiting.indices where !sight.isOwn(waiting[index].client) {
            waiting[index].reason = "is not there yet; \(Sight.untold)"
        }
        return WaitResponse(inSync: waiting.isEmpty, seq: try head.rawValue, waiting: waiting)
    }

    private func sight(for goal: WaitGoal) throws -> WaitSight {
        let node = try goal.path.flatMap(journal.node(at:))
        return WaitSight(head: try head, seqAtPath: node.flatMap { $0.content.isDirectory ? nil : $0.seq })
    }

    func unknownClient(_ name: String) -> ErrorMessage {
        ErrorMessage(.unknownClient, "there is no client '\(name)'; `syncctl clients` lists them")
    }
}
