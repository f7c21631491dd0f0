/// Appends what comes in blocks of any size, and leaves holes where there are many zeros. ``end()`` has to follow the last block.
package struct HoleWriter {
    private let file: StagedFile
    /// Have come, and were not written yet.
    private var zeros = 0
    /// All that has come, in bytes.
    package private(set) var size: Int64 = 0

    /// In bytes: looked at as one.
    private static let slice = 4_096

    package init(_ file: StagedFile) {
        self.file = file
        size = file.size
    }

    /// - Throws: ``FileTreeError``: `.noSpace`, …
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileTreeError) {
        /// Begins the bytes that are to be written together.
        var start = 0
        for offset in stride(from: 0, to: bytes.count, by: HoleWriter.slice) {
            let end = min(offset + HoleWriter.slice, bytes.count)
            if UnsafeRawBufferPointer(rebasing: bytes[offset..<end]).isZeros {
                try write(bytes, start..<offset)
                start = end
                zeros += end - offset
            }
        }
        try write(bytes, start..<bytes.count)
        size += Int64(bytes.count)
    }

    /// Nothing more comes.
    package mutating func end() throws(FileTreeError) {
        if zeros >= StagedFile.worthAHole {
            try file.skip(Int64(zeros), hashing: true) { false }
        } else if zeros > 0 {
            try file.append([UInt8](repeating: 0, count: zeros))
        }
        zeros = 0
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(FileTreeError) {
        if range.isEmpty { return }
        try end()
        try file.append(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
}
