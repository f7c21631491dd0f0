internal import CLinux
import Glibc
package import SyncCore

/// What came of replacing one thing by another.
package enum Exchange<Item: Sendable>: Sendable {
    /// Done: the status of what lies there now, and what lay there before, now in the private area.
    case placed(FileStatus, displaced: Item)
    /// Nothing happened: this is there instead of what was expected, or nothing. The item is where it was.
    case unexpected(FileStatus?)
    /// Nothing happened: a program has it open for writing. The item is where it was.
    case busy(FileStatus)
    /// What came out is not what was expected, and could not be put back: somebody changed it twice while we worked, or the disk
    /// refused. The name has what is told here (if anything); the other one lies in the private area and is somebody's
    /// change. The item that was to be placed is gone, has the name, or is the other one.
    case stranded(FileStatus?, Item)
}

/// Asked of what came out of the tree, when all else says that it is what was expected: false, or an error, and it goes back.
package typealias Confirmation = @Sendable (PrivateItem) throws(FileTreeError) -> Bool

func isConfirmed(_ item: PrivateItem, _ confirming: Confirmation?) -> Bool {
    do throws(FileTreeError) { return try confirming?(item) ?? true } catch { return false }
}

extension TreeRoot {
    /// Replaces what has a name, if it is still what was expected: swaps (`RENAME_EXCHANGE`), looks at what came out, and
    /// swaps back if it is something else. So nothing is ever overwritten.
    ///
    /// While it happens a read lease keeps writers out; where leases are not to be had (another owner, some file systems)
    /// the times tell, and a writer that has the file open goes on writing to what is displaced.
    /// - Parameters:
    ///   - item: the caller checks that nobody writes to it. Its name in the area becomes that of what is displaced.
    ///   - expected: nil: whatever is there is displaced.
    ///   - confirming: see ``Confirmation``.
    /// - Throws: ``FileTreeError``: `.notFound` (no such directory), `.unsupported`, `.crossDevice`, … Nothing happened then.
    package func exchange(
        _ item: PrivateItem, with path: RelativePath, expecting expected: Fingerprint?, confirming: Confirmation? = nil
    ) throws(FileTreeError) -> Exchange<PrivateItem> {
        let entry = try entry(path, "replace")
        // Held open, so that the inode cannot be used again for another file meanwhile.
        guard let old = try entry.handle("replace"), let before = old.status() else { return .unexpected(nil) }
        if let expected, !before.matches(expected) { return .unexpected(before) }
        let lease = entry.lease(on: before.identity)
        let swap = Swap(
            item: item, entry: entry, old: old, new: try item.handle("replace"), confirming: confirming, tree: self)
        switch lease {
        case .writerActive: return .busy(before)
        case .granted(let lease): return try swap.run(from: before) { lease.stands }
        case .unknown: return try swap.run(from: before) { true }
        }
    }
}

/// Two names that trade places, and handles on what they name at first.
private struct Swap: ~Copyable {
    let item: PrivateItem
    let entry: Entry
    let old: Descriptor
    let new: Descriptor
    let confirming: Confirmation?
    let tree: TreeRoot

    init(
        item: PrivateItem, entry: consuming Entry, old: consuming Descriptor, new: consuming Descriptor,
        confirming: Confirmation?, tree: TreeRoot
    ) {
        self.item = item
        self.entry = entry
        self.old = old
        self.new = new
        self.confirming = confirming
        self.tree = tree
    }

    /// Throws before the names have changed only: from then on what came out has to be told.
    func run(from before: FileStatus, undisturbed: () -> Bool) throws(FileTreeError) -> Exchange<PrivateItem> {
        tree.onInstant(.looked)
        guard tradePlaces() else {
            if errno == ENOENT { return .unexpected(try entry.status()) }
            throw entry.error("replace")
        }
        tree.onInstant(.renamed)
        if let out = try? whatCameOut(), out.status.survivedRename(before.fingerprint),
            isConfirmed(out, confirming), undisturbed()
        {
            return .placed(item.placedStatus(new.status()), displaced: out)
        }
        tree.onInstant(.puttingBack)
        return back(before)
    }

    /// What came out is not what was expected: it gets its name back.
    private func back(_ before: FileStatus) -> Exchange<PrivateItem> {
        if !tree.fails(.puttingBack), tradePlaces() {
            // What we had put there must have come back, untouched; else somebody has replaced or edited that too.
            guard let out = whatLies(asBefore: item.status), !out.status.survivedRename(item.status.fingerprint) else {
                return .unexpected(whatHasTheName)
            }
            return .stranded(whatHasTheName, out)
        }
        if errno == ENOENT {
            // Somebody removed what we had put there, so the name is free (and the item is gone); or it is taken again.
            let area = item.area.directory.raw
            if rename(area, item.name.bytes, entry.directory.raw, entry.name, moving: old.raw) == 0 {
                return .unexpected(whatHasTheName)
            }
        }
        guard let out = whatLies(asBefore: before) else { return .unexpected(whatHasTheName) }
        return .stranded(whatHasTheName, out)
    }

    /// Nil also if the disk does not say.
    private var whatHasTheName: FileStatus? { (try? entry.status()) ?? nil }

    private func whatCameOut() throws(FileTreeError) -> PrivateItem? {
        if tree.fails(.looking) { throw FileTreeError("look at", item.name) }
        return try item.area.item(named: item.name)
    }

    /// Nil if nothing has the item's name any more. If the disk does not say, it is there, with the status that is given.
    private func whatLies(asBefore status: FileStatus) -> PrivateItem? {
        do throws(FileTreeError) { return try whatCameOut() } catch {
            return PrivateItem(area: item.area, name: item.name, status: status)
        }
    }

    private func tradePlaces() -> Bool {
        exchange(
            item.area.directory.raw, item.name.bytes, entry.directory.raw, entry.name, moving: [old.raw, new.raw]) == 0
    }
}
