import Journal
import SyncCore

/// A person approves and rejects.
extension Simulation {
    func decideNext(isApproved: Bool) throws {
        try hub.start()
        guard let batch = try hub.journal.heldBatches().first else { return }
        try decide(batch, isApproved: isApproved)
    }

    /// Nothing is left to a person at a quiet point: one says yes, and the next time no.
    /// - Returns: whether there was something.
    func decideAll() throws -> Bool {
        let batches = try hub.journal.heldBatches()
        for batch in batches { try decide(batch, isApproved: batch.id % 2 == 0, isQuiet: true) }
        return !batches.isEmpty
    }

    private func decide(_ batch: HeldBatch, isApproved: Bool, isQuiet: Bool = false) throws {
        let live = isQuiet && !isApproved ? try hub.things() : []
        // What was deleted comes back when it is rejected; and what was overwritten since, when it is approved.
        traces.forgives = true
        if !isApproved {
            // What was written is in `versions/` only.
            if let user = Int(batch.client.dropFirst()) { traces.giveUpWork(of: user) }
        }
        try hub.decide(batch, isApproved: isApproved)
        // Whoever changes it after that has seen the decision.
        if isQuiet, !isApproved { given = (live, try hub.journal.head, batch.client) }
    }

    /// What a rejection gave back is there, unless somebody else has taken it away since.
    func checkGivenBack() throws {
        guard let (live, seq, client) = given else { return }
        given = nil
        let since = try hub.journal.history(after: seq, limit: 10_000).filter {
            $0.client == client && $0.node.isDeleted
        }
        for record in since where live.contains(where: { $0.path == record.path }) {
            throw Violation(
                .rejectedGivesBack, "\(client)'s deletion of \(record.path) was rejected, and it is deleted again")
        }
    }
}
