import Glibc
package import SyncCore

/// What an entry of a directory is.
package enum FileKind: Hashable, Sendable {
    case file, directory, symlink
    /// Not a node: it is named to the user and left alone.
    case other(OtherKind)

    /// The kind of node, nil for what is not one.
    package var node: NodeKind? {
        switch self {
        case .file: .file
        case .directory: .directory
        case .symlink: .symlink
        case .other: nil
        }
    }
}

/// What is neither file nor directory nor symlink.
package enum OtherKind: String, Hashable, Sendable {
    case fifo, socket, blockDevice, characterDevice
}

/// Which inode of which file system. Inodes are used again after a deletion.
package struct FileIdentity: Hashable, Sendable {
    /// `st_dev`: changes when a disk is mounted anew.
    package let device: UInt64
    /// `st_ino`.
    package let inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// What tells whether a file is still the one that was looked at, without reading it. Equal fingerprints mean equal
/// bytes unless the file ``isRacy(at:)`` or a program wrote through a mapping.
package struct Fingerprint: Hashable, Sendable {
    /// A directory made where a file was deleted often has its inode.
    package let kind: FileKind
    /// Which inode.
    package let identity: FileIdentity
    /// In bytes.
    package let size: Int64
    /// Unix nanoseconds.
    package let mtime: Nanoseconds
    /// Unix nanoseconds; the kernel sets it at any change, of attributes and name too.
    package let ctime: Nanoseconds

    package init(kind: FileKind, identity: FileIdentity, size: Int64, mtime: Nanoseconds, ctime: Nanoseconds) {
        self.kind = kind
        self.identity = identity
        self.size = size
        self.mtime = mtime
        self.ctime = ctime
    }

    /// `st_dev`.
    package var device: UInt64 { identity.device }
    /// `st_ino`.
    package var inode: UInt64 { identity.inode }

    /// Kernels before 6.13 stamp times with the timer tick, some file systems with whole or even seconds: two edits within
    /// one step look the same. What was hashed less than 2 s after its ctime has to be hashed once more later.
    /// - Parameter now: of the real-time clock, when the hashing began, in Unix nanoseconds.
    package func isRacy(at now: Nanoseconds) -> Bool {
        ctime > now.addingReportingOverflow(-2_000_000_000).partialValue
    }

    /// As ``matches(_:)``, after a rename, which itself changes the ctime.
    func survivedRename(_ before: Fingerprint) -> Bool {
        isSame(as: before) ?? (identity == before.identity && size == before.size && mtime == before.mtime)
    }

    /// Whether it is still what was looked at: of a directory, whose size and times change with its entries, the inode.
    func matches(_ expected: Fingerprint) -> Bool { isSame(as: expected) ?? (self == expected) }

    /// Nil where the kind does not decide.
    private func isSame(as other: Fingerprint) -> Bool? {
        if kind != other.kind { return false }
        return kind == .directory ? identity == other.identity : nil
    }
}

/// What `lstat` tells of an entry. A value: looks at nothing later.
package struct FileStatus: Hashable, Sendable {
    /// What tells later whether it changed.
    package let fingerprint: Fingerprint
    /// Permission bits; of a symlink always 0o777.
    package let mode: Mode
    /// Hard links.
    package let links: Int
    /// The user id of the owner.
    package let owner: UInt32
    /// When the inode was made, in Unix nanoseconds: tells it from one that has its number later. 0 where the file system does
    /// not say.
    package let born: Nanoseconds

    package init(
        fingerprint: Fingerprint, mode: Mode, links: Int = 1, owner: UInt32 = 0, born: Nanoseconds = 0
    ) {
        self.fingerprint = fingerprint
        self.mode = mode
        self.links = links
        self.owner = owner
        self.born = born
    }

    /// File, directory, symlink or what is no node.
    package var kind: FileKind { fingerprint.kind }
    /// Which inode.
    package var identity: FileIdentity { fingerprint.identity }
    /// `st_dev`.
    package var device: UInt64 { fingerprint.device }
    /// `st_ino`.
    package var inode: UInt64 { fingerprint.inode }
    /// In bytes; of a symlink the length of its target.
    package var size: Int64 { fingerprint.size }
    /// Of the bytes, in Unix nanoseconds.
    package var mtime: Nanoseconds { fingerprint.mtime }
    /// Of anything about it, in Unix nanoseconds.
    package var ctime: Nanoseconds { fingerprint.ctime }

    /// Whether it is still what was looked at: the same kind, and of a directory, whose size and times change with its
    /// entries, the same inode; of anything else the same in all.
    package func matches(_ expected: Fingerprint) -> Bool { fingerprint.matches(expected) }

    /// Whether it can be the inode that was seen before, and not one that has its number now.
    /// - Parameter born: when that one was made; 0 where the file system did not say.
    package func isInode(_ identity: FileIdentity, born: Nanoseconds) -> Bool {
        self.identity == identity && (self.born == born || self.born == 0 || born == 0)
    }

    /// As ``matches(_:)``, after a rename.
    package func survivedRename(_ expected: Fingerprint) -> Bool { fingerprint.survivedRename(expected) }
}

/// An entry of a directory.
package struct DirectoryEntry: Hashable, Sendable {
    /// As bytes.
    package let name: Name
    /// As `lstat` tells it.
    package let status: FileStatus

    /// See the properties.
    package init(name: Name, status: FileStatus) {
        self.name = name
        self.status = status
    }
}

extension FileStatus {
    init(_ status: stat, born: timespec) {
        fingerprint = Fingerprint(
            kind: FileKind(mode: status.st_mode),
            identity: FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)),
            size: Int64(status.st_size), mtime: nanoseconds(status.st_mtim), ctime: nanoseconds(status.st_ctim))
        mode = Mode(UInt16(truncatingIfNeeded: status.st_mode & 0o777))
        links = Int(status.st_nlink)
        owner = status.st_uid
        self.born = nanoseconds(born)
    }
}

extension FileKind {
    init(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .symlink
        case S_IFIFO: self = .other(.fifo)
        case S_IFSOCK: self = .other(.socket)
        case S_IFBLK: self = .other(.blockDevice)
        default: self = .other(.characterDevice)
        }
    }
}

/// Times outside of 1677 to 2262 become the nearest that can be told.
func nanoseconds(_ time: timespec) -> Nanoseconds {
    let (product, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, carried) = product.addingReportingOverflow(Int64(time.tv_nsec))
    return overflow || carried ? (time.tv_sec < 0 ? .min : .max) : sum
}

/// The reverse: whole seconds downwards, so that the nanoseconds are never negative.
func seconds(_ time: Nanoseconds) -> (seconds: Int64, nanoseconds: Int) {
    var (seconds, rest) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
    if rest < 0 {
        seconds -= 1
        rest += 1_000_000_000
    }
    return (seconds, Int(rest))
}
