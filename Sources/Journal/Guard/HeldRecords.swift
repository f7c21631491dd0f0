import SyncCore

/// What is held of one client until a person decides.
package struct HeldBatch: Hashable, Sendable {
    /// For `approve` and `reject`; never used again.
    package var id: Int64
    /// Whose changes they are.
    package var client: String
    /// Unix seconds.
    package var at: Int64
    /// Nodes that would go.
    package var deletes: Int
    /// Nodes that would get other bytes.
    package var rewrites: Int
    /// Creations and moves that hang on those.
    package var others: Int
    /// What had passed before it could be told that there were so many: done, and undone by a rejection.
    package var passed: PassedCount
    /// Of the first operation in it.
    package var path: RelativePath
}

/// Nodes that went or got other bytes before a batch of the same client was held.
package struct PassedCount: Hashable, Sendable {
    /// Nodes that went.
    package var deletes = 0
    /// Nodes that got other bytes.
    package var rewrites = 0
}

extension HeldBatch {
    /// How much a rejection undoes of what had passed.
    package var undone: Int { passed.deletes + (undoesRewrites ? passed.rewrites : 0) }

    /// A mass rewrite is undone whole. A person who edits a few files and then deletes a directory by mistake wants the
    /// directory back, not the old text of what was edited.
    package var undoesRewrites: Bool { rewrites + passed.rewrites > deletes + passed.deletes }
}

/// What came of a person's decision about a batch.
package struct HeldDecision: Sendable {
    /// Whose batch it was.
    package var client: String
    /// How many operations were in it.
    package var operations: Int
    /// What is to be done in the share now.
    package var placements: [Placement]
    /// After a rejection: how much came back of what had passed before the batch was held.
    package var restored = 0
    /// What did not.
    package var left: [LeftOut] = []
    /// Of an approved batch of the share: what has to be looked at again.
    package var released: [NodeID] = []
}

/// What a rejection does not bring back.
package struct LeftOut: Hashable, Sendable {
    /// Why not.
    package enum Reason: String, Hashable, Sendable {
        /// Somebody else has changed or deleted it since.
        case changed
        /// Something else has its name.
        case taken
        /// Its directory is gone from the record.
        case orphaned
        /// The hub does not have its bytes.
        case bytes
    }
    /// Where it was.
    package var path: RelativePath
    /// Why it stays as it is. Its old bytes are in `versions/`, but for ``Reason/bytes``.
    package var reason: Reason

    package init(path: RelativePath, reason: Reason) {
        self.path = path
        self.reason = reason
    }
}

/// The late answer to an operation that was held: handed out until the client has taken it in.
package struct LateOutcome: Hashable, Sendable {
    /// Grows with each; what the client acknowledges.
    package var id: Int64
    /// Of the operation.
    package var number: Int64
    /// As a commit would have answered it.
    package var outcome: Outcome
}

/// A verified private file whose bytes belong into `versions/`.
package struct ShelvedContent: Hashable, Sendable {
    /// The private file.
    package var staged: StagedContent
    /// Of its bytes.
    package var digest: Digest
    /// In bytes.
    package var size: Int64
}

/// One operation that is held, as it is stored.
struct HeldOperation {
    /// What it does to the tree.
    enum Weight: Int64 { case hangs, deletes, rewrites }
    var row: Int64
    var batch: Int64
    var id: OperationID
    var change: Change
    var weight: Weight
    var staged: StagedContent?

    /// Whether it was found in the share: nobody waits for an answer, and it is carried out there already.
    var isOfShare: Bool { id.generation.isEmpty }
}
