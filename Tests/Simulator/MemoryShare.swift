import FileTree
import Share
import SyncCore

/// The hub's process dies here.
struct HubCrash: Error {}

/// The hub's disk in memory: the share as a tree, and beside it what waits to be placed, what came out, and `versions/`.
/// What is not synced a power cut takes away.
final class MemoryShare {
    /// Where something lies that is not in the share.
    enum Area: CaseIterable { case incoming, displaced }

    let tree: MemoryTree
    var areas: [Area: [Name: MemoryTree.Inode]] = [.incoming: [:], .displaced: [:]]
    var versions: [Digest: MemoryTree.Inode] = [:]
    private var named = 0
    private var durable: Saved?

    /// So many calls from now, the process dies.
    var fuse: Int?
    let trouble = Trouble()
    /// How often all of a file was read.
    var reads = 0
    /// Until it is started again nothing can be done any more.
    var isDead = false
    /// Called before anything is looked at or changed, and between a look and the step that follows it.
    var interloper: ((RelativePath?) -> Void)?
    /// Told when bytes that lay in the share are about to go for good.
    var onLoss: ([UInt8]) -> Void = { _ in }

    init(_ tree: MemoryTree) { self.tree = tree }

    // MARK: - Parts of all steps

    /// - Parameter canFail: nothing of the step was done yet.
    func enter(_ path: RelativePath? = nil, canFail: Bool = true) throws {
        if isDead { throw HubCrash() }
        if let left = fuse {
            fuse = left - 1
            if left <= 0 {
                isDead = true
                throw HubCrash()
            }
        }
        if !tree.isMounted { throw FileTreeError("reach", "the share", .disk) }
        if canFail, trouble.strikes() { throw FileTreeError("write", "the share", .noSpace) }
        interlope(path)
    }

    func interlope(_ path: RelativePath? = nil) {
        guard let somebody = interloper else { return }
        interloper = nil
        somebody(path)
        interloper = somebody
    }

    func newName() -> Name {
        named += 1
        return try! Name("i\(named)")  // SAFETY: a letter and digits.
    }

    /// Verified bytes that wait to be placed.
    func stage(_ bytes: [UInt8], as content: FileContent, in area: Area = .incoming) -> MemoryItem {
        let inode = tree.newInode(.file, mode: content.mode, mtime: content.mtime)
        inode.bytes = bytes
        let name = newName()
        areas[area]?[name] = inode
        return MemoryItem(self, area, name, inode)
    }

    /// Whether the bytes can be had from anywhere at the hub.
    func holds(_ digest: Digest) -> Bool {
        versions[digest] != nil || tree.hasFile(digest)
            || areas.values.contains { $0.values.contains { $0.content.file?.digest == digest } }
    }

    /// Files that no placement refers to: their commit never happened.
    func collectIncoming(needed: Set<String>) {
        for name in areas[.incoming, default: [:]].keys where !needed.contains(name.description) {
            guard let inode = areas[.incoming]?.removeValue(forKey: name) else { continue }
            // A start takes it for a copy that was never placed.
            if inode.wasVisible, let file = inode.content.file, !holds(file.digest) { onLoss(inode.bytes) }
        }
    }

    // MARK: - Power

    struct Saved {
        var root: MemoryTree.Inode
        var areas: [Area: [Name: MemoryTree.Inode]]
        var versions: [Digest: MemoryTree.Inode]
    }

    /// All that lies on it, as a backup has it.
    func copy() -> Saved {
        Saved(
            root: tree.root.copy(), areas: areas.mapValues { $0.mapValues { $0.copy() } },
            versions: versions.mapValues { $0.copy() })
    }

    func restore(_ saved: Saved) {
        tree.restore(saved.root.copy())
        areas = saved.areas.mapValues { $0.mapValues { $0.copy() } }
        versions = saved.versions.mapValues { $0.copy() }
        save()
    }

    /// Only histories with power cuts pay for it.
    var keepsWhatIsDurable = false

    func save() {
        guard keepsWhatIsDurable else { return }
        durable = copy()
    }

    /// All that was not synced is gone, and the process with it.
    func cutPower() {
        isDead = true
        guard keepsWhatIsDurable else { return }
        if let durable {
            tree.restore(durable.root)
            areas = durable.areas
            versions = durable.versions
            save()
        } else {
            tree.restore(tree.emptyCopy())
            areas = [.incoming: [:], .displaced: [:]]
            versions = [:]
        }
    }
}

/// Something beside the share.
struct MemoryItem: PrivateThing, @unchecked Sendable {
    // SAFETY: a history is one thread's.
    private let disk: MemoryShare
    let area: MemoryShare.Area
    let name: Name
    let status: FileStatus

    init(_ disk: MemoryShare, _ area: MemoryShare.Area, _ name: Name, _ inode: MemoryTree.Inode) {
        self.disk = disk
        self.area = area
        self.name = name
        status = inode.fileStatus
    }

    func digest() throws -> Digest {
        try disk.enter()
        disk.reads += 1
        guard let file = disk.areas[area]?[name]?.content.file else { throw FileTreeError("read", name, .notFound) }
        return file.digest
    }

    func readLink() throws -> [UInt8] {
        try disk.enter()
        guard let inode = disk.areas[area]?[name], inode.kind == .symlink else {
            throw FileTreeError("read the symlink", name, .notFound)
        }
        return inode.bytes
    }

    func discard() throws {
        guard disk.areas[area]?[name]?.fileStatus.survivedRename(status.fingerprint) == true else { return }
        try remove()
    }

    func remove() throws {
        try disk.enter()
        guard let inode = disk.areas[area]?.removeValue(forKey: name) else { return }
        if inode.wasVisible, let file = inode.content.file, !disk.holds(file.digest) { disk.onLoss(inode.bytes) }
    }
}

extension MemoryTree.Inode {
    var fingerprint: Fingerprint {
        Fingerprint(
            kind: fileKind, identity: FileIdentity(device: 2, inode: number), size: Int64(bytes.count), mtime: mtime,
            ctime: ctime)
    }

    private var fileKind: FileKind {
        switch kind {
        case .file: .file
        case .directory: .directory
        case .symlink: .symlink
        }
    }

    var fileStatus: FileStatus { FileStatus(fingerprint: fingerprint, mode: mode, born: born) }
}
