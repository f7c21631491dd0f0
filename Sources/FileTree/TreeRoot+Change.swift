internal import CLinux
import Glibc
package import SyncCore

/// What came of removing a directory.
package enum DirectoryRemoval: Hashable, Sendable {
    case removed
    case notEmpty
    /// Nothing, or something that is no directory, or another directory than expected, has the name.
    case absent
}

/// What came of setting attributes.
package enum AttributeChange: Sendable {
    case set(FileStatus)
    /// Nothing happened: this is there instead of what was expected, or nothing.
    case unexpected(FileStatus?)
    /// Nothing happened: a program has it open for writing, and would move the time again.
    case busy(FileStatus)
}

extension TreeRoot {
    /// Removes a directory that holds nothing.
    /// - Parameter expected: nil: whichever directory has the name.
    /// - Throws: ``FileTreeError``: `.busy` (something is mounted there), `.denied`, …
    package func removeDirectory(
        _ path: RelativePath, expecting expected: FileIdentity? = nil
    ) throws(FileTreeError) -> DirectoryRemoval {
        guard let parent = try status(of: path.parent), parent.kind == .directory else { return .absent }
        let entry = try entry(path, "remove the directory")
        if let expected, try entry.status()?.identity != expected { return .absent }
        let removed = withWriteAccess([entry.directory.raw]) {
            withCString(entry.name) { unlinkat(entry.directory.raw, $0, AT_REMOVEDIR) }
        }
        if removed == 0 { return .removed }
        switch errno {
        case ENOTEMPTY, EEXIST: return .notEmpty
        case ENOENT, ENOTDIR: return .absent
        default: throw entry.error("remove the directory")
        }
    }

    /// Sets mode and modification time of what has a name, if it is still what was expected. A symlink has no mode on
    /// Linux: one given for it is passed over. Setting the time of a directory is allowed, though nodes have none.
    /// - Parameter expected: of a directory only the inode counts.
    /// - Throws: ``FileTreeError``: `.denied` (not the owner), …
    package func setAttributes(
        _ path: RelativePath, mode: Mode? = nil, mtime: Nanoseconds? = nil, expecting expected: Fingerprint
    ) throws(FileTreeError) -> AttributeChange {
        let entry = try entry(path, "set the attributes of")
        guard let handle = try entry.handle("set the attributes of"), let before = handle.status()
        else { return .unexpected(nil) }
        guard before.matches(expected) else { return .unexpected(before) }
        // With a lease nobody's edit gets a time from before it: who would write waits until we are done.
        let lease = entry.lease(on: before.identity)
        if lease.isWriterActive { return .busy(before) }
        defer { extendLifetime(lease) }
        if let mode, before.kind != .symlink { try setMode(of: handle, mode, entry.path) }
        if let mtime {
            let time = seconds(mtime)
            guard linux_set_mtime_handle(handle.raw, time.seconds, time.nanoseconds) == 0
            else { throw entry.error("set the time of") }
        }
        return .set(handle.status() ?? before)
    }

    /// Whether a program has a file open for writing. Nil where that cannot be told: not the owner, no leases on this file
    /// system, no regular file, or nothing there.
    package func isWriterActive(_ path: RelativePath) -> Bool? {
        guard let file = try? openFile(path) else { return nil }
        return file.isWriterActive()
    }

    /// Makes the names in a directory durable.
    package func syncDirectory(_ path: RelativePath) throws(FileTreeError) {
        let directory: Descriptor
        do {
            directory = try openDirectory(path, "sync", flags: O_RDONLY)
        } catch  where error.reason == .denied {
            return try syncFileSystem()  // it may be entered, but not read
        }
        guard fsync(directory.raw) == 0 else { throw FileTreeError("sync", path) }
    }

    /// Makes the whole file system of the top durable: one call for a batch. Reports writes that failed since the last one.
    package func syncFileSystem() throws(FileTreeError) {
        guard linux_sync_file_system(root.raw) == 0 else { throw FileTreeError("sync the file system of", path) }
    }
}
