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
    /// Of the first operation in it.
    package var path: RelativePath
}

/// What came of a person's decision about a batch.
package struct HeldDecision: Sendable {
    /// Whose batch it was.
    package var client: String
    /// How many operations were in it.
    package var operations: Int
    /// What is to be done in the share now; nothing after a rejection.
    package var placements: [Placement]
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
}
