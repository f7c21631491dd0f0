import Glibc

/// A staged file, to be written at places by several threads.
package final class FileWriter: Sendable {
    private let file: FileReader

    init(_ file: FileReader) { self.file = file }

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
    }
}
