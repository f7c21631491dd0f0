internal import CLinux
import Glibc
package import SyncCore

/// What came of placing something under a name that should be free.
package enum NewPlacement: Sendable {
    /// With the status of what was placed, as it lies there.
    case placed(FileStatus)
    /// Nothing happened: this has the name. The item is where it was.
    case occupied(FileStatus)
}

extension TreeRoot {
    /// Makes an item visible under a name that must be free (`RENAME_NOREPLACE`). Not durable before
    /// ``syncDirectory(_:)`` or ``syncFileSystem()``.
    /// - Throws: ``FileTreeError``: `.notFound` (no such directory), `.crossDevice`, `.unsupported`, …
    package func placeNew(_ item: PrivateItem, at path: RelativePath) throws(FileTreeError) -> NewPlacement {
        let entry = try entry(path, "place")
        if item.status.kind == .directory {
            let handle = try item.handle("place")
            return try placeNew(item, entry, moving: handle.raw) { item.placedStatus(handle.status()) }
        }
        // Without a handle on it: a stranger who has the name by now has another inode, or other times.
        return try placeNew(item, entry, moving: nil) {
            item.placedStatus((try? lookAt(entry.directory.raw, entry.name, "place", entry.path)) ?? nil)
        }
    }

    private func placeNew(
        _ item: PrivateItem, _ entry: borrowing Entry, moving: Int32?, _ placed: () -> FileStatus
    ) throws(FileTreeError) -> NewPlacement {
        while true {
            if !fails(.placing),
                rename(item.area.directory.raw, item.name.bytes, entry.directory.raw, entry.name, moving: moving) == 0
            {
                return .placed(placed())
            }
            guard errno == EEXIST else { throw entry.error("place") }
            // Gone again meanwhile: try again.
            if let occupant = try entry.status() { return .occupied(occupant) }
        }
    }

    /// Makes a directory.
    /// - Returns: `.occupied` by whatever has the name, a directory included.
    package func makeDirectory(_ path: RelativePath, mode: Mode) throws(FileTreeError) -> NewPlacement {
        let entry = try entry(path, "make the directory")
        while true {
            let made = withWriteAccess([entry.directory.raw]) {
                withCString(entry.name) { mkdirat(entry.directory.raw, $0, mode_t(mode.rawValue)) }
            }
            if made == 0 { return .placed(try openToMode(entry, mode)) }
            guard errno == EEXIST else { throw entry.error("make the directory") }
            if let occupant = try entry.status() { return .occupied(occupant) }
        }
    }

    /// Makes a symlink, whose time is right from the first moment that it is seen.
    package func makeSymlink(
        target: [UInt8], mtime: Nanoseconds, at path: RelativePath, through area: PrivateArea
    ) throws(FileTreeError) -> NewPlacement {
        let item = try area.newSymlink(target: target, mtime: mtime)
        let placement = try placeNew(item, at: path)
        if case .occupied = placement { try item.remove() }
        return placement
    }

    /// What the umask took from a new directory's mode.
    private func openToMode(_ entry: borrowing Entry, _ mode: Mode) throws(FileTreeError) -> FileStatus {
        guard let handle = try entry.handle("make the directory"), let status = handle.status()
        else { throw entry.error("make the directory", errno: ENOENT) }
        guard status.kind == .directory, status.mode != mode else { return status }
        try setMode(of: handle, mode, entry.path)
        return handle.status() ?? status
    }
}

extension PrivateItem {
    /// Gives it the permission bits and the time that it is to have, before anybody sees it under a name. An ACL's mask
    /// stays with the group's bits, for which it stands.
    package func setAttributes(mode: Mode, mtime: Nanoseconds) throws(FileTreeError) {
        let handle = try handle("set the attributes of")
        if status.mode.rawValue != mode.rawValue { try setMode(of: handle, mode, name.description) }
        let time = seconds(mtime)
        guard linux_set_mtime_handle(handle.raw, time.seconds, time.nanoseconds) == 0
        else { throw FileTreeError("set the time of", name) }
    }

    func handle(_ operation: String) throws(FileTreeError) -> Descriptor {
        guard let handle = try openHandle(area.directory.raw, name.bytes, operation, name.description)
        else { throw FileTreeError(operation, name, errno: ENOENT) }
        return handle
    }

    /// What to remember of it once it is placed. If someone changed it since, the status from before, which differs from
    /// the disk: so the change will be seen.
    func placedStatus(_ now: FileStatus?) -> FileStatus {
        guard let now, now.born == status.born, now.survivedRename(status.fingerprint), now.mode == status.mode
        else { return status }
        return now
    }
}

/// chmod by handle; a directory keeps its setgid and sticky bits, which are local.
func setMode(of handle: borrowing Descriptor, _ mode: Mode, _ path: String) throws(FileTreeError) {
    var status = stat()
    guard fstat(handle.raw, &status) == 0 else { throw FileTreeError("set the mode of", path) }
    let kept = status.st_mode & S_IFMT == S_IFDIR ? status.st_mode & 0o7000 : 0
    guard linux_chmod_handle(handle.raw, mode_t(mode.rawValue) | kept) == 0
    else { throw FileTreeError("set the mode of", path) }
}
