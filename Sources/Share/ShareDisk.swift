package import FileTree
package import SyncCore

/// What lies privately at the hub, beside the share: verified bytes to be placed, or what came out of the share.
package protocol PrivateThing: Sendable {
    /// Its name where it lies.
    var name: Name { get }
    /// When it came there.
    var status: FileStatus { get }
    /// Of its bytes, if it is a file, as they are now.
    func digest() throws -> Digest
    /// The target, if it is a symlink.
    func readLink() throws -> [UInt8]
    /// Removes it.
    func remove() throws
    /// Removes it unless something else has its name by now, or somebody has changed it.
    func discard() throws
}

/// The share and the hub's private places as placements need them: the real ones through FileTree, or in memory. One
/// thread at a time. Paths are below the share. Throws ``FileTreeError``.
package protocol ShareDisk {
    /// Something that lies privately.
    associatedtype Item: PrivateThing

    // MARK: The share

    /// Nil if there is nothing under that name. Never follows a symlink.
    func status(of path: RelativePath) throws -> FileStatus?
    /// Without `.` and `..`.
    func list(_ directory: RelativePath) throws -> [DirectoryEntry]
    func hash(_ path: RelativePath) throws -> HashedFile
    func readLink(_ path: RelativePath) throws -> [UInt8]
    /// Nil where that cannot be told.
    func isWriterActive(_ path: RelativePath) -> Bool?
    func makeDirectory(_ path: RelativePath, mode: Mode) throws -> NewPlacement
    func setAttributes(
        _ path: RelativePath, mode: Mode?, mtime: Nanoseconds?, expecting: Fingerprint
    ) throws -> AttributeChange
    /// Of a file that has other names (hard links): a private copy to put in its place, so that those stay as they are. Nil for
    /// all else, and if the file is not what was expected.
    func copyOfLinked(_ path: RelativePath, mode: Mode?, mtime: Nanoseconds?, expecting: Fingerprint) throws -> Item?
    func removeDirectory(_ path: RelativePath) throws -> DirectoryRemoval
    /// To a name that must be free.
    func move(_ path: RelativePath, to newPath: RelativePath, expecting: FileIdentity) throws -> Move
    /// Gives an item a name in the share that must be free.
    func placeNew(_ item: Item, at path: RelativePath) throws -> NewPlacement
    /// Swaps, and looks at what came out (DESIGN §4.2).
    func exchange(_ item: Item, with path: RelativePath, expecting: Fingerprint) throws -> Exchange<Item>
    /// Takes something out of the share, and looks at what came out.
    func takeAway(_ path: RelativePath, expecting: Fingerprint) throws -> Removal<Item>

    // MARK: Beside it

    /// Verified bytes that wait to be placed, by the name that the journal has for them.
    func staged(_ name: Name) throws -> Item?
    /// Gives staged bytes mode and time; nil when they are gone.
    func dress(_ item: Item, mode: Mode, mtime: Nanoseconds) throws -> Item?
    /// A symlink to be placed, made where what is displaced goes: a crash leaves there nothing that a start would throw
    /// away unseen.
    func newSymlink(target: [UInt8], mtime: Nanoseconds) throws -> Item
    /// What came out of the share and has not reached `versions/`.
    func displacedItems() throws -> [Item]
    /// Puts a file into `versions/`.
    func keepVersion(_ item: Item, _ digest: Digest) throws
    func hasVersion(_ digest: Digest) throws -> Bool
    /// A verified private copy of what `versions/` has, made where what is displaced goes, as ``newSymlink(target:mtime:)`` is;
    /// nil when it has none.
    func copyOfVersion(_ content: FileContent) throws -> Item?
    /// Everything that was done is durable when this returns.
    func sync() throws
    /// At least this is, and the bytes of these items.
    func sync(_ touched: Touched, _ items: [Item]) throws
    /// Puts a durable copy of what is current into `versions/`.
    func keepCopy(_ item: Item, _ digest: Digest) throws
    /// A program keeps a file open: a moment's patience.
    func pause(_ attempt: Int)
}

extension ShareDisk {
    /// Where it costs nothing to wait for everything.
    package func sync(_ touched: Touched, _ items: [Item]) throws { try sync() }

    /// Where nothing else lies under such a name.
    package func keepCopy(_ item: Item, _ digest: Digest) throws { try keepVersion(item, digest) }

    /// Where nothing has a second name.
    package func copyOfLinked(
        _ path: RelativePath, mode: Mode?, mtime: Nanoseconds?, expecting: Fingerprint
    ) throws -> Item? { nil }
}

extension PrivateItem: PrivateThing {}
