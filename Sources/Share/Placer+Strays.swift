internal import FileTree
internal import Journal
package import SyncCore

/// What came out of the share while somebody changed the same place (DESIGN §4.2). What the journal has on record goes to
/// `versions/`; all else is somebody's change, and gets a name in the share, where it is taken in like anything that appears.
extension Placer {
    /// What cannot be put away now (a disk that refuses) is remembered and tried again with ``retry()``.
    /// - Parameter path: where it came out.
    /// - Throws: why it waits.
    func keep(_ item: Disk.Item, beside path: RelativePath) throws {
        do { try putAway(item, beside: path) } catch {
            remember(item, beside: path, because: "\(error)")
            throw error
        }
        forget(item)
    }

    private func putAway(_ item: Disk.Item, beside path: RelativePath) throws {
        // What cannot be read (it is another user's, or the disk fails) gets a name unread.
        if item.status.kind == .file, let digest = try? item.digest(), try journal.knows(digest) {
            do { return try keepStray(item, digest) } catch let error as FileTreeError where error.reason == .denied {
                // It cannot be copied out of its other names.
            }
        }
        guard let name = path.last, try giveName(item, name, near: path.parent) else { return try keepStray(item) }
    }

    /// The same at a start, when nobody knows any more where it came out. Nothing that lies there keeps a hub from starting.
    func keepAfterCrash(_ item: Disk.Item, _ pending: [Placement]) throws {
        if item.status.kind == .symlink, let target = try? item.readLink(),
            pending.contains(where: { $0.concerns(symlinkTo: target) })
        {
            // It was to be placed, or had been displaced by that: it is made anew, and the journal has both.
            do { try item.remove() } catch is FileTreeError {
                // The next start removes it.
            }
            return
        }
        let path = RelativePath([try! Name("recovered")])  // SAFETY: a constant that is a name.
        // There is no place for it now.
        if isShareAway { return remember(item, beside: path, because: "the share is not there") }
        do { try keep(item, beside: path) } catch is FileTreeError {
            // It waits.
        }
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

// What cannot be put away now.
extension Placer {
    /// What came out of the share, is somebody's change, and could neither get a name nor be put away yet. It lies privately.
    struct Stray {
        var item: Disk.Item
        /// Beside what it gets a name.
        var path: RelativePath
        /// Why it waits.
        var reason: String
    }

    /// What waits for a name in the share, by where it came out, with its size in bytes and why.
    package var waitingForName: [(path: RelativePath, bytes: Int64, reason: String)] {
        strays.map { ($0.path, $0.item.status.size, $0.reason) }
    }

    /// Tries all of them again.
    func retryStrays() throws {
        if isShareAway { return }
        for stray in strays {
            do { try putAway(stray.item, beside: stray.path) } catch is FileTreeError { continue }
            forget(stray.item)
        }
    }

    /// Until ``retry()``.
    func remember(_ item: Disk.Item, beside path: RelativePath, because reason: String) {
        if strays.contains(where: { $0.item.name == item.name }) { return }
        strays.append(Stray(item: item, path: path, reason: reason))
        warn("stray_waits", ["item": item.name, "beside": path, "reason": reason])
    }

    private func forget(_ item: Disk.Item) { strays.removeAll { $0.item.name == item.name } }

    /// Removes a private copy that was not placed, if it is still that.
    func drop(_ item: Disk.Item) {
        if !strays.contains(where: { $0.item.name == item.name }) { try? item.discard() }
    }
}

extension Placement {
    /// Whether it makes a symlink with this target, or takes one away.
    fileprivate func concerns(symlinkTo target: [UInt8]) -> Bool {
        if case .symlink(_, target, _) = step { return true }
        if case .symlink(target, _)? = expected?.content { return true }
        return false
    }
}
