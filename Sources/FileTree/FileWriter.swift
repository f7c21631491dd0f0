internal import CLinux
import Glibc

/// A staged file, to be written at places by several threads.
package final class FileWriter: Sendable {
    private let file: FileReader

    init(_ file: FileReader) { self.file = file }

    /// The disk begins to write what is complete, in parts of this size: whoever syncs in the end waits for little.
    private static let part: Int64 = 8 << 20

    /// - Throws: ``FileTreeError``: `.noSpace`, …
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileTreeError) {
        var done = 0
        while done < bytes.count {
            // SAFETY: the rest of the bytes, and no more.
            let count = pwrite(
                file.descriptor.raw, bytes.baseAddress! + done, bytes.count - done, Int(offset) + done)
            if count < 0 && errno != EINTR { throw FileTreeError("write", file.path) }
            done += max(count, 0)
        }
        let (start, end) = (offset & -FileWriter.part, (offset + Int64(bytes.count)) & -FileWriter.part)
        if end > start { linux_begin_writing(file.descriptor.raw, start, end - start) }
    }
}
