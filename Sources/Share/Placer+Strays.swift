internal import FileTree
internal import Journal
internal import SyncCore

/// What came out of the share while somebody changed the same place (DESIGN §4.2). What the journal has on record goes to
/// `versions/`; all else is somebody's change, and gets a name in the share, where it is taken in like anything that appears.
extension Placer {
    /// - Parameter path: where it came out.
    func keep(_ item: Disk.Item, beside path: RelativePath) throws {
        if item.status.kind == .file {
            let digest = try item.digest()
            if try journal.knows(digest) { return try keepStray(item, digest) }
        }
        guard let name = path.last, try giveName(item, name, near: path.parent) else { return try keepStray(item) }
    }

    /// The same at a start, when nobody knows any more where it came out.
    func keepAfterCrash(_ item: Disk.Item) throws {
        // One that was to be placed, most likely: it is made anew.
        if item.status.kind == .symlink { return try item.remove() }
        try keep(item, beside: RelativePath(bytes: Array("recovered".utf8)))
    }

    private func keepStray(_ item: Disk.Item) throws {
        guard item.status.kind == .file else { return warn("stray_left", ["item": item.name]) }
        try keepStray(item, item.digest())
    }

    private func keepStray(_ item: Disk.Item, _ digest: Digest) throws {
        try keep(item, digest)
        warn("stray_kept", ["sha256": digest])
    }

    /// - Returns: false if there is no name for it.
    private func giveName(_ item: Disk.Item, _ name: Name, near directory: RelativePath) throws -> Bool {
        for attempt in 1...100 {
            let beside = directory.appending(
                ConflictName.make(
                    from: name, keepsExtension: item.status.kind != .directory, date: day, client: Placer.shareClient,
                    attempt: attempt))
            if try journal.node(at: beside) != nil { continue }
            do {
                if case .occupied = try store.placeNew(item, at: beside) { continue }
            } catch let error as FileTreeError where error.meansAbsence && !directory.isTop {
                // Its directory is gone too.
                return try giveName(item, name, near: directory.parent)
            }
            warn("stray_named", ["path": beside])
            return true
        }
        return false
    }
}
