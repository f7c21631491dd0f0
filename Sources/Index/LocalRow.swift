package import SyncCore

/// How an entry looked on the disk when its row was written; another fingerprint means another look at the bytes.
package struct Stamp: Hashable, Sendable {
    /// `st_dev`.
    package var device: UInt64
    /// `st_ino`.
    package var inode: UInt64
    /// Bytes.
    package var size: Int64
    /// Unix nanoseconds.
    package var mtime: Nanoseconds
    /// Unix nanoseconds; `Nanoseconds.min` if it was hashed too soon after its change to be believed.
    package var ctime: Nanoseconds
    /// When the inode was made: inode numbers are used again. 0 where the file system does not say.
    package var born: Nanoseconds

    package init(
        device: UInt64, inode: UInt64, size: Int64, mtime: Nanoseconds, ctime: Nanoseconds, born: Nanoseconds = 0
    ) {
        self.device = device
        self.inode = inode
        self.size = size
        self.mtime = mtime
        self.ctime = ctime
        self.born = born
    }

    /// Its bytes were hashed so soon after their change that another change may look the same.
    package var isDoubtful: Bool { ctime == Nanoseconds.min }
}

/// One row of what the disk holds.
package struct LocalRow: Hashable, Sendable {
    /// Its own, for ever.
    package var entry: EntryID
    /// The folder itself has 0 here.
    package var parent: EntryID
    /// As the disk has it.
    package var name: Name
    /// Never changes: another kind under the name is another entry.
    package var kind: NodeKind
    /// How it was when it was last looked at.
    package var stamp: Stamp {
        didSet { if stamp.mtime != oldValue.mtime { meantTime = nil } }
    }
    /// The mtime that the hub has, where this file system could only keep another one (whole seconds, or no year after
    /// 2038): as long as the disk shows that one, nobody has changed it.
    package var meantTime: Nanoseconds?
    /// Permission bits.
    package var mode: Mode
    /// Files: nil until the bytes were hashed as they are now.
    package var digest: Digest?
    /// Symlinks.
    package var target: [UInt8]
    /// What the hub knows it as; nil until then.
    package var node: NodeID?
    /// A directory without a node that is to become one with this node's directory, which still lies elsewhere: what is
    /// in it counts as being in that one.
    package var alias: NodeID?
    /// A directory that the hub had forgotten: the node that it was. What was agreed to be in that one is still in this one.
    package var former: NodeID?
    /// Not found at its place in the scan that is going on; it may yet turn up elsewhere.
    package var isVanished: Bool
    /// A directory that the hub does not know, and that holds ignored things and nothing else.
    package var isHollow: Bool

    package init(
        entry: EntryID, parent: EntryID, name: Name, kind: NodeKind, stamp: Stamp, mode: Mode, digest: Digest?,
        target: [UInt8], node: NodeID?, alias: NodeID? = nil, former: NodeID? = nil, meantTime: Nanoseconds? = nil,
        isVanished: Bool = false, isHollow: Bool = false
    ) {
        self.entry = entry
        self.parent = parent
        self.name = name
        self.kind = kind
        self.stamp = stamp
        self.mode = mode
        self.digest = digest
        self.target = target
        self.node = node
        self.alias = alias
        self.former = former
        self.meantTime = meantTime
        self.isVanished = isVanished
        self.isHollow = isHollow
    }

    /// Moved by us, or given other attributes: its bytes are known as well as they were before, and not better.
    package mutating func follow(_ now: Stamp) {
        let wasDoubtful = stamp.isDoubtful
        stamp = now
        if wasDoubtful { stamp.ctime = Nanoseconds.min }
    }

    /// The node that what is in this directory belongs to.
    package var nodeForChildren: NodeID? { entry == .root ? .root : node ?? alias }

    /// Nil for a file that has to be hashed.
    package var content: Content? {
        switch kind {
        case .directory: .directory(mode)
        case .symlink: .symlink(target: target, mtime: mtime)
        case .file:
            digest.map { .file(FileContent(digest: $0, size: stamp.size, mode: mode, mtime: mtime)) }
        }
    }

    /// As it is told to others.
    private var mtime: Nanoseconds { meantTime ?? stamp.mtime }

    /// It was just placed, to have this content.
    package mutating func mean(_ content: Content) {
        let wanted: Nanoseconds? =
            switch content {
            case .file(let file): file.mtime
            case .symlink(_, let mtime): mtime
            case .directory: nil
            }
        meantTime = wanted.flatMap { Self.isWhatIsLeft(stamp.mtime, of: $0) ? $0 : nil }
    }

    /// Whether a file system may have made this time of that one: a step of up to two seconds, or the end of what it can tell
    /// (2^31 seconds before and after 1970). Any other time is somebody's.
    private static func isWhatIsLeft(_ time: Nanoseconds, of wanted: Nanoseconds) -> Bool {
        if time == wanted { return false }
        let end: Nanoseconds = 2_147_483_647_000_000_000
        if wanted > end { return time >= end }
        if wanted < -end { return time <= -end || time == 0 }
        return abs(time - wanted) < 2_000_000_000
    }
}
