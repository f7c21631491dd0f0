import Journal
import Share
import SyncCore

/// What the guard holds, and what a person says about it.
extension SimulatedHub {
    /// Now, by the journal's running time, as production counts it.
    var moment: Int64 { running.moment(at: clock.uptime) }

    /// - Returns: what was decided about; nil if nothing is held, or the hub died.
    @discardableResult
    func decide(_ batch: HeldBatch, isApproved: Bool) throws -> HeldDecision? {
        note(
            "\(isApproved ? "approves" : "rejects") batch \(batch.id) of \(batch.client): \(batch.deletes) + \(batch.rewrites)"
        )
        return try alive {
            try attempt { try placer.flush() }
            if isApproved { wasApproved = true }
            let at = clock.now / 1_000_000_000
            let (head, passed) = (try journal.head, isApproved ? [] : try passed(before: batch))
            let decision =
                isApproved
                ? try journal.approve(batch.id, at: at, date: "D", moment: moment)
                : try journal.reject(batch.id, at: at, date: "D", moment: moment)
            if !isApproved { try checkUndone(passed, decision, from: head) }
            try note(decisionOf: batch.client, isApproved: isApproved)
            try step()
            try attempt { try placer.run(decision.placements) }
            try attempt { try shelve() }
            return decision
        }
    }

    /// Bytes of what was rejected or replaced go to `versions/`.
    func shelve() throws {
        let contents = try journal.contentsToShelve()
        if contents.isEmpty { return }
        for content in contents {
            if let item = try disk.staged(Name(content.staged.name)) { try disk.keepVersion(item, content.digest) }
        }
        try disk.sync()
        try journal.shelved(contents)
    }

    /// What is held is no change: the node is as it was, for everybody.
    func checkHeld(_ request: Request, _ before: [OperationID: Node], _ outcomes: [Outcome]) throws {
        // Another operation of the same commit may have changed it.
        for (operation, outcome) in zip(request.operations, outcomes) where outcomes.count == 1 {
            guard case .held = outcome, let node = before[operation.id] else { continue }
            let now = try journal.node(node.id)
            if now?.seq != node.seq {
                complain(.heldWaits, "\(request.client)'s change of \(node.name) is held, and the node has changed")
            }
        }
    }

    /// A client's first deletions and rewrites of what others have made: so many at once must not pass.
    func checkGuard(
        _ request: Request, _ before: [OperationID: Node], _ outcomes: [Outcome], live: Int, head: Sequence
    ) throws {
        guard guardRule.percent > 0, !wasApproved else { return }
        let earlier = try journal.history(after: .zero, limit: 100_000).filter { $0.seq <= head }
        let own = earlier.filter { $0.client == request.client }
        guard own.allSatisfy({ $0.node.contentVersion == Version(1) && !$0.node.isDeleted }) else { return }
        var changed: Set<NodeID> = []
        for (operation, outcome) in zip(request.operations, outcomes) {
            guard case .applied = outcome, let node = before[operation.id], !node.isDeleted,
                !own.contains(where: { $0.node.id == node.id })
            else { continue }
            switch operation.change {
            case .delete: changed.insert(node.id)
            case .edit(_, _, let content):
                if content.file?.digest != node.content.file?.digest { changed.insert(node.id) }
            case .create, .move: break
            }
        }
        if guardRule.trips(changes: changed.count, live: live) {
            complain(
                .heldWaits, "\(request.client) deletes or rewrites \(changed.count) of \(live), and nobody was asked")
        }
    }

    /// The nodes that operations are about, as they are.
    func nodes(of request: Request) throws -> [OperationID: Node] {
        if guardRule.percent == 0 { return [:] }
        var found: [OperationID: Node] = [:]
        for operation in request.operations {
            if let id = operation.change.node, let node = try journal.node(id) { found[operation.id] = node }
        }
        return found
    }
}
