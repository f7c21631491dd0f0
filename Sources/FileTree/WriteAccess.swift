internal import CLinux
import Glibc

/// Runs a call that changes entries of directories. Where it is refused because a directory of ours is closed (mode 0500,
/// as package caches make them), opens those (u+wx), tries again and closes them.
///
/// RACE: killed in between, the directory keeps u+wx, which is then seen as a change of its mode: visible, and no bytes lost.
/// - Parameter directories: whose entries change, and a directory that itself moves (its `..` is rewritten).
func withWriteAccess(_ directories: [Int32], _ call: () -> Int32) -> Int32 {
    let result = call()
    guard result != 0, errno == EACCES else { return result }
    let opened = directories.compactMap(OpenedDirectory.init)
    guard !opened.isEmpty else {
        errno = EACCES
        return result
    }
    let again = call()
    let code = errno
    opened.forEach { $0.restore() }
    errno = code
    return again
}

private struct OpenedDirectory {
    private let handle: Int32
    private let before: mode_t
    private static let needed: mode_t = 0o300

    /// Nil if it is not closed, not ours or no directory.
    init?(_ handle: Int32) {
        var status = stat()
        guard fstat(handle, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            status.st_mode & OpenedDirectory.needed != OpenedDirectory.needed
        else { return nil }
        self.handle = handle
        before = status.st_mode & 0o7777
        guard linux_chmod_handle(handle, before | OpenedDirectory.needed) == 0 else { return nil }
    }

    /// Only if nobody has set another mode since.
    func restore() {
        var status = stat()
        guard fstat(handle, &status) == 0, status.st_mode & 0o7777 == before | OpenedDirectory.needed else { return }
        _ = linux_chmod_handle(handle, before)
    }
}
