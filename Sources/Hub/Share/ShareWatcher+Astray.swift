internal import FileTree
internal import Journal
import SyncCore

/// What happened in directories that are not where the journal has them: a phone has moved one, and the next thing in it is heard
/// of before the move is known.
extension ShareWatcher {
    /// Nothing lies under a name, and the journal has nothing there.
    /// - Returns: whether that says nothing, since its directory lies elsewhere; the name is then looked at again when it is known
    ///   where.
    func isAstray(_ spot: Spot) throws -> Bool {
        guard try liesElsewhere(spot.directory) else { return false }
        astray[spot] = min(astray[spot] ?? .max, unfinished[.name(spot)] ?? lastMark)
        return true
    }

    /// Looks at names again whose directories are where the journal has them now, or are deleted.
    func followAstray() throws {
        if astray.isEmpty { return }
        if astray.count > ShareWatcher.mostAstray {
            astray = [:]
            return lookAtEverything()
        }
        for (spot, mark) in astray where try !liesElsewhere(spot.directory) {
            astray[spot] = nil
            if try path(of: spot) != nil { note(spot, mark: mark) }
        }
    }

    /// Looking at more names than that, each time anything happens, costs more than a look at everything.
    private static let mostAstray = 1_000

    /// Whether a directory is not where the journal has it: it was moved, and that is not known yet.
    func liesElsewhere(_ directory: NodeID) throws -> Bool {
        guard directory != .root, let node = try journal.node(directory), !node.isDeleted,
            let path = try journal.path(of: directory)
        else { return false }
        guard let status = try share.status(of: path) else { return true }
        return try placed(directory).map { $0.identity != status.identity } ?? false
    }
}
