internal import FileTree
import Glibc
import SyncCore

// Copies of what is current in the share, for `versions/`: see ``Protection``. They are made in an area of their own, under random
// names, and are whole and durable before they get the names of their bytes. None is worth a commit: what cannot be copied is done
// without, and looked at again later.
extension Store {
    /// A copy of a file that this very commit has verified.
    func copyToKeep(ofVerified item: PrivateItem, _ digest: Digest) -> PrivateItem? {
        guard protection.isQuick(item.status.size), hasRoomToCopy(item.status.size) else { return nil }
        return attemptCopy { () throws(FileTreeError) in
            let copy = try self.copies.newFile()
            guard try self.fill(copy, from: item.open(), item.status.size, hashing: false) else { return nil }
            // What a file system says of holes is believed by nobody without looking.
            return try copy.finish(
                mode: Store.keptMode, mtime: item.status.mtime, expecting: copy.believesHoles ? digest : nil,
                sync: false)
        }
    }

    /// Reads a file of the share, and keeps a copy of exactly the bytes that were hashed.
    /// - Returns: no copy where none is to be kept, or `versions/` has it.
    /// - Throws: as ``FileReader/hash(cancelled:)``.
    func hashKeeping(
        _ file: FileReader, cancelled: () -> Bool
    ) throws(FileTreeError) -> (hashed: HashedFile, copy: PrivateItem?) {
        let before = try file.status()
        guard protection.isQuick(before.size), hasRoomToCopy(before.size) else {
            return (try file.hash(cancelled: cancelled), nil)
        }
        let copy: StagedFile
        do throws(FileTreeError) {
            copy = try copies.newFile()
            guard try fill(copy, from: file, before.size, hashing: true, cancelled) else {
                return (try file.hash(cancelled: cancelled), nil)
            }
        } catch {
            if error.reason == .cancelled || error.reason == .changedWhileRead { throw error }
            return (try file.hash(cancelled: cancelled), nil)
        }
        let digest = try copy.digest(cancelled: cancelled)
        let after = try file.status()
        guard before.fingerprint == after.fingerprint, copy.size == after.size
        else { throw FileTreeError("read", file.path, .changedWhileRead) }
        let hashed = HashedFile(digest: digest, status: after)
        if sizeOfVersion(digest) == after.size { return (hashed, nil) }
        let kept = attemptCopy { () throws(FileTreeError) in
            try copy.finish(mode: Store.keptMode, mtime: after.mtime, expecting: nil, sync: false)
        }
        return (hashed, kept)
    }

    /// A copy of what lies at a path of the share, if it is this content.
    /// - Throws: ``FileTreeError``, `.wrongContent`, `.noSpace`, …
    func copyToKeep(
        of path: RelativePath, as content: FileContent, cancelled: () -> Bool
    ) throws(FileTreeError) -> PrivateItem {
        let file = try share.openFile(path)
        guard try file.status().size == content.size else {
            throw FileTreeError("read", file.path, .changedWhileRead)
        }
        guard hasRoomToCopy(content.size) else { throw FileTreeError("copy", file.path, .noSpace) }
        let copy = try copies.newFile()
        guard try fill(copy, from: file, content.size, hashing: true, cancelled) else {
            throw FileTreeError("copy", file.path, .crossDevice)
        }
        let digest = try copy.digest(cancelled: cancelled)
        guard digest == content.digest else {
            throw FileTreeError("copy", file.path, .wrongContent(expected: content.digest, found: digest))
        }
        return try copy.finish(mode: Store.keptMode, mtime: content.mtime, expecting: nil, sync: false)
    }

    /// Into `versions/`, instead of whatever has that name there: its bytes are the same, or damaged.
    func keepCopy(_ item: PrivateItem, _ digest: Digest) throws {
        let from = "\(item.area.path)/\(item.name)"
        let to = path(ofVersion: digest)
        // Far cheaper than handles where there are many.
        if rename(from, to) == 0 { return }
        _ = try shelf(digest)
        try HubFile.check(rename(from, to), "keep", to)
    }

    /// Takes a content out of `versions/`, so that it can be removed at leisure: whoever puts the same bytes there from now on
    /// finds the name free.
    /// - Returns: nil if there is none.
    func takeOut(_ digest: Digest) throws -> PrivateItem? {
        let name = PrivateArea.randomName()
        if rename(path(ofVersion: digest), "\(copies.path)/\(name)") != 0, errno == ENOENT { return nil }
        return try copies.item(named: name)
    }

    /// Whether a copy of so many bytes leaves enough free.
    private func hasRoomToCopy(_ size: Int64) -> Bool {
        guard let space = try? copies.space() else { return false }
        return protection.hasRoom(for: size, free: space.free, total: space.total, files: space.freeInodes)
    }

    /// - Returns: false where blocks were to be shared and cannot be.
    private func fill(
        _ copy: StagedFile, from file: FileReader, _ size: Int64, hashing: Bool, _ cancelled: () -> Bool = { false }
    ) throws(FileTreeError) -> Bool {
        if try copy.clone(file) { return true }
        guard protection == .copies else { return false }
        // What is hashed here is believed to be what the file has: it is read, holes and all.
        copy.asksForHoles = !hashing
        try copy.append(0..<size, of: file, hashing: hashing, cancelled: cancelled)
        return true
    }

    private func attemptCopy(_ body: () throws(FileTreeError) -> PrivateItem?) -> PrivateItem? {
        do { return try body() } catch {
            hubLog.debug("copy_not_made", ["reason": "\(error)"])
            return nil
        }
    }

    /// The mode of a content is in the journal.
    private static var keptMode: Mode { Mode(0o600) }

    /// Whether files in the area can share blocks, found by trying.
    static func canClone(_ area: PrivateArea) -> Bool {
        guard let file = try? area.newFile(), (try? file.append([1])) != nil,
            let reader = try? area.item(named: file.name)?.open()
        else { return false }
        return (try? area.newFile().clone(reader)) ?? false
    }
}
