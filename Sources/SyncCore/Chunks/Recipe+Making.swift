extension Recipe {
    /// The way to a content from others, chunk by chunk; ranges that follow each other are one.
    /// - Parameters:
    ///   - list: of the content.
    ///   - bases: what is there, likelier ones first; those whose chunks are of other lengths are of no use.
    ///   - least: copied ranges that are shorter are sent with the new bytes on both sides of them, in bytes.
    /// - Returns: nil if it does not save at least a quarter.
    package static func make(
        _ list: ChunkList, from bases: [(digest: Digest, list: ChunkList)], least: Int64 = 0
    ) -> Recipe? {
        let bases = bases.filter { $0.list.exponent == list.exponent }.prefix(mostBases)
        var least = least
        let pieces = matched(list, bases.map(\.list))
        while true {
            let merged = merge(pieces, least)
            if merged.count <= mostPieces {
                let (used, final) = without(unused: bases.map(\.digest), merged)
                guard let recipe = try? Recipe(bases: used, pieces: final), recipe.pays else { return nil }
                return recipe
            }
            least = max(least * 2, 4_096)
        }
    }

    private var pays: Bool { !bases.isEmpty && newBytes + Int64(24 * pieces.count) <= size - size / 4 }

    /// One piece for each chunk.
    private static func matched(_ list: ChunkList, _ bases: [ChunkList]) -> [Piece] {
        var places: [Chunk: Place] = [:]
        var offsets: [[Int64]] = []
        for (base, other) in bases.enumerated() {
            var position: Int64 = 0
            var starts: [Int64] = []
            starts.reserveCapacity(other.chunks.count)
            for (index, chunk) in other.chunks.enumerated() {
                if places[chunk] == nil { places[chunk] = Place(base: base, index: index) }
                starts.append(position)
                position += Int64(chunk.length)
            }
            offsets.append(starts)
        }
        var last: Place?
        return list.chunks.map { chunk in
            // What follows in the base is preferred: chunks that occur often would tear a range apart.
            let next = last.map { Place(base: $0.base, index: $0.index + 1) }
            if let next, next.index < bases[next.base].chunks.count, bases[next.base].chunks[next.index] == chunk {
                last = next
            } else {
                last = places[chunk]
            }
            guard let found = last else { return .new(length: Int64(chunk.length)) }
            return .copy(base: found.base, offset: offsets[found.base][found.index], length: Int64(chunk.length))
        }
    }

    /// Where a chunk is.
    private struct Place {
        var base: Int
        var index: Int
    }

    private static func merge(_ pieces: [Piece], _ least: Int64) -> [Piece] {
        let joined = pieces.reduce(into: []) { $0.join($1) }
        guard least > 0 else { return joined }
        return joined.enumerated().reduce(into: []) { result, item in
            let isShort = item.element.length < least
            let stands = item.offset == 0 || item.offset == joined.count - 1
            result.join(isShort && !stands ? .new(length: item.element.length) : item.element)
        }
    }

    private static func without(unused bases: [Digest], _ pieces: [Piece]) -> ([Digest], [Piece]) {
        var numbers: [Int: Int] = [:]
        var used: [Digest] = []
        let renumbered = pieces.map { piece -> Piece in
            guard case .copy(let base, let offset, let length) = piece else { return piece }
            let number = numbers[base] ?? used.count
            if number == used.count {
                numbers[base] = number
                used.append(bases[base])
            }
            return .copy(base: number, offset: offset, length: length)
        }
        return (used, renumbered)
    }
}

extension [Recipe.Piece] {
    /// Adds a piece, or makes the last one longer by it.
    fileprivate mutating func join(_ piece: Recipe.Piece) {
        switch (last, piece) {
        case (.new(let length), .new(let more)):
            self[count - 1] = .new(length: length + more)
        case (.copy(let base, let offset, let length), .copy(let other, let next, let more))
        where base == other && offset + length == next:
            self[count - 1] = .copy(base: base, offset: offset, length: length + more)
        default: append(piece)
        }
    }
}
