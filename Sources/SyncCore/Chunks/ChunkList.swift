/// A piece of a content, as ``Chunker`` cuts it.
package struct Chunk: Hashable, Sendable {
    /// In bytes.
    package var length: UInt32
    /// Of its bytes, 128 bits. Equal ones are as good as certainly equal bytes; whoever relies on it verifies the whole.
    package var high: UInt64
    /// The other half.
    package var low: UInt64

    package init(length: UInt32, high: UInt64, low: UInt64) {
        self.length = length
        self.high = high
        self.low = low
    }
}

/// What a content consists of, chunk by chunk.
package struct ChunkList: Hashable, Sendable {
    /// Of the average length that was asked for, as a power of two. Only lists with the same one have chunks in common.
    package let exponent: Int
    /// In the order of the content.
    package let chunks: [Chunk]

    package init(exponent: Int, chunks: [Chunk]) {
        self.exponent = exponent
        self.chunks = chunks
    }

    /// Of the content, in bytes.
    package var size: Int64 { chunks.reduce(0) { $0 + Int64($1.length) } }

    /// Contents of fewer bytes are not cut: they are soon sent.
    package static let leastSize: Int64 = 256 << 10

    // MARK: - As bytes

    /// As it is stored and sent: a version, the exponent, and 20 bytes for each chunk, little-endian.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = [ChunkList.version, UInt8(exponent)]
        bytes.reserveCapacity(2 + chunks.count * ChunkList.bytesOfChunk)
        for chunk in chunks {
            bytes.append(littleEndian: chunk.length)
            bytes.append(littleEndian: chunk.high)
            bytes.append(littleEndian: chunk.low)
        }
        return bytes
    }

    /// - Parameter size: of the content, in bytes.
    /// - Returns: nil for what is no list of a content of that size.
    package init?(encoded bytes: [UInt8], size: Int64) {
        guard bytes.count >= 2, bytes[0] == ChunkList.version, (10...26).contains(bytes[1]),
            (bytes.count - 2) % ChunkList.bytesOfChunk == 0
        else { return nil }
        let longest = ChunkSizes(exponent: Int(bytes[1])).maximum
        var chunks: [Chunk] = []
        chunks.reserveCapacity((bytes.count - 2) / ChunkList.bytesOfChunk)
        var total: Int64 = 0
        for at in stride(from: 2, to: bytes.count, by: ChunkList.bytesOfChunk) {
            let length: UInt32 = bytes.littleEndian(at: at)
            guard length > 0, length <= longest else { return nil }
            total += Int64(length)
            chunks.append(
                Chunk(length: length, high: bytes.littleEndian(at: at + 4), low: bytes.littleEndian(at: at + 12)))
        }
        guard total == size else { return nil }
        self.init(exponent: Int(bytes[1]), chunks: chunks)
    }

    private static let version: UInt8 = 1
    private static let bytesOfChunk = 20

    // MARK: - Samples

    /// Some fingerprints, by which lists that share chunks find each other: the same chunk is a sample in each list or in none,
    /// about one in sixteen. Of a list that has hardly any, and of one that has very many, the smallest ones.
    package var samples: [UInt64] {
        let all = Set(chunks.map(\.low))
        let picked = all.filter { $0 & 15 == 0 }
        return Array((picked.count < 4 ? all : picked).sorted().prefix(picked.count < 4 ? 4 : 256))
    }
}

extension [UInt8] {
    mutating func append(littleEndian number: some FixedWidthInteger) {
        for byte in 0..<number.bitWidth / 8 { append(UInt8(truncatingIfNeeded: number >> (8 * byte))) }
    }

    /// What is there from an index on, all of it.
    func littleEndian<Number: FixedWidthInteger>(at index: Int) -> Number {
        var number = Number.zero
        for byte in 0..<Number.bitWidth / 8 { number |= Number(truncatingIfNeeded: self[index + byte]) << (8 * byte) }
        return number
    }
}
