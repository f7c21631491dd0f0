internal import SQLite
import SyncCore

extension Journal {
    /// Decides operations in order, by ``MergeRules``, and keeps what follows, in one transaction.
    ///
    /// An operation that was decided before gets the outcome that it got then. One that needs the bytes of a file that
    /// nobody staged gets `.contentMissing`, does nothing and is not recorded, so that it may come again.
    /// What lies in the share for a node that was changed there is unknown until ``finish(_:placed:stored:)`` tells.
    /// - Parameters:
    ///   - client: whose changes these are; stands in conflict names.
    ///   - operations: of one index generation, parents before what is in them.
    ///   - acknowledged: outcomes of operations up to this number were taken in and are forgotten now.
    ///   - staged: for each operation that brings a file's bytes, the verified private file that holds them (files of
    ///     no bytes too). Not needed when `origin` is the share.
    ///   - at: Unix seconds, for the history.
    ///   - date: for conflict names, such as `2026-11-21`.
    ///   - rule: when deletions and rewrites of a client are held; what the share has done is not.
    ///   - announced: what the client has still to send, this commit included.
    ///   - moment: for the guard's window: now, by ``runningTime``.
    ///   - devices: which device made a change that was found in the share, where that is known.
    ///   - mayNameOld: whether a node may come back with any content that the hub has kept without its bytes being brought;
    ///     otherwise with the one that it had only.
    /// - Throws: ``InvalidOperation``, ``JournalError`` and what `Database` throws; nothing is done then.
    package func commit(
        client: String, operations: [Operation], acknowledged: Int64 = 0, staged: [OperationID: StagedContent] = [:],
        at: Int64, date: String, origin: CommitOrigin = .client,
        guardedBy rule: MassChangeGuard = .off, announced: AnnouncedChanges = AnnouncedChanges(), moment: Int64 = 0,
        devices: [OperationID: String] = [:], mayNameOld: Bool = true
    ) throws -> CommitResult {
        let generation = operations.first?.id.generation
        if operations.contains(where: { $0.id.generation != generation }) { throw JournalError.mixedGenerations }
        return try database.transaction {
            // Of the share's operations that is not kept.
            var decidedUpTo = Int64.max
            var acknowledgedUpTo: Int64 = 0
            if let generation {
                if origin == .client {
                    decidedUpTo = try highestNumber(generation: generation, client: client)
                }
                try acknowledge(
                    acknowledged, generation: generation, client: client, dropsOthers: origin == .client)
                // The share's operations are numbered anew at each start, and nobody repeats them.
                if origin == .client, let highest = operations.map(\.id.number).max() {
                    try noteNumber(highest, generation: generation, client: client)
                }
                acknowledgedUpTo = try self.acknowledged(generation: generation, client: client)
            }
            var commit = try Commit(
                journal: self, client: client, at: at, date: date, origin: origin, staged: staged,
                decidedUpTo: decidedUpTo, acknowledgedUpTo: acknowledgedUpTo, mayNameOld: mayNameOld)
            if origin == .client { try commit.watch(operations, rule, announced, at: moment) }
            let outcomes = try operations.map { operation in
                commit.device = devices[operation.id]
                return try commit.decide(operation)
            }
            try commit.end()
            return CommitResult(
                outcomes: outcomes, placements: try withWhatIsPlaced(commit.placements), head: commit.ledger.head,
                held: commit.held)
        }
    }
}
