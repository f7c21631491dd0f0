internal import CLinux
import Glibc

extension FileReader {
    /// Where a file has data; what lies between is holes, which read as zeros. In order, without gaps between neighbours that
    /// have none.
    /// - Parameters:
    ///   - size: where to end.
    ///   - limit: a file in more pieces is told as one.
    package func dataRanges(upTo size: Int64, limit: Int = 10_000) -> [Range<Int64>] {
        var ranges: [Range<Int64>] = []
        var position: Int64 = 0
        while position < size {
            let start = linux_next_data(descriptor.raw, position)
            if start < 0, errno == ENXIO { break }
            let end = start < 0 ? -1 : linux_next_hole(descriptor.raw, start)
            // It cannot tell, or has too much to tell.
            guard start >= 0, end > start, ranges.count < limit else { return size > 0 ? [0..<size] : [] }
            if start >= size { break }
            ranges.append(start..<min(end, size))
            position = end
        }
        return ranges
    }
}
