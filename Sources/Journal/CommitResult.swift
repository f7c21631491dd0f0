import SyncCore

/// Where the changes of a commit come from.
package enum CommitOrigin: Hashable, Sendable {
    /// A client asks: each effect needs a placement.
    case client
    /// Somebody has done it in the share already: only what turned out otherwise needs one.
    case share
}

/// What one commit did.
package struct CommitResult: Sendable {
    /// One for each operation, in order.
    package var outcomes: [Outcome]
    /// What this commit wants to be done in the share, in order. Recorded outcomes that were only repeated have none.
    package var placements: [Placement]
    /// The journal's `seq` afterwards.
    package var head: Sequence
    /// Names of the private files that belong to what was held: they stay.
    package var held: Set<String> = []
}
