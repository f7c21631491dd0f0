/// The moments between two system calls of a placement at which somebody else may come in: tests do.
package enum Instant: Hashable, Sendable {
    /// What is there was looked at, and is as expected.
    case looked
    /// Names were changed; what came out was not looked at yet.
    case renamed
    /// What came out is not what was expected; it was not put back yet.
    case puttingBack
}

/// Steps that a sound disk does not refuse, so that tests have to say when one does.
package enum DiskStep: Hashable, Sendable {
    /// A directory is listed.
    case listing
    /// A name is looked at.
    case asking
    /// Something private gets a name in the tree.
    case placing
    /// What came out of the tree is looked at.
    case looking
    /// What came out, and is not what was expected, goes back.
    case puttingBack
}
