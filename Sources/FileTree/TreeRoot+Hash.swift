import Glibc
internal import Hashing
package import SyncCore

/// A file's digest, with the status that belongs to exactly those bytes.
package struct HashedFile: Hashable, Sendable {
    /// Of all its bytes.
    package let digest: Digest
    /// As it was before and after they were read.
    package let status: FileStatus
    /// To recognise it by later.
    package var fingerprint: Fingerprint { status.fingerprint }

    /// See the properties.
    package init(digest: Digest, status: FileStatus) {
        self.digest = digest
        self.status = status
    }

    /// As a node's content.
    package var content: FileContent {
        FileContent(digest: digest, size: status.size, mode: status.mode, mtime: status.mtime)
    }
}

extension TreeRoot {
    /// Reads a file through one descriptor.
    /// - Parameter cancelled: asked before each MiB.
    /// - Throws: ``FileTreeError``: `.changedWhileRead`, `.cancelled`, …
    package func hash(
        _ path: RelativePath, cancelled: () -> Bool = { false }
    ) throws(FileTreeError) -> HashedFile {
        try openFile(path).hash(cancelled: cancelled)
    }
}

extension FileReader {
    /// The digest of the whole file.
    /// - Parameter cancelled: asked before each MiB.
    /// - Throws: ``FileTreeError``: `.changedWhileRead`, `.cancelled`, …
    package func hash(cancelled: () -> Bool = { false }) throws(FileTreeError) -> HashedFile {
        let before = try status()
        var hash = SHA256()
        let count = try feed(&hash, from: 0, room: blockSize(for: before.size), cancelled)
        let after = try status()
        // A writer through a mapping moves no time until it syncs; nothing but reading again would tell.
        guard before.fingerprint == after.fingerprint, count == after.size
        else { throw FileTreeError("read", path, .changedWhileRead) }
        return HashedFile(digest: hash.finalizeDigest(), status: after)
    }

    /// The digest of a small file, and its bytes, read at once.
    /// - Parameter limit: in bytes: a file that is larger by now is not read.
    /// - Throws: ``FileTreeError``: `.changedWhileRead`, …
    package func hashedContent(atMost limit: Int64) throws(FileTreeError) -> (hashed: HashedFile, bytes: [UInt8]) {
        let before = try status()
        guard before.size <= limit else { throw FileTreeError("read", path, .changedWhileRead) }
        var bytes = [UInt8](repeating: 0, count: Int(before.size) + 1)
        let found = bytes.withUnsafeMutableBytes { room in
            Result { () throws(FileTreeError) in try read(into: room, at: 0) }
        }
        let count = try found.get()
        let after = try status()
        guard before.fingerprint == after.fingerprint, count == after.size
        else { throw FileTreeError("read", path, .changedWhileRead) }
        bytes.removeLast(bytes.count - count)
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update($0) }
        return (HashedFile(digest: hash.finalizeDigest(), status: after), bytes)
    }

    /// Hashes from an offset to the end.
    /// - Returns: how many bytes that were.
    func feed(
        _ hash: inout SHA256, from start: Int64, room: Int, _ cancelled: () -> Bool
    ) throws(FileTreeError) -> Int64 {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 64)
        defer { block.deallocate() }
        var offset = start
        while true {
            if cancelled() { throw FileTreeError("read", path, .cancelled) }
            let count = try read(into: block, at: offset)
            hash.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
            offset += Int64(count)
            if count < room { return offset - start }
        }
    }
}

/// One MiB, or a little more than what a small file has.
func blockSize(for size: Int64) -> Int { Int(min(max(size, 0), 1 << 20 - 1) + 1) }

extension SHA256 {
    consuming func finalizeDigest() -> Digest {
        Digest(bytes: finalize())!  // SAFETY: a SHA-256 has the 32 bytes that a digest wants.
    }
}
