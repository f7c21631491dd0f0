package import Index
package import SyncCore

/// What the disk says about one name.
package struct DiskStatus: Hashable, Sendable {
    /// What has the name.
    package enum Kind: Hashable, Sendable {
        case node(NodeKind)
        /// A FIFO, socket or device, in words.
        case other(String)

        /// Nil for what is no node.
        var node: NodeKind? { if case .node(let kind) = self { kind } else { nil } }
    }
    /// What has the name.
    package var kind: Kind
    /// By which a later change is noticed.
    package var stamp: Stamp
    /// Permission bits.
    package var mode: Mode

    package init(kind: Kind, stamp: Stamp, mode: Mode) {
        self.kind = kind
        self.stamp = stamp
        self.mode = mode
    }
}

/// Why the disk would not do something, in words for a person; the next try may succeed.
package struct DiskProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the engine tells apart.
    package enum Cause: Hashable, Sendable {
        case notFound, noSpace, denied, readOnly, changedWhileRead, other
    }
    /// Decides what follows; the description is for people.
    package var cause: Cause
    package var description: String

    package init(_ cause: Cause, _ description: String) {
        self.cause = cause
        self.description = description
    }
}

/// Verified bytes in the folder's private area, waiting to be placed.
package struct StagedContent: Hashable, Sendable {
    /// Names it in the private area.
    package var name: String
    /// Of the bytes as they were verified.
    package var digest: Digest
    /// Whether its bytes would survive a power cut already.
    package var isDurable: Bool

    package init(name: String, digest: Digest, isDurable: Bool) {
        self.name = name
        self.digest = digest
        self.isDurable = isDurable
    }
}

/// What has to lie at a place for it to be what the index tells of.
package struct Known: Hashable, Sendable {
    /// Another kind under the name is another thing.
    package var kind: NodeKind
    /// As it was looked at last.
    package var stamp: Stamp
    /// Of a file's bytes: they are read once more where the stamp ``Stamp/isDoubtful``.
    package var digest: Digest?

    package init(_ kind: NodeKind, _ stamp: Stamp, digest: Digest? = nil) {
        self.kind = kind
        self.stamp = stamp
        self.digest = digest
    }

    init(_ row: LocalRow) { self.init(row.kind, row.stamp, digest: row.digest) }
}

/// How a step on the disk ended.
package enum Placing: Hashable, Sendable {
    /// Done; how it looks now.
    case done(DiskStatus)
    /// Something else is there, or it is not what was expected any more. Nothing was changed, nothing is lost: look
    /// again.
    case unexpected
}

/// The folder as the engine sees it: the real one through FileTree, or one in memory. Paths are below the folder. One
/// thread at a time. Throws ``DiskProblem``.
package protocol LocalTree {
    /// Nil if there is nothing under that name. Never follows a symlink.
    func status(of path: RelativePath) throws -> DiskStatus?
    /// Sorted by name, without `.` and `..`.
    func list(_ directory: RelativePath) throws -> [(name: Name, status: DiskStatus)]
    func readLink(_ path: RelativePath) throws -> [UInt8]
    /// The first bytes of a regular file, at most `limit`; nil if there is none.
    func readFile(_ path: RelativePath, limit: Int) throws -> [UInt8]?
    /// From now on what happens in this one directory is told as events with this entry. Called before it is listed.
    func watch(_ directory: RelativePath, as entry: EntryID) throws
    /// True while somebody has the file open for writing; false too where that cannot be told.
    func isBeingWritten(_ path: RelativePath) -> Bool
    /// False when the folder is not the one that was joined (its disk is not mounted): nothing may be concluded from
    /// it.
    func isPresent() -> Bool

    /// Whether this machine knows the owner, the group, and each name in the ACLs: what it does not know is left alone.
    func knows(_ extras: Extras) -> (owner: Bool, group: Bool, attributes: Bool)

    func makeDirectory(_ path: RelativePath, mode: Mode) throws -> Placing
    func makeSymlink(_ path: RelativePath, target: [UInt8], mtime: Nanoseconds) throws -> Placing
    /// Puts staged bytes where nothing is.
    func place(_ staged: StagedContent, as file: FileContent, at path: RelativePath) throws -> Placing
    /// Puts staged bytes in the place of a file, and looks at what came out (DESIGN §4.2).
    func replace(_ path: RelativePath, _ known: Known, by staged: StagedContent, as file: FileContent) throws -> Placing
    /// Moves something to where nothing is.
    func move(_ from: RelativePath, _ known: Known, to path: RelativePath) throws -> Placing
    /// - Parameter mtime: nil for a directory, whose time stays as it is.
    func setAttributes(_ path: RelativePath, _ known: Known, mode: Mode, mtime: Nanoseconds?) throws -> Placing
    /// Removes a file, a symlink or an empty directory, and looks at what came out. True when it is gone.
    func remove(_ path: RelativePath, _ known: Known) throws -> Bool
    /// The same, but what was there is kept in the folder's trash for a while, under its path, replacing nothing there.
    func trash(_ path: RelativePath, _ known: Known) throws -> Bool
    /// The names in these directories survive a power cut from now on; with `everything`, so do all bytes. Must come
    /// before the index says so: it would take a lost file for one that its user deleted.
    func makeDurable(_ directories: Set<RelativePath>, everything: Bool) throws
    /// What was staged and is not needed.
    func discard(_ staged: StagedContent)
}

extension LocalTree {
    /// Where nothing is asked of names, all are known.
    package func knows(_ extras: Extras) -> (owner: Bool, group: Bool, attributes: Bool) { (true, true, true) }
}
