internal import CLinux
import Glibc
package import SyncCore

/// A directory that only we look into (mode 0700), on the same file system as the tree: where files are made before they
/// are placed, and where what was displaced goes. Flat; names in it are random unless given. Any thread.
package final class PrivateArea: Sendable {
    let directory: Descriptor
    /// For display.
    package let path: String

    /// Makes the directory, and those above it, if missing.
    /// - Throws: ``FileTreeError``.
    package init(path: String) throws(FileTreeError) {
        var made = ""
        for (index, part) in path.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
            made += index == 0 ? part : "/" + part
            if !part.isEmpty, mkdir(made, 0o700) != 0, errno != EEXIST { throw FileTreeError("make", made) }
        }
        let raw = open(path, O_RDONLY | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW | O_CLOEXEC)
        guard raw >= 0 else { throw FileTreeError("open", path) }
        directory = Descriptor(raw)
        self.path = path
        guard fchmod(raw, 0o700) == 0 else { throw FileTreeError("close to others", path) }
    }

    /// Makes the directory inside a tree, and those above it, if missing.
    /// - Throws: ``FileTreeError``.
    package init(in root: TreeRoot, at path: RelativePath) throws(FileTreeError) {
        var made = RelativePath.top
        for name in path.names {
            made = made.appending(name)
            _ = try root.makeDirectory(made, mode: Mode(0o700))
        }
        directory = try root.openDirectory(path, "open", flags: O_RDONLY)
        self.path = path.description
        guard fchmod(directory.raw, 0o700) == 0 else { throw FileTreeError("close to others", path) }
    }

    /// What lies here, sorted by name: after a start, what a crash left.
    package func items() throws(FileTreeError) -> [PrivateItem] {
        var items: [PrivateItem] = []
        for bytes in try names(in: directory.raw, "list", path) {
            if let name = try? Name(bytes), let item = try item(named: name) { items.append(item) }
        }
        return items.sorted { $0.name < $1.name }
    }

    /// What has that name; nil when absent.
    package func item(named name: Name) throws(FileTreeError) -> PrivateItem? {
        try lookAt(directory.raw, name.bytes, "look at", name.description)
            .map { PrivateItem(area: self, name: name, status: $0) }
    }

    /// A symlink to be placed.
    package func newSymlink(target: [UInt8], mtime: Nanoseconds) throws(FileTreeError) -> PrivateItem {
        let name = PrivateArea.randomName()
        let failed = withCString(name.bytes) { name in
            withCString(target) { symlinkat($0, directory.raw, name) }
        }
        guard failed == 0 else { throw FileTreeError("make the symlink", name) }
        let time = seconds(mtime)
        guard withCString(name.bytes, { linux_set_mtime_entry(directory.raw, $0, time.seconds, time.nanoseconds) }) == 0
        else { throw FileTreeError("date the symlink", name) }
        return try made(name)
    }

    /// A directory to be placed.
    package func newDirectory(mode: Mode) throws(FileTreeError) -> PrivateItem {
        let name = PrivateArea.randomName()
        guard withCString(name.bytes, { mkdirat(directory.raw, $0, 0o700) }) == 0,
            let handle = try openHandle(directory.raw, name.bytes, "make", name.description),
            linux_chmod_handle(handle.raw, mode_t(mode.rawValue)) == 0
        else { throw FileTreeError("make the directory", name) }
        return try made(name)
    }

    private func made(_ name: Name) throws(FileTreeError) -> PrivateItem {
        guard let item = try item(named: name) else { throw FileTreeError("find", name, errno: ENOENT) }
        return item
    }

    /// Removes what has that name, with all that is in it; nothing when absent.
    package func remove(_ name: Name) throws(FileTreeError) {
        try removeTree(directory.raw, name.bytes, name.description)
    }

    /// Makes the names in it durable.
    package func sync() throws(FileTreeError) {
        guard fsync(directory.raw) == 0 else { throw FileTreeError("sync", path) }
    }

    /// Makes all of its file system durable: one call for a batch. Reports writes that failed since the last call.
    package func syncFileSystem() throws(FileTreeError) {
        guard linux_sync_file_system(directory.raw) == 0 else { throw FileTreeError("sync the file system of", path) }
    }

    /// Room on its file system.
    package func space() throws(FileTreeError) -> FileSystemSpace { try FileSystemSpace(of: directory, path) }

    /// One that nothing here has.
    package static func randomName() -> Name {
        var number: UInt64 = 0
        linux_random(&number, MemoryLayout<UInt64>.size)
        let digits = String(number, radix: 16)
        let name = String(repeating: "0", count: 16 - digits.count) + digits
        return try! Name(name)  // SAFETY: 16 hexadecimal digits are a name.
    }
}

/// Removes an entry, with all that is in it, by handles. However deep it is, a few handles do and no stack grows: what holds
/// something in a directory is first moved up beside it.
func removeTree(_ parent: Int32, _ name: [UInt8], _ path: String) throws(FileTreeError) {
    if try removeUnlessFull(name, in: parent, path) { return }
    guard let top = try openHandle(parent, name, "remove", path) else { return }
    _ = linux_chmod_handle(top.raw, 0o700)
    var inside = try names(in: top.raw, "remove", path)
    while !inside.isEmpty {
        for inner in inside {
            if try !removeUnlessFull(inner, in: top.raw, path) { try flatten(inner, in: top.raw, path) }
        }
        inside = try names(in: top.raw, "remove", path)
    }
    guard unlink(name, in: parent, flags: AT_REMOVEDIR) || errno == ENOENT else { throw FileTreeError("remove", path) }
}

/// Removes a directory of another one, after moving directories that hold something from it up into that.
private func flatten(_ name: [UInt8], in top: Int32, _ path: String) throws(FileTreeError) {
    guard let directory = try openHandle(top, name, "remove", path) else { return }
    _ = linux_chmod_handle(directory.raw, 0o700)
    for inner in try names(in: directory.raw, "remove", path) {
        if try removeUnlessFull(inner, in: directory.raw, path) { continue }
        guard let moving = try openHandle(directory.raw, inner, "remove", path) else { continue }
        // Its `..` is written.
        _ = linux_chmod_handle(moving.raw, 0o700)
        guard rename(directory.raw, inner, top, PrivateArea.randomName().bytes) == 0 || errno == ENOENT
        else { throw FileTreeError("remove", path) }
    }
    guard unlink(name, in: top, flags: AT_REMOVEDIR) || errno == ENOENT else { throw FileTreeError("remove", path) }
}

/// Removes an entry that holds nothing.
/// - Returns: false if it is a directory that does.
private func removeUnlessFull(_ name: [UInt8], in parent: Int32, _ path: String) throws(FileTreeError) -> Bool {
    if unlink(name, in: parent, flags: 0) || errno == ENOENT { return true }
    guard errno == EISDIR || errno == EPERM else { throw FileTreeError("remove", path) }
    if unlink(name, in: parent, flags: AT_REMOVEDIR) || errno == ENOENT { return true }
    guard errno == ENOTEMPTY || errno == EEXIST else { throw FileTreeError("remove", path) }
    return false
}

private func unlink(_ name: [UInt8], in parent: Int32, flags: Int32) -> Bool {
    withCString(name) { unlinkat(parent, $0, flags) } == 0
}
