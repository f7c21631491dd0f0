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

    /// A small change costs about two chunks, and each chunk a line of the list that has to travel: the average grows with
    /// the square root of the size, so that neither outweighs the other. See `Performance.md` for what was measured.
    /// - Parameter size: of the content, in bytes.
    package init(contentOf size: Int64) {
        // Log2 of the size, halved: 16 KiB below 8 MiB, 256 KiB at 1 GiB, 4 MiB at 256 GiB.
        let half = (63 - max(size, 1).leadingZeroBitCount + 1) / 2
        self.init(exponent: min(max(half + 3, 14), 22))
    }
}
