/// Cuts a stream of bytes where its contents say so, so that an insertion moves the cuts with it: FastCDC (Xia et al., IEEE
/// TPDS 2020), with a gear hash, sub-minimum skipping and normalised chunking of level 2. The bytes may come in any blocks;
/// the cuts do not depend on them.
package struct Chunker: Sendable {
    /// What was asked for.
    package let sizes: ChunkSizes
    /// Below it the hash cuts: harder before the average length, easier after it.
    private let hard: UInt64
    private let easy: UInt64
    /// Of the bytes of the present chunk since its minimum; a shift for each byte, so that 64 of them count.
    private var hash: UInt64 = 0
    /// How long the present chunk is so far, in bytes.
    package private(set) var length = 0

    package init(_ sizes: ChunkSizes) {
        self.sizes = sizes
        let bits = sizes.average.trailingZeroBitCount
        // The upper bits are those to which the most bytes have contributed.
        hard = 1 << (64 - bits - 2)
        easy = 1 << (64 - bits + 2)
    }

    /// Goes on in the stream.
    /// - Returns: how many of these bytes belong to the present chunk if it ends with them, and the next call begins another
    ///   one; nil if all of them do and it goes on.
    package mutating func cut(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var index = min(max(sizes.minimum - length, 0), bytes.count)
        let normal = min(max(sizes.average - length, index), bytes.count)
        let end = min(sizes.maximum - length, bytes.count)
        if let found = scan(bytes, &index, normal, hard) ?? scan(bytes, &index, end, easy) { return finish(found) }
        if length + end == sizes.maximum { return finish(end) }
        length += bytes.count
        return nil
    }

    /// The stream has ended, or goes on with something else.
    package mutating func reset() {
        hash = 0
        length = 0
    }

    private mutating func finish(_ count: Int) -> Int {
        reset()
        return count
    }

    /// SAFETY: `index..<end` lies within `bytes`, and a byte within the 256 words. Unsafe because each byte of every content
    /// comes through here.
    @inline(__always)
    private mutating func scan(
        _ bytes: UnsafeRawBufferPointer, _ index: inout Int, _ end: Int, _ limit: UInt64
    ) -> Int? {
        guard index < end, let base = bytes.baseAddress else { return nil }
        var hash = hash
        defer { self.hash = hash }
        return Gear.words.withUnsafeBufferPointer { words in
            let words = words.baseAddress.unsafelyUnwrapped
            var at = base + index
            let last = base + end
            while at < last {
                hash = (hash &<< 1) &+ words[Int(at.load(as: UInt8.self))]
                at += 1
                if hash < limit {
                    index = at - base
                    return index
                }
            }
            index = end
            return nil
        }
    }
}
