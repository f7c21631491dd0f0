internal import Engine
internal import SyncCore

/// Which large content goes first, see ``LargeOrder``. A pure decision.
enum BulkOrder {
    /// Whether one goes before another of which so many bytes are left: only what is done in a small part of the time that the
    /// other needs, so that never many are under way.
    static func overtakes(_ size: Int64, _ left: Int64) -> Bool { size <= left / 4 }
}

/// Ranges of a file. Pure.
enum Ranges {
    /// In bytes: shorter holes travel as zeros, since a new range costs round trips.
    static let worthSkipping: Int64 = 1 << 20

    /// What some ranges and the data of a file have in common, in pieces of at most so many bytes. Both in order.
    static func pieces(of wanted: [Range<Int64>], data: [Range<Int64>], most: Int64) -> [Range<Int64>] {
        let data = joined(data)
        var pieces: [Range<Int64>] = []
        for range in wanted {
            for part in data where part.overlaps(range) {
                let both = part.clamped(to: range)
                for start in stride(from: both.lowerBound, to: both.upperBound, by: Int64.Stride(most)) {
                    pieces.append(start..<min(start + most, both.upperBound))
                }
            }
        }
        return pieces
    }

    /// The same ranges in smaller pieces towards the end, so that all of a crew end at about the same time.
    static func graded(_ ranges: [Range<Int64>], crew: Int) -> [Range<Int64>] {
        var left = bytes(ranges)
        var pieces: [Range<Int64>] = []
        for range in ranges {
            var start = range.lowerBound
            while start < range.upperBound {
                let size = max(left / Int64(2 * max(crew, 1)), smallestPiece)
                // No crumbs.
                let end = range.upperBound - start < size + size / 2 ? range.upperBound : start + size
                pieces.append(start..<end)
                left -= end - start
                start = end
            }
        }
        return pieces
    }

    /// In bytes: between two pieces a connection is idle for a round trip.
    private static let smallestPiece: Int64 = 8 << 20

    /// With the last byte of a file: it gives the file its size where it ends with a hole.
    static func ended(_ data: [Range<Int64>], at size: Int64) -> [Range<Int64>] {
        (data.last?.upperBound ?? 0) < size ? data + [size - 1..<size] : data
    }

    /// All of them together, in bytes.
    static func bytes(_ ranges: [Range<Int64>]) -> Int64 { ranges.reduce(0) { $0 + $1.upperBound - $1.lowerBound } }

    private static func joined(_ data: [Range<Int64>]) -> [Range<Int64>] {
        var joined: [Range<Int64>] = []
        for range in data {
            if let last = joined.last, range.lowerBound - last.upperBound < worthSkipping {
                joined[joined.count - 1] = last.lowerBound..<range.upperBound
            } else {
                joined.append(range)
            }
        }
        return joined
    }
}
