internal import CLinux
import Glibc
internal import SyncCore

/// Room on a file system, as an ordinary user may use it.
package struct FileSystemSpace: Hashable, Sendable {
    /// In bytes.
    package let free: Int64
    /// In bytes.
    package let total: Int64
    /// How many more files; nil where the file system makes inodes as it goes (btrfs).
    package let freeInodes: Int64?

    init(of handle: borrowing Descriptor, _ path: String) throws(FileTreeError) {
        var status = statvfs()
        guard fstatvfs(handle.raw, &status) == 0 else { throw FileTreeError("ask for the room on", path) }
        let block = Int64(status.f_frsize)
        free = Int64(status.f_bavail) * block
        total = Int64(status.f_blocks) * block
        freeInodes = status.f_files == 0 ? nil : Int64(status.f_favail)
    }
}

/// What the file system of a directory can do, found by trying.
package struct Capabilities: Hashable, Sendable {
    /// `renameat2(RENAME_NOREPLACE)`; needed.
    package let noReplace: Bool
    /// `renameat2(RENAME_EXCHANGE)`; needed.
    package let exchange: Bool
    /// `fcntl(F_SETLEASE)`: open writers can be told. Without it, quiet time has to do.
    package let leases: Bool
    /// `ioctl(FICLONE)`: copies that share their blocks.
    package let reflinks: Bool
    /// Modification times to the nanosecond.
    package let nanoseconds: Bool
    /// Room there.
    package let space: FileSystemSpace

    /// Tries in a new directory `.synchub-probe-…` of this one, and removes it.
    /// - Throws: ``FileTreeError`` when nothing can be made there.
    package static func probe(_ directory: String) throws(FileTreeError) -> Capabilities {
        let root = try TreeRoot(path: directory)
        let name = try! Name(".synchub-probe-" + PrivateArea.randomName().description)  // SAFETY: short and plain.
        let area = try PrivateArea(in: root, at: RelativePath([name]))
        // Best effort: what stays behind is empty and ours to clean.
        defer { try? removeTree(root.root.raw, name.bytes, name.description) }
        let time: Nanoseconds = 1_000_000_001
        let file = try area.newFile()
        try file.append(Array("probe".utf8))
        let a = try file.finish(mode: Mode(0o600), mtime: time, expecting: nil, sync: false)
        let b = try area.newFile().finish(mode: Mode(0o600), mtime: time, expecting: nil, sync: false)
        return Capabilities(
            noReplace: refusesToReplace(a, b),
            exchange: FileTree.exchange(area.directory.raw, a.name.bytes, area.directory.raw, b.name.bytes) == 0,
            leases: knowsLeases(area), reflinks: (try? area.newFile().clone(a.open())) ?? false,
            nanoseconds: a.status.mtime == time, space: try root.space())
    }

    private static func refusesToReplace(_ a: PrivateItem, _ b: PrivateItem) -> Bool {
        rename(a.area.directory.raw, a.name.bytes, b.area.directory.raw, b.name.bytes) != 0 && errno == EEXIST
    }

    private static func knowsLeases(_ area: PrivateArea) -> Bool {
        guard let file = try? area.newFile(), let reader = try? area.item(named: file.name)?.open() else {
            return false
        }
        return reader.isWriterActive() == true
    }
}
