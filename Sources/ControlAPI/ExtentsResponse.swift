/// Answers `POST /v1/extents`, which asks with a ``LayOutRequest`` of one item: where that file has data. What lies between is
/// holes, which read as zeros and need not travel.
package struct ExtentsResponse: Codable, Hashable, Sendable {
    /// Beginning and end of each, in order, in bytes.
    package var bounds: [Int64]

    package init(_ ranges: [Range<Int64>]) { bounds = ranges.flatMap { [$0.lowerBound, $0.upperBound] } }

    private enum CodingKeys: String, CodingKey { case bounds }

    /// As ranges of a file of a size; what is not in order is taken for all of it.
    package func ranges(within size: Int64) -> [Range<Int64>] {
        var ranges: [Range<Int64>] = []
        var last: Int64 = 0
        for index in stride(from: 0, to: bounds.count - 1, by: 2) {
            let (start, end) = (bounds[index], bounds[index + 1])
            guard start >= last, end > start, end <= size else { return size > 0 ? [0..<size] : [] }
            ranges.append(start..<end)
            last = end
        }
        return ranges
    }
}
