import FileTree
import Share
import SyncCore

/// As FileTree does it: a look, an instant in which anything may happen, the step, and a look at what came out.
extension MemoryShare: ShareDisk {
    typealias Item = MemoryItem

    // MARK: - Looking

    func status(of path: RelativePath) throws -> FileStatus? {
        try enter()
        return tree.inode(at: path)?.fileStatus
    }

    func list(_ directory: RelativePath) throws -> [DirectoryEntry] {
        try enter()
        guard let inode = tree.inode(at: directory) else { throw FileTreeError("list", directory, .notFound) }
        guard inode.kind == .directory else { throw FileTreeError("list", directory, .notDirectory) }
        return inode.children.sorted { $0.key < $1.key }.map {
            DirectoryEntry(name: $0.key, status: $0.value.fileStatus)
        }
    }

    func hash(_ path: RelativePath) throws -> HashedFile {
        try enter()
        reads += 1
        guard let inode = tree.inode(at: path) else { throw FileTreeError("read", path, .notFound) }
        guard let file = inode.content.file else { throw FileTreeError("read", path, .notFile) }
        return HashedFile(digest: file.digest, status: inode.fileStatus)
    }

    func readLink(_ path: RelativePath) throws -> [UInt8] {
        try enter()
        guard let inode = tree.inode(at: path), inode.kind == .symlink else {
            throw FileTreeError("read the symlink", path, .notFound)
        }
        return inode.bytes
    }

    func isWriterActive(_ path: RelativePath) -> Bool? { tree.inode(at: path).map { $0.isOpen } }

    // MARK: - Changing

    private func parent(of path: RelativePath) throws -> MemoryTree.Inode {
        guard let parent = tree.inode(at: path.parent) else { throw FileTreeError("reach", path, .notFound) }
        guard parent.kind == .directory else { throw FileTreeError("reach", path, .notDirectory) }
        return parent
    }

    func makeDirectory(_ path: RelativePath, mode: Mode) throws -> NewPlacement {
        try enter(path)
        _ = try parent(of: path)
        if let there = tree.inode(at: path) { return .occupied(there.fileStatus) }
        let made = tree.newInode(.directory, mode: mode)
        tree.link(made, at: path)
        return .placed(made.fileStatus)
    }

    func setAttributes(
        _ path: RelativePath, mode: Mode?, mtime: Nanoseconds?, expecting: Fingerprint
    ) throws -> AttributeChange {
        try enter(path)
        guard let inode = tree.inode(at: path) else { return .unexpected(nil) }
        guard inode.fileStatus.matches(expecting) else { return .unexpected(inode.fileStatus) }
        if inode.isOpen { return .busy(inode.fileStatus) }
        if let mode, inode.kind != .symlink { inode.mode = mode }
        if let mtime { inode.mtime = mtime }
        inode.ctime = tree.clock.tick()
        return .set(inode.fileStatus)
    }

    func removeDirectory(_ path: RelativePath) throws -> DirectoryRemoval {
        try enter(path)
        guard let inode = tree.inode(at: path), inode.kind == .directory else { return .absent }
        guard inode.children.isEmpty else { return .notEmpty }
        tree.unlink(path)
        tree.free(inode)
        return .removed
    }

    func move(_ path: RelativePath, to newPath: RelativePath, expecting: FileIdentity) throws -> Move {
        try enter(path)
        if path != newPath, path.contains(newPath) { throw FileTreeError("move", path, .cycle) }
        _ = try parent(of: newPath)
        guard let before = tree.inode(at: path) else { return .unexpected(nil) }
        guard before.fingerprint.identity == expecting else { return .unexpected(before.fileStatus) }
        interlope(path)
        guard let moving = tree.inode(at: path) else { return .unexpected(nil) }
        if let there = tree.inode(at: newPath) { return .occupied(there.fileStatus) }
        _ = try parent(of: newPath)
        tree.unlink(path)
        tree.link(moving, at: newPath)
        if moving.fingerprint.identity == expecting { return .moved(moving.fileStatus) }
        tree.unlink(newPath)
        tree.link(moving, at: path)
        return .unexpected(moving.fileStatus)
    }

    func placeNew(_ item: MemoryItem, at path: RelativePath) throws -> NewPlacement {
        try enter(path)
        _ = try parent(of: path)
        if let there = tree.inode(at: path) { return .occupied(there.fileStatus) }
        guard let inode = areas[item.area]?.removeValue(forKey: item.name) else {
            throw FileTreeError("place", item.name, .notFound)
        }
        tree.link(inode, at: path)
        return .placed(inode.fileStatus)
    }

    func exchange(_ item: MemoryItem, with path: RelativePath, expecting: Fingerprint) throws -> Exchange<MemoryItem> {
        try enter(path)
        guard let before = tree.inode(at: path) else { return .unexpected(nil) }
        guard before.fileStatus.matches(expecting) else { return .unexpected(before.fileStatus) }
        if before.isOpen { return .busy(before.fileStatus) }
        let seen = before.fingerprint
        interlope(path)
        guard tree.inode(at: path) != nil, let placed = areas[item.area]?[item.name] else { return .unexpected(nil) }
        tradePlaces(item, path)
        // A process that dies here has put aside what nobody has looked at.
        try enter(path, canFail: false)
        guard let out = areas[item.area]?[item.name] else { return .unexpected(nil) }
        if out.fileStatus.survivedRename(seen), !out.isOpen {
            // What somebody has changed since differs from what is remembered of it, and so is seen.
            let isOurs = placed.fileStatus.survivedRename(item.status.fingerprint) && placed.mode == item.status.mode
            let status = isOurs ? placed.fileStatus : item.status
            return .placed(status, displaced: MemoryItem(self, item.area, item.name, out))
        }
        guard tree.inode(at: path) != nil else {
            if !isReachable(path) { return .stranded(nil, MemoryItem(self, item.area, item.name, out)) }
            areas[item.area]?[item.name] = nil
            tree.link(out, at: path)
            return .unexpected(out.fileStatus)
        }
        tradePlaces(item, path)
        guard let back = areas[item.area]?[item.name], back.fileStatus.survivedRename(item.status.fingerprint) else {
            // SAFETY: something was swapped in just now.
            let stray = areas[item.area]![item.name]!
            return .stranded(tree.inode(at: path)?.fileStatus, MemoryItem(self, item.area, item.name, stray))
        }
        return .unexpected(tree.inode(at: path)?.fileStatus)
    }

    /// Whether the directory of a path is still there.
    private func isReachable(_ path: RelativePath) -> Bool { tree.inode(at: path.parent)?.kind == .directory }

    private func tradePlaces(_ item: MemoryItem, _ path: RelativePath) {
        guard let out = tree.unlink(path), let into = areas[item.area]?[item.name] else { return }
        tree.link(into, at: path)
        areas[item.area]?[item.name] = out
        out.ctime = tree.clock.tick()
    }

    func takeAway(_ path: RelativePath, expecting: Fingerprint) throws -> Removal<MemoryItem> {
        try enter(path)
        guard let before = tree.inode(at: path) else { return .unexpected(nil) }
        guard before.fileStatus.matches(expecting) else { return .unexpected(before.fileStatus) }
        if before.isOpen { return .busy(before.fileStatus) }
        let seen = before.fingerprint
        interlope(path)
        guard let out = tree.unlink(path) else { return .unexpected(nil) }
        let name = newName()
        areas[.displaced]?[name] = out
        try enter(path, canFail: false)
        if out.fileStatus.survivedRename(seen), !out.isOpen { return .taken(MemoryItem(self, .displaced, name, out)) }
        guard let there = tree.inode(at: path) else {
            if !isReachable(path) { return .stranded(nil, MemoryItem(self, .displaced, name, out)) }
            areas[.displaced]?[name] = nil
            tree.link(out, at: path)
            return .unexpected(out.fileStatus)
        }
        return .stranded(there.fileStatus, MemoryItem(self, .displaced, name, out))
    }

    // MARK: - Beside the share

    func staged(_ name: Name) throws -> MemoryItem? {
        try enter()
        return areas[.incoming]?[name].map { MemoryItem(self, .incoming, name, $0) }
    }

    func dress(_ item: MemoryItem, mode: Mode, mtime: Nanoseconds) throws -> MemoryItem? {
        try enter()
        guard let inode = areas[item.area]?[item.name] else { return nil }
        (inode.mode, inode.mtime, inode.ctime) = (mode, mtime, tree.clock.tick())
        return MemoryItem(self, item.area, item.name, inode)
    }

    func newSymlink(target: [UInt8], mtime: Nanoseconds) throws -> MemoryItem {
        try enter()
        let made = tree.newInode(.symlink, mode: Mode(0o777), mtime: mtime)
        made.bytes = target
        let name = newName()
        areas[.displaced]?[name] = made
        return MemoryItem(self, .displaced, name, made)
    }

    func displacedItems() throws -> [MemoryItem] {
        try enter()
        return areas[.displaced, default: [:]].sorted { $0.key < $1.key }.map { MemoryItem(self, .displaced, $0, $1) }
    }

    func keepVersion(_ item: MemoryItem, _ digest: Digest) throws {
        try enter()
        if let file = areas[item.area]?[item.name]?.content.file, file.digest != digest {
            onLoss(Array("\(item.name), put away as other bytes than it has".utf8))
        }
        if versions[digest] != nil { return try item.remove() }
        versions[digest] = areas[item.area]?.removeValue(forKey: item.name)
    }

    func hasVersion(_ digest: Digest) throws -> Bool {
        try enter()
        return versions[digest] != nil
    }

    func copyOfVersion(_ content: FileContent) throws -> MemoryItem? {
        try enter()
        reads += 1
        guard let version = versions[content.digest], version.content.file?.digest == content.digest else { return nil }
        return stage(version.bytes, as: content, in: .displaced)
    }

    func sync() throws {
        try enter()
        save()
    }

    func pause(_ attempt: Int) { interlope() }
}
