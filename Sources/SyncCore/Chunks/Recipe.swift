/// How a content is put together: ranges of contents that are there, and new bytes, from its first byte to its last.
package struct Recipe: Hashable, Sendable {
    /// A range of the content.
    package enum Piece: Hashable, Sendable {
        /// Bytes of ``Recipe/bases`` of that index, from an offset on.
        case copy(base: Int, offset: Int64, length: Int64)
        /// Bytes that nobody has yet.
        case new(length: Int64)

        /// In bytes.
        package var length: Int64 {
            switch self {
            case .copy(_, _, let length), .new(let length): length
            }
        }
    }
    /// The contents that ranges are of.
    package let bases: [Digest]
    /// In the order of the content.
    package let pieces: [Piece]
    /// Of the content, in bytes.
    package let size: Int64
    /// In bytes: what has to travel.
    package let newBytes: Int64

    /// Of a recipe.
    package static let mostPieces = 8_192
    /// Of a recipe.
    package static let mostBases = 8

    /// Why something is no recipe.
    package struct Flaw: Error, Hashable, Sendable, CustomStringConvertible {
        /// A sentence's end: "the ranges …".
        package let description: String
    }

    /// - Throws: ``Flaw`` for what leads outside of anything, or is too much.
    package init(bases: [Digest], pieces: [Piece]) throws(Flaw) {
        guard bases.count <= Recipe.mostBases, pieces.count <= Recipe.mostPieces else {
            throw Flaw(
                description: "a recipe has at most \(Recipe.mostBases) bases and \(Recipe.mostPieces) ranges; send the "
                    + "content whole")
        }
        var (size, newBytes): (Int64, Int64) = (0, 0)
        for piece in pieces {
            guard piece.length > 0 else { throw Flaw(description: "a range has at least one byte") }
            if case .copy(let base, let offset, let length) = piece {
                guard bases.indices.contains(base) else { throw Flaw(description: "a range is of no base") }
                guard offset >= 0, !offset.addingReportingOverflow(length).overflow else {
                    throw Flaw(description: "a range lies outside of any content")
                }
            } else {
                newBytes &+= piece.length  // Not more than the size, which is looked at.
            }
            let sum = size.addingReportingOverflow(piece.length)
            if sum.overflow { throw Flaw(description: "the ranges together are longer than any content") }
            size = sum.partialValue
        }
        (self.bases, self.pieces, self.size, self.newBytes) = (bases, pieces, size, newBytes)
    }

    /// Where the new bytes are to be in the content, in its order.
    package var newRanges: [Range<Int64>] {
        var ranges: [Range<Int64>] = []
        var position: Int64 = 0
        for piece in pieces {
            if case .new(let length) = piece { ranges.append(position..<position + length) }
            position += piece.length
        }
        return ranges
    }

    // MARK: - As numbers

    /// Three for each piece: which base, -1 for new bytes; from where on in it, 0 for new bytes; how many bytes.
    package var numbers: [Int64] {
        pieces.flatMap { piece -> [Int64] in
            switch piece {
            case .copy(let base, let offset, let length): [Int64(base), offset, length]
            case .new(let length): [-1, 0, length]
            }
        }
    }

    /// - Throws: ``Flaw``.
    package init(bases: [Digest], numbers: [Int64]) throws(Flaw) {
        guard numbers.count % 3 == 0 else { throw Flaw(description: "each range is three numbers") }
        guard numbers.count / 3 <= Recipe.mostPieces else {
            throw Flaw(description: "a recipe has at most \(Recipe.mostPieces) ranges; send the content whole")
        }
        var pieces: [Piece] = []
        for at in stride(from: 0, to: numbers.count, by: 3) {
            if numbers[at] == -1 {
                guard numbers[at + 1] == 0 else { throw Flaw(description: "new bytes have no offset") }
                pieces.append(.new(length: numbers[at + 2]))
            } else {
                guard let base = Int(exactly: numbers[at]) else { throw Flaw(description: "a range is of no base") }
                pieces.append(.copy(base: base, offset: numbers[at + 1], length: numbers[at + 2]))
            }
        }
        try self.init(bases: bases, pieces: pieces)
    }
}

// MARK: - As bytes

extension Recipe {
    /// As it is stored: the number of bases, those, and the numbers of the ranges, little-endian.
    package var encoded: [UInt8] {
        var bytes = [UInt8(bases.count)]
        for base in bases { bytes += base.bytes }
        for number in numbers { bytes.append(littleEndian: number) }
        return bytes
    }

    /// - Returns: nil for what is no recipe.
    package init?(encoded bytes: [UInt8]) {
        guard let count = bytes.first, (bytes.count - 1 - Int(count) * Digest.size) % 24 == 0,
            bytes.count > Int(count) * Digest.size
        else { return nil }
        let end = 1 + Int(count) * Digest.size
        let bases = stride(from: 1, to: end, by: Digest.size).compactMap {
            Digest(bytes: Array(bytes[$0..<$0 + Digest.size]))
        }
        let numbers: [Int64] = stride(from: end, to: bytes.count, by: 8).map { bytes.littleEndian(at: $0) }
        guard let recipe = try? Recipe(bases: bases, numbers: numbers) else { return nil }
        self = recipe
    }
}
