internal import Hashing
package import SyncCore

extension FileReader {
    /// The digest of each block of a file, up to a size; the last one may be shorter.
    /// - Parameters:
    ///   - length: of a block, in bytes.
    ///   - first: where the first one begins.
    ///   - size: where to end; the file has at least so many bytes.
    ///   - cancelled: asked before each MiB.
    /// - Throws: ``FileTreeError``: `.changedWhileRead` if the file is shorter, `.cancelled`, …
    package func blockDigests(
        of length: Int64, from first: Int64 = 0, upTo size: Int64, cancelled: () -> Bool = { false }
    ) throws(FileTreeError) -> [Digest] {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize(for: size), alignment: 64)
        defer { room.deallocate() }
        var digests: [Digest] = []
        var start = first
        while start < size {
            let end = min(start + length, size)
            var hash = SHA256()
            while start < end {
                if cancelled() { throw FileTreeError("read", path, .cancelled) }
                let wanted = Int(min(Int64(room.count), end - start))
                let part = UnsafeMutableRawBufferPointer(rebasing: room[..<wanted])
                guard try read(into: part, at: start) == wanted else {
                    throw FileTreeError("read", path, .changedWhileRead)
                }
                hash.update(UnsafeRawBufferPointer(part))
                start += Int64(wanted)
            }
            digests.append(hash.finalizeDigest())
        }
        return digests
    }
}
