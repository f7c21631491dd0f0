/// What kind of node. FIFOs, sockets and devices are not nodes: they are skipped.
package enum NodeKind: String, Hashable, Sendable, Codable {
    case file, directory, symlink
}

/// Permission bits, 0o000 to 0o777, and with them the extras where they are carried. setuid, setgid and sticky never
/// travel.
package struct Mode: Hashable, Sendable {
    /// The permission bits.
    package let rawValue: UInt16
    /// Nil where nothing is said of them.
    package let extras: Extras?

    package init(_ rawValue: UInt16, extras: Extras? = nil) {
        self.rawValue = rawValue & 0o777
        self.extras = extras?.orNothing
    }
}

/// Unix nanoseconds, signed: before 1970 is negative; reaches from 1677 to 2262.
package typealias Nanoseconds = Int64

/// What a file is: the bytes (by digest), how many, permission bits and modification time.
package struct FileContent: Hashable, Sendable {
    /// Names the bytes.
    package var digest: Digest
    /// In bytes.
    package var size: Int64
    /// Permission bits.
    package var mode: Mode
    /// When the bytes last changed, as the file says it.
    package var mtime: Nanoseconds

    package init(digest: Digest, size: Int64, mode: Mode, mtime: Nanoseconds) {
        self.digest = digest
        self.size = size
        self.mode = mode
        self.mtime = mtime
    }
}

/// All of a node that is not its place: kind, bytes, attributes. A directory's mtime is not part of it, since every
/// change of an entry would change it again on each machine.
package enum Content: Hashable, Sendable {
    case file(FileContent)
    case directory(Mode)
    /// The target as bytes (stored, never followed). A symlink has no permission bits of its own on Linux.
    case symlink(target: [UInt8], mtime: Nanoseconds)

    /// An edit never changes it.
    package var kind: NodeKind {
        switch self {
        case .file: .file
        case .directory: .directory
        case .symlink: .symlink
        }
    }

    /// Whether it can hold other nodes.
    package var isDirectory: Bool { kind == .directory }

    /// The same kind and the same bytes, whatever mode and mtime say.
    package func hasSameBytes(as other: Content) -> Bool {
        switch (self, other) {
        case (.file(let a), .file(let b)): a.digest == b.digest && a.size == b.size
        case (.directory, .directory): true
        case (.symlink(let a, _), .symlink(let b, _)): a == b
        default: false
        }
    }

    /// The bytes of a file, if it is one.
    package var file: FileContent? {
        if case .file(let file) = self { file } else { nil }
    }

    /// In bytes; 0 for directories and symlinks.
    package var size: Int64 { file?.size ?? 0 }
}

/// Where a node is: in which directory, under which name.
package struct Location: Hashable, Sendable {
    /// A directory; ``NodeID/root`` for what lies in the share itself.
    package var parent: NodeID
    /// Unique among the live nodes of the parent.
    package var name: Name

    package init(parent: NodeID, name: Name) {
        self.parent = parent
        self.name = name
    }
}

/// One file, directory or symlink as the journal knows it.
package struct Node: Hashable, Sendable {
    /// Given by the journal, never changed.
    package let id: NodeID
    /// Where it is; of a tombstone where it was.
    package var location: Location
    /// What it is; of a tombstone what it was.
    package var content: Content
    /// Grows with each change of the content, and when it comes back.
    package var contentVersion: Version
    /// Grows with each move, and when it comes back.
    package var locationVersion: Version
    /// The change that made it what it is.
    package var seq: Sequence
    /// A tombstone: the location and content it last had, kept until every client's cursor is past it.
    package var isDeleted: Bool

    package init(
        id: NodeID, location: Location, content: Content, contentVersion: Version = .first,
        locationVersion: Version = .first, seq: Sequence = .zero, isDeleted: Bool = false
    ) {
        self.id = id
        self.location = location
        self.content = content
        self.contentVersion = contentVersion
        self.locationVersion = locationVersion
        self.seq = seq
        self.isDeleted = isDeleted
    }

    /// The directory that it is in.
    package var parent: NodeID { location.parent }
    /// Its name there.
    package var name: Name { location.name }
}
