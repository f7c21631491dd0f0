internal import Index
package import SyncCore

/// What the engine itself has just brought under names that were free. The kernel tells of that as of anything else; an
/// event about a name that still has what was put there, as it was put there, is no news.
package struct JustPlaced: Sendable {
    private struct Place: Hashable {
        var directory: EntryID
        var name: Name
    }
    private var placed: [Place: (path: RelativePath, status: DiskStatus)] = [:]

    /// Beyond that an event costs what it costs.
    private static let limit = 20_000

    mutating func note(_ directory: EntryID, _ name: Name, _ path: RelativePath, _ status: DiskStatus) {
        if placed.count < JustPlaced.limit { placed[Place(directory: directory, name: name)] = (path, status) }
    }

    /// Where something was put that an event speaks of, and how it lay there: once for each placing. The caller looks whether it
    /// still does.
    package mutating func take(_ directory: EntryID, _ name: Name) -> (path: RelativePath, status: DiskStatus)? {
        if placed.isEmpty { return nil }
        return placed.removeValue(forKey: Place(directory: directory, name: name))
    }

    /// Their events have come by now.
    package mutating func forget() { placed = [:] }
}

extension Folder {
    /// Whether an event tells only of what was placed here: the name has that, as it was placed.
    package func isOwnDoing(_ directory: EntryID, _ name: Name) -> Bool {
        guard let (path, status) = justPlaced.take(directory, name) else { return false }
        return (try? tree.status(of: path)) == status
    }
}
