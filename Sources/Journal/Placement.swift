import SyncCore

/// A verified file that the hub holds privately, by a name that only the hub can read. Its bytes wait to be placed.
package struct StagedContent: Hashable, Sendable {
    /// Opaque to the journal.
    package let name: String

    /// - Parameter name: opaque to the journal.
    package init(name: String) { self.name = name }
}

/// Where the bytes for a placement lie.
package enum PlacementSource: Hashable, Sendable {
    /// In a verified private file.
    case staged(StagedContent)
    /// In `versions/`.
    case version(Digest)
}

/// What was seen of a file, directory or symlink in the share when it was placed or scanned.
package struct Placed: Hashable, Sendable {
    /// `st_dev`.
    package var device: UInt64
    /// `st_ino`.
    package var inode: UInt64
    /// In bytes.
    package var size: Int64
    /// Unix nanoseconds.
    package var mtime: Nanoseconds
    /// Unix nanoseconds.
    package var ctime: Nanoseconds

    /// When the inode was made, in Unix nanoseconds; 0 if that is not known. Inodes are used again.
    package var born: Nanoseconds

    /// As the kernel tells it.
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
}

/// One step that makes an accepted change visible in the share. Stands for itself: nothing else has to be looked up.
/// Carried out in order of ``id``; may be repeated after a crash until it is finished.
package struct Placement: Hashable, Sendable {
    /// Paths are as they are on disk after all earlier placements have run.
    package enum Step: Hashable, Sendable {
        /// A file's bytes and attributes appear under a path; what was there is ``Placement/expected``.
        case file(RelativePath, FileContent, source: PlacementSource)
        /// Mode and mtime of a file, or mode of a directory, whose bytes stay.
        case attributes(RelativePath, Content)
        /// Made if it is not there; a directory that is there already only takes the mode.
        case directory(RelativePath, Mode)
        case symlink(RelativePath, target: [UInt8], mtime: Nanoseconds)
        /// Without replacing anything.
        case move(from: RelativePath, to: RelativePath)
        /// A file's bytes go to `versions/`; a directory is empty by then.
        case remove(RelativePath)
    }

    /// What should be in the way of a step, so that anything else is somebody's change.
    package struct Expected: Hashable, Sendable {
        /// What the journal says is there.
        package var content: Content
        /// Nil if it is not known, or if an earlier placement of the same node has yet to run and will change it:
        /// compare by content then.
        package var placed: Placed?

        /// See the properties.
        package init(content: Content, placed: Placed?) {
            self.content = content
            self.placed = placed
        }
    }

    /// Grows with each placement; never reused.
    package let id: Int64
    /// The head when it was decided.
    package let seq: Sequence
    /// The node that becomes visible, changes or goes.
    package let node: NodeID
    /// What is to be done.
    package var step: Step
    /// What lies at the path (of a move: at `from`) before the step; nil if the path must be free.
    package var expected: Expected?

    /// Made by the journal; by hand in tests.
    package init(id: Int64, seq: Sequence, node: NodeID, step: Step, expected: Expected?) {
        self.id = id
        self.seq = seq
        self.node = node
        self.step = step
        self.expected = expected
    }
}
