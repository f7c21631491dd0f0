/// What SyncHub promises (DESIGN §4), and what follows from it. A history that fails names the one that it broke.
package enum Promise: String, CaseIterable, Sendable {
    case noLostBytes = "no lost bytes"
    case noSilentOverwrite = "no silent overwrite"
    case nothingHalfWritten = "nothing half-written or unverified is visible"
    case answeredIsDurable = "an answered commit is durable"
    case convergence = "convergence"
    case replayIsHarmless = "replay is harmless"
    case cursorsGoForward = "cursors only go forward"
    case absenceIsNotDeletion = "absence is not deletion"
    case noWayOut = "no way out of the tree"
    case orderWithoutClocks = "order does not depend on clocks"
    /// A conflict copy needs two changes that met.
    case noUnexplainedConflict = "no conflict copy that no conflict explains"
    /// The same bytes, made on two sides, are one node.
    case equalEditsAgree = "equal edits make no conflict"
    /// What one user deleted and nobody else touched stays deleted.
    case nothingComesBack = "nothing that was deleted comes back"
    /// What nobody overwrote or deleted is at a name: an edit wins over a deletion that had not seen it.
    case nothingVanishes = "nothing vanishes that nobody removed"
    /// What is held changes nothing until a person has decided.
    case heldWaits = "what is held waits for a person"
    /// What a person has rejected comes to nothing.
    case rejectedGivesBack = "a rejected batch gives files back"
    /// The share, the journal and each index say the same when all is quiet.
    case recordsAreTrue = "journal and indexes say what is so"
}

/// How a history broke a promise.
package struct Violation: Error, CustomStringConvertible {
    /// Which one.
    package var promise: Promise
    /// Where, and what was found.
    package var text: String
    package var description: String { "broken: \(promise.rawValue): \(text)" }

    init(_ promise: Promise, _ text: String) {
        self.promise = promise
        self.text = text
    }
}
