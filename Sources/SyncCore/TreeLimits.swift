/// How deep a tree may be. A directory is synced if it lies in at most 254 others, so that a path has at most 256 names
/// and ``path`` bytes: one rule that a rename, a move and a creation can each be asked about without a look at all that is
/// below. What is deeper stays where it is and is told of.
package enum TreeLimits {
    /// Directories in one another at most.
    package static let directories = 255
    /// Names in a path at most: a file lies in the deepest directory.
    package static let names = directories + 1
    /// Of a path, in bytes, with the slashes between its names.
    package static let path = names * (Name.limit + 1) - 1

    /// Whether a directory may be there.
    /// - Parameter names: in its path.
    package static func allowsDirectory(at names: Int) -> Bool { names <= directories }

    /// Whether a directory may go somewhere, with all that is in it.
    /// - Parameters:
    ///   - old: names in its path.
    ///   - new: the same afterwards.
    ///   - height: how many directories there are in one another below it, asked for only where it matters: what does not
    ///     go deeper than it was cannot become too deep.
    package static func allowsMove(from old: Int, to new: Int, height: () throws -> Int) rethrows -> Bool {
        if new <= old { return true }
        guard allowsDirectory(at: new) else { return false }
        return allowsDirectory(at: new + (try height()))
    }

    /// Why something is not synced, for a person.
    package static let reason =
        "too deep: a directory is synced if at most \(directories - 1) others are above it"
}
