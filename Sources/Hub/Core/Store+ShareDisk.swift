internal import FileTree
import Glibc
internal import Journal
internal import Share
import SyncCore

/// The placer of the real share.
typealias Placer = Share.Placer<Store>

extension Placer {
    /// With the hub's clock and log.
    convenience init(store: Store, journal: Journal, clock: HubClock, generation: String) {
        self.init(
            store: store, journal: journal, generation: generation, now: { clock.now().inSeconds },
            today: { clock.day() },
            onEvent: { event, facts, isWarning in
                if isWarning { hubLog.warning(event, facts) } else { hubLog.info(event, facts) }
            })
    }
}

extension Store: ShareDisk {
    func status(of path: RelativePath) throws -> FileStatus? { try share.status(of: path) }
    func list(_ directory: RelativePath) throws -> [DirectoryEntry] { try share.list(directory) }
    func hash(_ path: RelativePath) throws -> HashedFile { try share.hash(path) }
    func readLink(_ path: RelativePath) throws -> [UInt8] { try share.readLink(path) }
    func isWriterActive(_ path: RelativePath) -> Bool? { share.isWriterActive(path) }

    func makeDirectory(_ path: RelativePath, mode: Mode) throws -> NewPlacement {
        try share.makeDirectory(path, mode: mode)
    }

    func setAttributes(
        _ path: RelativePath, mode: Mode?, mtime: Nanoseconds?, expecting: Fingerprint
    ) throws -> AttributeChange {
        try share.setAttributes(path, mode: mode, mtime: mtime, expecting: expecting)
    }

    /// Once it is whole it lies where what is displaced goes, as ``newSymlink(target:mtime:)`` does.
    func copyOfLinked(
        _ path: RelativePath, mode: Mode?, mtime: Nanoseconds?, expecting: Fingerprint
    ) throws -> PrivateItem? {
        let copy = try share.copyOfLinked(path, mode: mode, mtime: mtime, expecting: expecting, into: incoming)
        return try copy.map { try $0.move(to: displaced, as: $0.name) }
    }

    func removeDirectory(_ path: RelativePath) throws -> DirectoryRemoval {
        try share.removeDirectory(path)
    }

    func move(_ path: RelativePath, to newPath: RelativePath, expecting: FileIdentity) throws -> Move {
        try share.move(path, to: newPath, expecting: expecting)
    }

    func placeNew(_ item: PrivateItem, at path: RelativePath) throws -> NewPlacement {
        try share.placeNew(item, at: path)
    }

    func exchange(
        _ item: PrivateItem, with path: RelativePath, expecting: Fingerprint
    ) throws -> Exchange<PrivateItem> {
        try share.exchange(item, with: path, expecting: expecting)
    }

    func takeAway(_ path: RelativePath, expecting: Fingerprint) throws -> Removal<PrivateItem> {
        try share.takeAway(path, expecting: expecting, into: displaced)
    }

    func staged(_ name: Name) throws -> PrivateItem? { try incoming.item(named: name) }

    func dress(_ item: PrivateItem, mode: Mode, mtime: Nanoseconds) throws -> PrivateItem? {
        _ = try incomingTree.setAttributes(
            RelativePath([item.name]), mode: mode, mtime: mtime, expecting: item.status.fingerprint)
        return try incoming.item(named: item.name)
    }

    func newSymlink(target: [UInt8], mtime: Nanoseconds) throws -> PrivateItem {
        try displaced.newSymlink(target: target, mtime: mtime)
    }

    func displacedItems() throws -> [PrivateItem] { try displaced.items() }
    func hasVersion(_ digest: Digest) throws -> Bool { try version(digest) != nil }

    /// Its name is that of what it displaces until somebody has looked at that: what lies in ``incoming`` and no placement refers
    /// to is removed at a start.
    func copyOfVersion(_ content: FileContent) throws -> PrivateItem? {
        guard let version = try version(content.digest) else { return nil }
        let copy = try verifiedCopy(of: version.open(), as: content)
        return try copy.move(to: displaced, as: copy.name)
    }

    func pause(_ attempt: Int) { usleep(UInt32(1000 << min(attempt, 4))) }
}
