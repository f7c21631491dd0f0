internal import SQLite
import SyncCore

// A person decides about what is held.
extension Journal {
    /// Carries out what is held in a batch as its client's, in order, by the merge rules as they apply now.
    /// - Parameters:
    ///   - at: Unix seconds, for the history.
    ///   - date: for conflict names.
    /// - Throws: ``JournalError/noSuchBatch(_:)``.
    package func approve(_ batch: Int64, at: Int64, date: String) throws -> HeldDecision {
        try database.transaction {
            let (client, operations) = try open(batch)
            if isOfShare(operations) {
                try letShareGoOn(operations)
                try close(batch, isApproved: true)
                return HeldDecision(client: client, operations: operations.count, placements: [])
            }
            var staged: [OperationID: StagedContent] = [:]
            for held in operations { staged[held.id] = held.staged }
            var commit = try Commit(
                journal: self, client: client, at: at, date: date, origin: .client, staged: staged)
            for held in operations {
                let outcome = try commit.carryOutHeld(held)
                try settle(held, outcome, of: client)
            }
            try commit.end()
            let used = commit.placements.compactMap { placement -> String? in
                guard case .file(_, _, source: .staged(let staged)) = placement.step else { return nil }
                return staged.name
            }
            for held in operations where !used.contains(held.staged?.name ?? "") { try shelve(held) }
            try close(batch, isApproved: true)
            return HeldDecision(
                client: client, operations: operations.count, placements: try withWhatIsPlaced(commit.placements))
        }
    }

    /// Drops what is held in a batch. Its client takes what the hub has; the bytes of rewrites stay in `versions/`.
    /// - Throws: ``JournalError/noSuchBatch(_:)``.
    package func reject(_ batch: Int64) throws -> HeldDecision {
        try database.transaction {
            let (client, operations) = try open(batch)
            if isOfShare(operations) {
                let placements = try bringBack(operations)
                try close(batch, isApproved: false)
                return HeldDecision(client: client, operations: operations.count, placements: placements)
            }
            for held in operations {
                try shelve(held)
                let current = try held.change.node.flatMap { try node($0) }
                try settle(held, .refused(.rejected, current: current), of: client)
            }
            try close(batch, isApproved: false)
            return HeldDecision(client: client, operations: operations.count, placements: [])
        }
    }

    private func open(_ batch: Int64) throws -> (client: String, [HeldOperation]) {
        guard
            let client = try database.first(
                "SELECT client FROM held_batch WHERE id = ?", batch, row: { try $0.text(0) })
        else { throw JournalError.noSuchBatch(batch) }
        return (client, try held(in: batch))
    }

    /// Keeps the late answer for the client, and for a request that is repeated.
    private func settle(_ held: HeldOperation, _ outcome: Outcome, of client: String) throws {
        var encoder = Encoder()
        encoder.outcome(outcome)
        try database.execute(
            "UPDATE outcome SET outcome = ?, node = ? WHERE client = ? AND generation = ? AND number = ?", encoder.data,
            outcome.madeNode?.id, client, held.id.generation, held.id.number)
        try database.execute(
            "INSERT INTO late_outcome (client, generation, number, outcome) VALUES (?, ?, ?, ?)", client,
            held.id.generation, held.id.number, encoder.data)
        try database.execute("DELETE FROM held_operation WHERE id = ?", held.row)
    }

    private func close(_ batch: Int64, isApproved: Bool) throws {
        // The rest of an approved batch may still be on its way.
        try database.execute(
            "UPDATE guard_window SET batch = NULL, approved = ? WHERE batch = ?", isApproved, batch)
        try database.execute("DELETE FROM held_batch WHERE id = ?", batch)
    }

    // MARK: - Late answers

    /// What a client of this index generation has not taken in, oldest first.
    package func lateOutcomes(
        for client: String, generation: String, after id: Int64, limit: Int
    ) throws -> [LateOutcome] {
        try database.query(
            """
            SELECT id, number, outcome FROM late_outcome WHERE client = ? AND generation = ? AND id > ?
            ORDER BY id LIMIT ?
            """, client, generation, id, limit
        ) { row in
            var decoder = Decoder(try row.blob(2))
            return LateOutcome(id: try row.int64(0), number: try row.int64(1), outcome: try decoder.outcome())
        }
    }

    /// Everything up to `id`, and what an index of another generation would have got, will not be asked for again.
    package func acknowledgeLate(for client: String, generation: String, through id: Int64) throws {
        try database.execute(
            "DELETE FROM late_outcome WHERE client = ? AND (id <= ? OR generation <> ?)", client, id, generation)
    }
}

extension Commit {
    /// An operation that no client of today would send is answered as if somebody had been first.
    mutating func carryOutHeld(_ held: HeldOperation) throws -> Outcome {
        do {
            let outcome = try carryOut(held.change, held.id)
            made[held.id] = outcome.madeNode?.id
            return outcome
        } catch is InvalidOperation {
            return .refused(.changed, current: try held.change.node.flatMap { try journal.node($0) })
        }
    }
}
