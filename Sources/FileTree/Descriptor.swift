internal import CLinux
import Glibc
internal import SyncCore

/// Owns one descriptor and closes it.
struct Descriptor: ~Copyable {
    let raw: Int32

    init(_ raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    /// What it is now; nil only if the kernel cannot tell (a stale network handle).
    func status() -> FileStatus? {
        var (status, born) = (stat(), timespec())
        return linux_status(raw, "", &status, &born) == 0 ? FileStatus(status, born: born) : nil
    }
}

/// A NUL-terminated copy of bytes that hold no NUL.
func withCString<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { terminated in
        for (index, byte) in bytes.enumerated() { terminated[index] = CChar(bitPattern: byte) }
        terminated[bytes.count] = 0
        // SAFETY: the buffer is not empty, filled, and only used during the call.
        return body(UnsafePointer(terminated.baseAddress!))
    }
}

/// A directory held open, and one entry in it: what every step on a path comes down to. The name may be absent (ENOENT).
struct Entry: ~Copyable {
    /// Opened with O_PATH, or the tree's own.
    let directory: Descriptor
    let name: [UInt8]
    /// For errors: not put together for each call that has none.
    private let describe: () -> String
    var path: String { describe() }

    init(directory: consuming Descriptor, name: [UInt8], path: @escaping @autoclosure () -> String) {
        self.directory = directory
        self.name = name
        describe = path
    }

    /// lstat; nil when absent.
    func status(_ operation: String = "look at") throws(FileTreeError) -> FileStatus? {
        try lookAt(directory.raw, name, operation, path)
    }

    /// A handle on the entry itself, a symlink too; nil when absent. It needs no permission on the entry.
    func handle(_ operation: String) throws(FileTreeError) -> Descriptor? {
        try openHandle(directory.raw, name, operation, path)
    }

    /// For reading; nil when absent. Permission and kind are the caller's to look at.
    func open(_ flags: Int32) -> Descriptor? {
        let raw = withCString(name) { openat(directory.raw, $0, flags | LINUX_O_NOFOLLOW | O_CLOEXEC) }
        return raw < 0 ? nil : Descriptor(raw)
    }

    func error(_ operation: String, errno code: Int32 = Glibc.errno) -> FileTreeError {
        FileTreeError(operation, path, errno: code)
    }
}

/// lstat of an entry; nil when absent.
func lookAt(
    _ directory: Int32, _ name: [UInt8], _ operation: String, _ path: @autoclosure () -> String
) throws(FileTreeError) -> FileStatus? {
    var (status, born) = (stat(), timespec())
    if withCString(name, { linux_status(directory, $0, &status, &born) }) == 0 { return FileStatus(status, born: born) }
    let code = errno
    if code == ENOENT { return nil }
    throw FileTreeError(operation, path(), errno: code)
}

/// O_PATH; nil when absent.
func openHandle(
    _ directory: Int32, _ name: [UInt8], _ operation: String, _ path: @autoclosure () -> String
) throws(FileTreeError) -> Descriptor? {
    let raw = withCString(name) { openat(directory, $0, LINUX_O_PATH | LINUX_O_NOFOLLOW | O_CLOEXEC) }
    if raw >= 0 { return Descriptor(raw) }
    let code = errno
    if code == ENOENT { return nil }
    throw FileTreeError(operation, path(), errno: code)
}
