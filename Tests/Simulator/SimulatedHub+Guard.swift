import Journal
import SyncCore

/// What the guard let pass: counted once more, from the history alone.
extension SimulatedHub {
    /// What a person has said about a client.
    struct Decided {
        /// The last decision came before this.
        var seq = Sequence.zero
        /// By the hub's clock, if it was the last, and a rejection.
        var rejectedAt: Nanoseconds?
        var wasApproved = false
    }

    /// Deletions of one client that nobody was asked about since the last decision: of what others have made, nobody has
    /// changed since, and is nowhere any more.
    private func gone(by client: String) throws -> [Node] {
        let since = decided[client]?.seq ?? .zero
        let earliest = clock.now / 1_000_000_000 - guardRule.window / 2
        var (makers, last): ([NodeID: String], [NodeID: HistoryRecord]) = ([:], [:])
        for record in try journal.history(after: .zero, limit: 100_000).sorted(by: { $0.seq < $1.seq }) {
            if makers[record.node.id] == nil { makers[record.node.id] = record.client }
            last[record.node.id] = record
        }
        let live = try things()
        let (paths, digests) = (Set(live.map(\.path)), Set(live.compactMap(\.content.file?.digest)))
        return last.values.filter { record in
            record.client == client && record.change == .delete && record.seq > since && record.at > earliest
                && makers[record.node.id] != client && !paths.contains(record.path)
                && record.node.content.file.map { !digests.contains($0.digest) } ?? true
        }.map(\.node)
    }

    /// After a commit: so much must not be gone, in as many commits as it came, and nothing right after a rejection.
    func checkPassed(of client: String, from head: Sequence) throws {
        guard guardRule.percent > 0, decided[client]?.wasApproved != true else { return }
        let gone = try gone(by: client)
        if let at = decided[client]?.rejectedAt, clock.now - at < guardRule.window * 500_000_000,
            let node = gone.first(where: { $0.seq > head })
        {
            complain(.heldWaits, "\(client) deletes \(node.name) after a rejection, and nobody was asked")
        }
        // All that it ever deleted counts as having lived.
        let deleted = try journal.history(after: .zero, limit: 100_000).count {
            $0.client == client && $0.change == .delete
        }
        let live = try things().count + deleted
        let names = Set(gone.map(\.location)).count
        if gone.contains(where: { $0.seq > head }), guardRule.trips(changes: names, live: live) {
            complain(.heldWaits, "\(client) has deleted \(names) of \(live) bit by bit, and nobody was asked")
        }
    }

    /// What a rejection is to bring back: see ``checkUndone(_:_:from:)``.
    func passed(before batch: HeldBatch) throws -> [Node] {
        decided[batch.client]?.wasApproved == true ? [] : try gone(by: batch.client)
    }

    /// A rejection deletes nothing, and brings back what had passed, or says why not.
    func checkUndone(_ passed: [Node], _ decision: HeldDecision, from head: Sequence) throws {
        for record in try journal.history(after: head, limit: 10_000) where record.change == .delete {
            complain(.rejectedGivesBack, "\(record.path) is deleted by a rejection")
        }
        let left = Set(decision.left.compactMap(\.path.last))
        for node in passed where !left.contains(node.name) {
            if try journal.node(node.id)?.isDeleted == true {
                complain(
                    .rejectedGivesBack, "\(node.name) had passed before \(decision.client)'s batch, and stays deleted")
            }
        }
    }

    func note(decisionOf client: String, isApproved: Bool) throws {
        var new = Decided(seq: try journal.head, wasApproved: decided[client]?.wasApproved ?? false || isApproved)
        // About what comes after an older batch it says nothing.
        if !isApproved, try !journal.heldBatches().contains(where: { $0.client == client }) {
            new.rejectedAt = clock.now
        }
        decided[client] = new
    }
}
