internal import Hashing
package import SyncCore

/// Cuts a stream of bytes into chunks and gives each its fingerprint.
package struct ChunkLister: ~Copyable {
    private let exponent: Int
    private var chunker: Chunker
    private let fingerprinter = Fingerprinter()
    private var chunks: [Chunk] = []

    /// - Parameter exponent: see ``ChunkSizes``.
    package init(exponent: Int) {
        self.exponent = exponent
        chunker = Chunker(ChunkSizes(exponent: exponent))
    }

    /// Goes on in the stream.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let before = chunker.length
            guard let count = chunker.cut(rest) else { return fingerprinter.update(rest) }
            fingerprinter.update(UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            end(before + count)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    /// The stream has ended.
    package consuming func finish() -> ChunkList {
        if chunker.length > 0 { end(chunker.length) }
        return ChunkList(exponent: exponent, chunks: chunks)
    }

    private mutating func end(_ length: Int) {
        let (high, low) = fingerprinter.finish()
        chunks.append(Chunk(length: UInt32(length), high: high, low: low))
    }
}

extension FileReader {
    /// The digest of the whole file and its chunks, in one pass.
    /// - Parameters:
    ///   - exponent: see ``ChunkSizes``; nil for what suits its size.
    ///   - cancelled: asked before each quarter of a MiB.
    /// - Throws: ``FileTreeError``: `.changedWhileRead`, `.cancelled`, …
    package func hashInChunks(
        exponent: Int? = nil, cancelled: () -> Bool = { false }
    ) throws(FileTreeError) -> (hashed: HashedFile, list: ChunkList) {
        let before = try status()
        var hash = SHA256()
        var lister = ChunkLister(
            exponent: exponent ?? ChunkSizes(contentOf: before.size).exponent)
        // So small that the second and third look at a block find it in the core's own cache.
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        defer { block.deallocate() }
        var offset: Int64 = 0
        while true {
            if cancelled() { throw FileTreeError("read", path, .cancelled) }
            let count = try read(into: block, at: offset)
            let bytes = UnsafeRawBufferPointer(rebasing: block[..<count])
            hash.update(bytes)
            lister.feed(bytes)
            offset += Int64(count)
            if count < block.count { break }
        }
        let after = try status()
        guard before.fingerprint == after.fingerprint, offset == after.size
        else { throw FileTreeError("read", path, .changedWhileRead) }
        return (HashedFile(digest: hash.finalizeDigest(), status: after), lister.finish())
    }
}
