/// How long the chunks of a content are, in bytes.
package struct ChunkSizes: Hashable, Sendable {
    /// Only the last chunk is shorter.
    package let minimum: Int
    /// What most chunks are close to; a power of two.
    package let average: Int
    /// None is longer.
    package let maximum: Int

    /// Of the average, as a power of two.
    package var exponent: Int { average.trailingZeroBitCount }

    /// - Parameter exponent: of the average, as a power of two: 10 to 26.
    package init(exponent: Int) {
        precondition((10...26).contains(exponent))
        average = 1 << exponent
        minimum = average / 4
        maximum = average * 4
    }

    /// A small change costs a few chunks, and each chunk a line of the list that has to be kept, and may have to travel: the average
    /// grows with the square root of the size, so that neither outweighs the other. 64 KiB overwritten in random bytes cost,
    /// over 24 places, with 16 KiB on average 97 kB (median; 200 kB at most), with 32 KiB 117 kB (294 kB), with 64 KiB 211 kB
    /// (536 kB), with 256 KiB 363 kB (1.4 MB).
    /// - Parameter size: of the content, in bytes.
    package init(contentOf size: Int64) {
        // Log2 of the size, halved: 16 KiB below 512 MiB, 32 KiB at 1 GiB, 512 KiB at 256 GiB.
        let half = (63 - max(size, 1).leadingZeroBitCount + 1) / 2
        self.init(exponent: min(max(half, 14), 22))
    }
}
