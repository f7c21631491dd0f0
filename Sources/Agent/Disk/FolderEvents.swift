internal import FileTree
internal import SyncCore

/// What happened in watched directories, all that was there to be told at once.
struct FolderEvents: Sendable {
    /// One name in one directory.
    struct Place: Hashable, Sendable {
        var directory: EntryID
        var name: Name
    }
    var names: [(place: Place, event: Settling<Place>.Event)] = []
    /// Directories that were deleted, and are not watched any more. What now has their name may have their inode, too.
    var directories: [EntryID] = []
    /// Events were lost: everything has to be looked at.
    var overflowed = false
}

extension FolderEvents {
    init(_ batch: WatchBatch) {
        overflowed = batch.overflowed
        for event in batch.events {
            let directory = EntryID(event.token)
            guard let name = event.name else {
                if event.what.contains(.gone) { directories.append(directory) }
                continue
            }
            if name.isReserved { continue }
            let kind: Settling<Place>.Event =
                if event.what.contains(.closed) {
                    .closed
                } else if event.what.contains(.modified) {
                    .written
                } else {
                    event.what.contains(.movedTo) ? .placed : .changed
                }
            names.append((Place(directory: directory, name: name), kind))
        }
    }
}
