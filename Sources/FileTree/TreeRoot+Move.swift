internal import CLinux
import Glibc
package import SyncCore

/// What came of a move inside the tree.
package enum Move: Sendable {
    /// Done, with the status under the new name.
    case moved(FileStatus)
    /// Nothing happened: this has the new name.
    case occupied(FileStatus)
    /// Nothing happened: this is there instead of what was expected, or nothing.
    case unexpected(FileStatus?)
    /// Somebody put something else under the old name while we worked; it was moved and could not be put back, as that name
    /// is taken again, or as the disk refused. It lies under the new name.
    case misplaced(FileStatus)
}

/// What came of taking something out of the tree.
package enum Removal<Item: Sendable>: Sendable {
    /// Done: it lies in the private area now.
    case taken(Item)
    /// Nothing happened: this is there instead of what was expected, or nothing.
    case unexpected(FileStatus?)
    /// Nothing happened: a program has it open for writing.
    case busy(FileStatus)
    /// What was taken is not what was expected, and could not be put back: the name is taken again by what is told here, or the
    /// disk refused. It lies in the private area and is somebody's change.
    case stranded(FileStatus?, Item)
}

extension TreeRoot {
    /// Renames what has a name, if it is still that inode, to a name that must be free. Takes all that is inside along.
    /// - Throws: ``FileTreeError``: `.notFound` (a directory is missing), `.crossDevice`, `.cycle`, … Nothing happened then.
    package func move(
        _ path: RelativePath, to newPath: RelativePath, expecting expected: FileIdentity
    ) throws(FileTreeError) -> Move {
        if path != newPath, path.contains(newPath) { throw FileTreeError("move", path, .cycle) }
        let from = try entry(path, "move")
        let to = try entry(newPath, "move")
        guard let handle = try from.handle("move"), let before = handle.status() else { return .unexpected(nil) }
        guard before.identity == expected else { return .unexpected(before) }
        let moving = before.kind == .directory ? handle.raw : nil
        onInstant(.looked)
        guard rename(from.directory.raw, from.name, to.directory.raw, to.name, moving: moving) == 0 else {
            switch errno {
            case EEXIST:
                guard let occupant = try to.status() else { return .unexpected(try from.status()) }
                return .occupied(occupant)
            case ENOENT: return .unexpected(try from.status())
            default: throw to.error("move")
            }
        }
        onInstant(.renamed)
        // From here on nothing is thrown: something has the new name.
        do throws(FileTreeError) {
            if fails(.looking) { throw to.error("look at") }
            guard let after = try to.status() else { return .moved(handle.status() ?? before) }
            return after.identity == expected ? .moved(after) : moveBack(from, to, after)
        } catch {
            return moveBack(from, to, before)
        }
    }

    /// What was moved is not what was expected.
    private func moveBack(
        _ from: borrowing Entry, _ to: borrowing Entry, _ moved: FileStatus
    ) -> Move {
        // RACE: had the move taken the right inode, and somebody replaced it under its new name within these few calls,
        // their file gets the old name: nothing is lost, and both changes are seen by the watcher.
        onInstant(.puttingBack)
        if !fails(.puttingBack), rename(to.directory.raw, to.name, from.directory.raw, from.name) == 0 {
            return .unexpected((try? from.status()) ?? nil)
        }
        return .misplaced(moved)
    }

    /// Takes what has a name out of the tree, if it is still what was expected, with all that is inside.
    /// - Parameters:
    ///   - expected: of a directory only the inode counts. Nil: whatever is there.
    ///   - newName: in the area, where nothing may have it; random unless given.
    ///   - confirming: see ``Confirmation``.
    /// - Throws: ``FileTreeError``: `.crossDevice`, … Nothing happened then.
    package func takeAway(
        _ path: RelativePath, expecting expected: Fingerprint?, into area: PrivateArea, as newName: Name? = nil,
        confirming: Confirmation? = nil
    ) throws(FileTreeError) -> Removal<PrivateItem> {
        let entry = try entry(path, "take away")
        guard let old = try entry.handle("take away"), let before = old.status() else { return .unexpected(nil) }
        if let expected, !before.matches(expected) { return .unexpected(before) }
        let moving = before.kind == .directory ? old.raw : nil
        switch entry.lease(on: before.identity) {
        case .writerActive:
            return .busy(before)
        case .granted(let lease):
            return try take(entry, before, moving, area, newName, confirming) { lease.stands }
        case .unknown:
            return try take(entry, before, moving, area, newName, confirming) { true }
        }
    }

    private func take(
        _ entry: borrowing Entry, _ before: FileStatus, _ moving: Int32?, _ area: PrivateArea, _ newName: Name?,
        _ confirming: Confirmation?, undisturbed: () -> Bool
    ) throws(FileTreeError) -> Removal<PrivateItem> {
        let name = newName ?? PrivateArea.randomName()
        onInstant(.looked)
        guard rename(entry.directory.raw, entry.name, area.directory.raw, name.bytes, moving: moving) == 0 else {
            if errno == ENOENT { return .unexpected(nil) }
            throw entry.error("take away")
        }
        onInstant(.renamed)
        // From here on nothing is thrown: what was taken has to be told.
        let taken: PrivateItem
        do throws(FileTreeError) {
            if fails(.looking) { throw FileTreeError("look at", name) }
            guard let found = try area.item(named: name) else { return .unexpected((try? entry.status()) ?? nil) }
            if found.status.survivedRename(before.fingerprint), isConfirmed(found, confirming), undisturbed() {
                return .taken(found)
            }
            taken = found
        } catch {
            taken = PrivateItem(area: area, name: name, status: before)
        }
        onInstant(.puttingBack)
        if !fails(.puttingBack), rename(area.directory.raw, name.bytes, entry.directory.raw, entry.name) == 0 {
            return .unexpected((try? entry.status()) ?? nil)
        }
        return .stranded((try? entry.status()) ?? nil, taken)
    }
}
