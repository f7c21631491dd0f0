internal import SQLite
import SyncCore

// A person decides about what is held.
extension Journal {
    /// Carries out what is held in a batch as its client's, in order, by the merge rules as they apply now.
    /// - Parameters:
    ///   - at: Unix seconds, for the history.
    ///   - date: for conflict names.
    ///   - moment: now, by ``runningTime``. What still comes of the batch within the window passes.
    /// - Throws: ``JournalError/noSuchBatch(_:)``.
    package func approve(_ batch: Int64, at: Int64, date: String, moment: Int64 = 0) throws -> HeldDecision {
        try database.transaction {
            let (client, operations) = try open(batch)
            if isOfShare(operations) {
                try endShareDoubt(decidedBy: batch, operations)
                try letShareGoOn(operations, of: client, at: moment)
                try close(batch, .approved, at: moment)
                return HeldDecision(
                    client: client, operations: operations.count, placements: [],
                    released: operations.compactMap(\.change.node))
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
            try close(batch, .approved, at: moment)
            return HeldDecision(
                client: client, operations: operations.count, placements: try withWhatIsPlaced(commit.placements))
        }
    }

    /// Drops what is held in a batch, and undoes what had passed of it before it was held. Its client takes what the hub has;
    /// the bytes of rewrites stay in `versions/`.
    /// - Parameters:
    ///   - at: Unix seconds, for the history.
    ///   - date: for conflict names.
    ///   - moment: now, by ``runningTime``. What still comes of the batch within the window is held again.
    /// - Throws: ``JournalError/noSuchBatch(_:)``.
    package func reject(_ batch: Int64, at: Int64, date: String, moment: Int64 = 0) throws -> HeldDecision {
        try database.transaction {
            let (client, operations) = try open(batch)
            var decision = HeldDecision(client: client, operations: operations.count, placements: [])
            let undoesRewrites = try heldBatches().first { $0.id == batch }?.undoesRewrites ?? false
            let passed = try passed(with: batch).filter { undoesRewrites || $0.isDeleted }
            if isOfShare(operations) {
                try endShareDoubt(decidedBy: batch, operations)
                decision.placements = try bringBack(operations)
            }
            var undo = try Commit(
                journal: self, client: Journal.guardClient, at: at, date: date, origin: .client, staged: [:])
            for change in passed { try undo.undo(change, of: client, undoesRewrites, &decision) }
            try undo.end()
            decision.placements += try withWhatIsPlaced(undo.placements)
            // What was held still is as it was: told after the rest, so that what comes back has its directory.
            for held in operations where !held.isOfShare {
                try shelve(held)
                let current = try held.change.node.flatMap { try node($0) }
                try settle(held, .refused(.rejected, current: current), of: client)
            }
            try close(batch, .rejected(rewrites: undoesRewrites), at: moment)
            return decision
        }
    }

    /// Under this name the history has what a rejection brings back.
    package static var guardClient: String { "guard" }

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

    private func close(_ batch: Int64, _ verdict: GuardVerdict, at moment: Int64) throws {
        try setGuardVerdict(verdict, on: batch, at: moment)
        try forgetPassed(with: batch)
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

    /// What a client has deleted or rewritten becomes what it was, unless somebody else has done something about it since.
    /// - Parameter undoesRewrites: what was rewritten before it was deleted, too.
    mutating func undo(
        _ passed: PassedChange, of client: String, _ undoesRewrites: Bool, _ decision: inout HeldDecision
    ) throws {
        func leave(_ reason: LeftOut.Reason) { decision.left.append(LeftOut(path: passed.path, reason: reason)) }
        guard let node = try journal.node(passed.node),
            let before = try undoesRewrites ? journal.content(of: node.id, at: passed.version) : node.content
        else { return leave(.orphaned) }
        if !node.isDeleted, node.content.hasSameBytes(as: before) { return }
        if try journal.isChanged(node.id, by: client, after: passed.seq) { return leave(.changed) }
        guard try journal.holds(before) else { return leave(.bytes) }
        let made = try rules.decide(.edit(node.id, base: node.contentVersion, content: before), parent: nil)
        switch made.answer {
        case .conflict: return leave(.taken)
        case .refused: return leave(.orphaned)
        case .applied, .merged: break
        }
        for effect in made.effects { _ = try apply(effect, inserted: nil, staged: nil, asked: nil) }
        if !made.effects.isEmpty { decision.restored += 1 }
    }
}
