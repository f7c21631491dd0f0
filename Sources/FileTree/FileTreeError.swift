internal import CLinux
import Glibc
package import SyncCore

/// A step on the local file system that did not succeed: what was tried, where, and why. Nothing of it happened
/// unless the step says otherwise.
package struct FileTreeError: Error, Hashable, Sendable {
    /// What to decide on; ``code`` tells the rest.
    package enum Reason: Hashable, Sendable {
        /// Nothing has that name (or a directory above it is gone).
        case notFound
        /// Something already has that name.
        case occupied
        /// The disk, the quota or the inodes are full.
        case noSpace
        /// Permissions forbid it.
        case denied
        /// The file system is mounted read-only.
        case readOnly
        /// A directory was expected: something on the way is a file, or a symlink, which is never followed.
        case notDirectory
        /// A file was expected: it is a directory, symlink, FIFO, socket or device.
        case notFile
        /// The file changed between the first and the last byte that was read: read it again later.
        case changedWhileRead
        /// A name or path is longer than this file system takes.
        case tooLong
        /// The two places are on different file systems, so that a rename would be a copy.
        case crossDevice
        /// The path leads through a symlink or out of the tree.
        case escapes
        /// A directory was to be moved into itself.
        case cycle
        /// A program holds the file in a way that excludes us for the moment.
        case busy
        /// This file system lacks the operation.
        case unsupported
        /// The bytes are not those that were promised.
        case wrongContent(expected: Digest, found: Digest)
        /// The caller asked to stop.
        case cancelled
        /// The disk failed to read or write.
        case disk
        case other
    }

    /// A verb phrase: `"list a directory"`.
    package let operation: String
    /// For display: relative to the tree, or a name in the private area.
    package let path: String
    /// Why.
    package let reason: Reason
    /// The errno value, 0 if the failure is not the kernel's.
    package let code: Int32

    package init(_ operation: String, _ path: some CustomStringConvertible, _ reason: Reason, code: Int32 = 0) {
        self.operation = operation
        self.path = path.description
        self.reason = reason
        self.code = code
    }

    /// From the errno of the call that just failed.
    init(_ operation: String, _ path: some CustomStringConvertible, errno code: Int32 = Glibc.errno) {
        self.init(operation, path, FileTreeError.reason(of: code), code: code)
    }

    private static func reason(of code: Int32) -> Reason {
        switch code {
        case ENOENT, ESTALE: .notFound
        case EEXIST, ENOTEMPTY: .occupied
        case ENOSPC, EDQUOT, EFBIG: .noSpace
        case EACCES, EPERM: .denied
        case EROFS: .readOnly
        case ENOTDIR: .notDirectory
        case EISDIR: .notFile
        case ENAMETOOLONG: .tooLong
        case EXDEV: .crossDevice
        case ELOOP: .escapes
        case EBUSY, ETXTBSY, EAGAIN: .busy
        case EINVAL, ENOSYS, EOPNOTSUPP: .unsupported
        case EIO: .disk
        default: .other
        }
    }

    /// `"ENOSPC"`, or the number where the name is not among the usual ones; empty if the kernel did not refuse.
    package var codeName: String {
        // SAFETY: a string constant or NULL.
        code == 0 ? "" : linux_errno_name(code).map { String(cString: $0) } ?? "errno \(code)"
    }
}

extension FileTreeError: CustomStringConvertible {
    package var description: String {
        let place = path.isEmpty ? "the top directory" : "'\(path)'"
        let detail = code == 0 ? "" : " (\(codeName))"
        return "cannot \(operation) \(place): \(sentence)\(detail)"
    }

    /// What it means and what to do.
    private var sentence: String {
        switch reason {
        case .notFound: "there is nothing of that name any more; it is looked at again with the next change"
        case .occupied: "something else has that name; look at what it is and move it away"
        case .noSpace: "the disk, its inodes or the quota are full; make room and it goes on"
        case .denied: "permission is denied; give the user of this process access to it"
        case .readOnly: "the file system is mounted read-only; check the disk and mount it for writing"
        case .notDirectory: "a part of the path is not a directory"
        case .notFile: "it is not a regular file"
        case .changedWhileRead: "it changed while it was read; it is tried again once it is quiet"
        case .tooLong: "the name is too long for this file system; shorten it"
        case .crossDevice: "the two places are on different file systems; keep them on one"
        case .escapes: "the path leads through a symlink or out of the tree, which is never followed"
        case .cycle: "a directory cannot be moved to a place inside itself; choose another place"
        case .busy: "a program keeps it busy; close that program, or wait"
        case .unsupported: "this file system cannot do that; use ext4, xfs, btrfs or tmpfs"
        case .wrongContent(let expected, let found):
            "its bytes are not those that were promised (expected \(expected), found \(found)); they are fetched again"
        case .cancelled: "it was stopped on request"
        case .disk: "the disk reports a failure; check it (dmesg) and the backups"
        case .other: String(cString: strerror(code))
        }
    }
}

extension FileTreeError {
    /// Nothing of that kind is there.
    package var meansAbsence: Bool { [.notFound, .notDirectory, .escapes, .notFile].contains(reason) }
}
