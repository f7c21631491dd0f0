internal import CLinux
import Glibc
package import SyncCore

/// Something in the private area that is whole: a finished file, or what was displaced. A value that knows the place; the
/// disk is asked at each call.
package struct PrivateItem: Sendable {
    /// Where it lies.
    package let area: PrivateArea
    /// Its name there.
    package let name: Name
    /// When it was finished or came here. A rename since has changed its ctime.
    package let status: FileStatus

    /// Removes it, with all that is in it; nothing when absent.
    package func remove() throws(FileTreeError) { try area.remove(name) }

    /// For reading, if it is a file.
    package func open() throws(FileTreeError) -> FileReader { try entry("read").openReader() }

    /// Makes the bytes of a file durable; not its name.
    /// - Throws: ``FileTreeError``: `.denied` if its mode closes it to us, …
    package func sync() throws(FileTreeError) {
        try open().sync()
    }

    /// Removes it unless something else has its name by now, or somebody has changed it.
    package func discard() throws(FileTreeError) {
        guard let there = try area.item(named: name), there.status.survivedRename(status.fingerprint) else { return }
        try remove()
    }

    /// Of its bytes, read from the disk at each call. A file of this process's own user that its mode closes to him is opened up for
    /// that time.
    /// - Throws: ``FileTreeError``: `.denied` if it is another user's, …
    package func digest() throws(FileTreeError) -> Digest {
        do throws(FileTreeError) { return try open().hash().digest } catch {
            guard error.reason == .denied, status.kind == .file else { throw error }
            let handle = try handle("read")
            let mode = mode_t(status.mode.rawValue)
            guard linux_chmod_handle(handle.raw, mode | 0o400) == 0 else { throw error }
            // RACE: killed before this, the file keeps the right of its owner to read it.
            defer { _ = linux_chmod_handle(handle.raw, mode) }
            return try open().hash().digest
        }
    }

    /// The target, if it is a symlink.
    package func readLink() throws(FileTreeError) -> [UInt8] {
        try entry("read the symlink").readLink()
    }

    /// Gives it a name, in this or another area of the same file system.
    /// - Throws: ``FileTreeError``: `.occupied` if that name is taken, `.crossDevice`, …
    package func move(to other: PrivateArea, as newName: Name) throws(FileTreeError) -> PrivateItem {
        let handle = try handle("keep")
        let moving = status.kind == .directory ? handle.raw : nil
        guard rename(area.directory.raw, name.bytes, other.directory.raw, newName.bytes, moving: moving) == 0
        else { throw FileTreeError("keep", newName) }
        guard let moved = try other.item(named: newName) else { throw FileTreeError("keep", newName, errno: ENOENT) }
        return moved
    }

    /// - Throws: when the area's descriptor cannot be duplicated (too many open files).
    func entry(_ operation: String) throws(FileTreeError) -> Entry {
        let copy = fcntl(area.directory.raw, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw FileTreeError(operation, name) }
        return Entry(directory: Descriptor(copy), name: name.bytes, path: name.description)
    }
}
