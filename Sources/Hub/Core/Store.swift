import Dispatch
internal import FileTree
import Glibc
internal import Processes
import SyncCore
import Synchronization

/// Where the hub's bytes lie: the share, staging, `versions/` and the private areas, all on one file system. Any thread.
///
/// `incoming` holds verified contents that wait to be placed: nobody but a placement refers to them, and what none refers
/// to is rubbish. `displaced` holds what came out of the share on its way to `versions/`: never rubbish. What `copies` holds after
/// a crash is kept if its bytes are on record.
final class Store: Sendable {
    let layout: HubLayout
    private let held: Mutex<TreeRoot>
    let incoming: PrivateArea
    let displaced: PrivateArea
    /// Copies of what is current, on their way to `versions/`.
    let copies: PrivateArea
    /// Whether such copies are made.
    let protection: Protection
    /// What a hub before this one has left of them.
    let leftCopies: [PrivateItem]
    /// The directory of ``incoming`` as a tree, for attributes.
    let incomingTree: TreeRoot
    /// For what takes time to remove.
    let remover = DispatchQueue(label: "hub.remove", qos: .background)

    /// From so many bytes on that Linux has still to write, only what is needed is made durable.
    private let busyFrom: Int64

    /// A share that is not there is waited for; an empty directory stands for it until then. See ``ShareFence``.
    /// - Parameters:
    ///   - busyFrom: see ``HubCoreSettings/busyFrom``.
    ///   - protect: see ``HubCoreSettings/protect``.
    /// - Throws: ``FileTreeError``.
    init(
        _ layout: HubLayout, busyFrom: Int64 = HubCoreSettings().busyFrom, protect: ProtectSetting = .never
    ) throws {
        self.layout = layout
        self.busyFrom = busyFrom
        held = Mutex(try Store.openShare(layout))
        incoming = try PrivateArea(path: layout.privateFiles + "/incoming")
        displaced = try PrivateArea(path: layout.privateFiles + "/displaced")
        incomingTree = try TreeRoot(path: incoming.path)
        copies = try PrivateArea(path: layout.privateFiles + "/copies")
        leftCopies = try copies.items()
        protection = Protection(protect, canClone: protect != .never && Store.canClone(copies))
        emptyDoomed()
    }

    private static func openShare(_ layout: HubLayout) throws -> TreeRoot {
        if let share = try? TreeRoot(path: layout.share) { return share }
        let standIn = layout.privateFiles + "/absent"
        try HubFile.makeDirectory(standIn, mode: 0o700)
        return try TreeRoot(path: standIn)
    }

    /// The live tree.
    var share: TreeRoot { held.withLock { $0 } }

    /// From now on this directory is the share.
    func reopen(_ share: TreeRoot) { held.withLock { $0 = share } }

    /// A client's staging directory; nil when it has none.
    func staging(of client: String) -> TreeRoot? { try? TreeRoot(path: layout.staging + "/" + client) }

    /// The same, to move and remove what lies there.
    func stagingArea(of client: String) throws(FileTreeError) -> PrivateArea {
        try PrivateArea(path: layout.staging + "/" + client)
    }

    // MARK: - Versions

    /// The directory `versions/ab` that a digest belongs to; made if missing.
    func shelf(_ digest: Digest) throws(FileTreeError) -> PrivateArea {
        try PrivateArea(path: layout.versions + "/" + digest.hex.prefix(2))
    }

    private static func versionName(_ digest: Digest) -> Name {
        try! Name(digest.hex)  // SAFETY: 64 hexadecimal digits.
    }

    /// The file with these bytes in `versions/`; nil when there is none.
    func version(_ digest: Digest) throws(FileTreeError) -> PrivateItem? {
        try shelf(digest).item(named: Store.versionName(digest))
    }

    /// Of the file with these bytes in `versions/`, in bytes; nil when there is none. One system call, since clients ask about many.
    func sizeOfVersion(_ digest: Digest) -> Int64? {
        var status = stat()
        guard lstat(path(ofVersion: digest), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    func path(ofVersion digest: Digest) -> String {
        let hex = digest.hex
        return "\(layout.versions)/\(hex.prefix(2))/\(hex)"
    }

    /// Puts a file away under its digest. If those bytes are there already, this copy of them is dropped.
    func keepVersion(_ item: PrivateItem, _ digest: Digest) throws {
        if item.status.links > 1 { return try keepCopy(of: item, digest) }
        // Its mode is in the journal; here it only has to be readable.
        if item.status.mode.rawValue & 0o400 == 0 {
            try? item.setAttributes(mode: Mode(0o600), mtime: item.status.mtime)
        }
        let shelf = try shelf(digest)
        do {
            _ = try item.move(to: shelf, as: Store.versionName(digest))
        } catch  where error.reason == .occupied {
            try item.remove()
        }
    }

    /// The file has another name in the share (a hard link), through which its bytes may change at any time: a copy is kept. If
    /// they have changed already there is nothing left to be kept.
    private func keepCopy(of item: PrivateItem, _ digest: Digest) throws {
        let content = FileContent(
            digest: digest, size: item.status.size, mode: item.status.mode, mtime: item.status.mtime)
        do {
            try keepVersion(verifiedCopy(of: item.open(), as: content), digest)
        } catch let error as FileTreeError {
            switch error.reason {
            case .wrongContent, .changedWhileRead: break
            default: throw error
            }
        }
        try item.remove()
    }

    // MARK: - Copies

    /// A private copy of a file, verified while it is made, with the attributes of `content`.
    /// - Parameters:
    ///   - size: of the file, if that was looked at already.
    ///   - area: where it is made; ``incoming`` unless given.
    ///   - sync: whether it is durable afterwards.
    /// - Throws: ``FileTreeError``, `.wrongContent` if the bytes are others, `.cancelled`.
    func verifiedCopy(
        of reader: FileReader, of size: Int64? = nil, from offset: Int64 = 0, as content: FileContent,
        in area: PrivateArea? = nil, sync: Bool = false, cancelled: () -> Bool = { false }
    ) throws(FileTreeError) -> PrivateItem {
        let there: Int64
        if let size { there = size } else { there = try reader.status().size }
        // The size comes from a client: before anything is counted with it.
        guard offset <= there, content.size <= there - offset else {
            throw FileTreeError("copy", reader.path, .changedWhileRead)
        }
        let range = offset..<offset + content.size
        let file = try (area ?? incoming).newFile(mode: content.mode)
        var isCloned = false
        if offset == 0, content.size == there { isCloned = try file.clone(reader) }
        if !isCloned {
            try file.requireRoom(for: range, of: reader)
            try file.append(flowing: range, of: reader, cancelled: cancelled)
        }
        do throws(FileTreeError) {
            return try file.finish(mode: content.mode, mtime: content.mtime, expecting: content.digest, sync: sync)
        } catch {
            guard case .wrongContent = error.reason, file.hasSkippedHoles else { throw error }
        }
        // Perhaps the file system told of holes where there are none: all of it is read.
        let whole = try (area ?? incoming).newFile(mode: content.mode)
        whole.asksForHoles = false
        try whole.append(flowing: range, of: reader, cancelled: cancelled)
        return try whole.finish(mode: content.mode, mtime: content.mtime, expecting: content.digest, sync: sync)
    }

    /// A copy of a file that this very commit has verified, with the attributes of `content`. It is not hashed again: the file
    /// lies in ``incoming``, where nobody but this process can name it, nobody had it open for writing when it was verified, and
    /// no placement refers to it before the commit; its bytes go from it to the copy without leaving the kernel, or are shared.
    /// What could differ is what could differ on the disk after any verification.
    func copy(ofVerified item: PrivateItem, as content: FileContent) throws(FileTreeError) -> PrivateItem {
        let reader = try item.open()
        let file = try incoming.newFile()
        if try !file.clone(reader) {
            try file.requireRoom(for: 0..<item.status.size, of: reader)
            try file.append(0..<item.status.size, of: reader, hashing: false)
        }
        // What a file system says of holes is believed by nobody without looking.
        return try file.finish(
            mode: content.mode, mtime: content.mtime, expecting: file.believesHoles ? content.digest : nil, sync: false)
    }

    /// A version's bytes and its name.
    func syncVersion(_ digest: Digest) throws(FileTreeError) {
        let shelf = try shelf(digest)
        try shelf.item(named: Store.versionName(digest))?.sync()
        try shelf.sync()
        try PrivateArea(path: layout.versions).sync()
    }

    /// Whether others are writing so much that a sync of the file system would wait for them.
    var isDiskBusy: Bool { busyFrom <= 0 || DirtyMemory.bytes >= busyFrom }

    /// Makes all that was written durable, also in the directories.
    func sync() throws(FileTreeError) { try incoming.syncFileSystem() }
}

/// Why the hub's core cannot start.
package enum HubCoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The administrator's token cannot be read.
    case noAdminToken(String)
    /// The host's public key is missing, which invites tell.
    case noHostKey(String)

    package var description: String {
        switch self {
        case .noHostKey(let path):
            "the host key \(path) is missing; `synchub init` makes one (ssh-keygen -y restores it from the private key)"
        case .noAdminToken(let path):
            "the administrator's token \(path) is missing or empty; `synchub init` makes one"
        }
    }
}
