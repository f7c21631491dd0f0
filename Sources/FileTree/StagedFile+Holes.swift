internal import CLinux
import Glibc
package import SyncCore

extension StagedFile {
    /// So many zeros are written at most where a hole would do.
    static let worthAHole = 64 << 10

    /// Goes on after so many zeros without writing them: they are a hole, where the file system has holes.
    /// - Parameter hashing: whether they are hashed now, as what is written is.
    func skip(_ count: Int64, hashing: Bool, _ cancelled: () -> Bool) throws(FileTreeError) {
        let start = size
        try resize(to: start + count)
        if hashing { try noteZeros(count, from: start, cancelled) }
    }

    /// Looks whether what a recipe wants written fits the disk; of a file that has its beginning already only what is new counts.
    /// - Throws: ``FileTreeError``: `.noSpace`.
    package func requireRoom(for recipe: Recipe, bases: [FileReader]) throws(FileTreeError) {
        try requireRanges(of: recipe, bases)
        try requireRoom(for: recipe, bases, shared: maySharePages(of: bases))
    }

    /// Looks whether a copy of a part of another file fits the disk, if it is large: the disk tells of a small one soon enough.
    /// - Throws: ``FileTreeError``: `.noSpace`.
    package func requireRoom(for range: Range<Int64>, of other: FileReader) throws(FileTreeError) {
        if range.count < StagedFile.worthAsking { return }
        let data = DataMap(other.dataRanges(upTo: range.upperBound))
        try area.requireRoom(for: data.bytes(in: range))
    }

    /// In bytes.
    private static let worthAsking = 1 << 20

    /// Looks whether what a recipe wants written fits the disk, before hours of it are: a few ranges can ask for terabytes.
    /// - Parameter shared: whether ranges of bases take no room.
    /// - Throws: ``FileTreeError``: `.noSpace`.
    func requireRoom(for recipe: Recipe, _ bases: [FileReader], shared: Bool) throws(FileTreeError) {
        var bytes = recipe.newBytes
        if !shared {
            let data = bases.map { DataMap($0.dataRanges(upTo: (try? $0.status().size) ?? 0)) }
            for case .copy(let base, let offset, let length) in recipe.pieces {
                bytes += data[base].bytes(in: offset..<offset + length)
            }
        }
        try area.requireRoom(for: bytes)
    }

    /// Whether the file system may be able to share blocks of one of these files, found by trying.
    func maySharePages(of bases: [FileReader]) -> Bool {
        guard size == 0, let base = bases.first else { return true }
        let failed = linux_clone_range(file.descriptor.raw, 0, base.descriptor.raw, 0, 4_096) != 0
        if failed { return ![EOPNOTSUPP, ENOTTY, ENOSYS, EXDEV].contains(errno) }
        return (try? resize(to: 0)) != nil
    }
}

extension PrivateArea {
    /// - Throws: ``FileTreeError``: `.noSpace` if so many bytes do not fit on the disk; what others write meanwhile is not known.
    package func requireRoom(for bytes: Int64) throws(FileTreeError) {
        // Who cannot be told is told by the disk.
        guard let space = try? FileSystemSpace(of: directory, path), space.free < bytes else { return }
        throw FileTreeError("reserve room in", path, .noSpace, code: ENOSPC)
    }
}

extension FileReader {
    /// Where the hole ends that lies at an offset, at most an end; nil where there is data, or nobody can tell.
    func endOfHole(at offset: Int64, before end: Int64) -> Int64? {
        if let falseHole, falseHole.contains(offset) { return min(falseHole.upperBound, end) }
        let data = linux_next_data(descriptor.raw, offset)
        if data < 0 { return errno == ENXIO ? end : nil }
        return data > offset ? min(data, end) : nil
    }

    /// Where the data ends that lies at an offset, at most an end.
    func endOfData(at offset: Int64, before end: Int64) -> Int64 {
        if let falseHole, offset < falseHole.lowerBound { return min(falseHole.lowerBound, end) }
        let hole = linux_next_hole(descriptor.raw, offset)
        return hole > offset ? min(hole, end) : end
    }
}

/// How many bytes of a file's ranges are data, not holes.
struct DataMap {
    private let ranges: [Range<Int64>]
    /// Before each of the ranges, and after the last one.
    private let sums: [Int64]

    /// - Parameter ranges: in order, without overlap.
    init(_ ranges: [Range<Int64>]) {
        self.ranges = ranges
        var sums: [Int64] = [0]
        for range in ranges { sums.append(sums[sums.count - 1] + range.upperBound - range.lowerBound) }
        self.sums = sums
    }

    func bytes(in range: Range<Int64>) -> Int64 { before(range.upperBound) - before(range.lowerBound) }

    private func before(_ offset: Int64) -> Int64 {
        // The first range that ends behind it.
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= offset { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count ? sums[low] + max(0, offset - ranges[low].lowerBound) : sums[low]
    }
}

extension UnsafeRawBufferPointer {
    /// Whether there is nothing else in it.
    var isZeros: Bool {
        guard let start = baseAddress, self[0] == 0 else { return isEmpty }
        // SAFETY: both within the buffer. Each byte is the one before it, and the first is zero.
        return memcmp(start, start + 1, count - 1) == 0
    }
}
