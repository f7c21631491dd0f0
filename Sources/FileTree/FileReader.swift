internal import CLinux
import Glibc
package import SyncCore

/// A file open for reading. What it reads is that inode, whatever happens to the name. ``read(into:at:)`` and
/// ``read(at:count:)`` may be called by any thread; ``read(into:)`` by one at a time.
package final class FileReader: Sendable {
    let descriptor: Descriptor
    /// For display.
    package let path: String

    /// For a library that reads by itself; the reader still owns it, and must outlive its use.
    package var rawDescriptor: Int32 { descriptor.raw }

    /// For tests: said to be a hole, whatever is there.
    let falseHole: Range<Int64>?

    /// - Parameter descriptor: of a regular file.
    init(_ descriptor: consuming Descriptor, path: String, falseHole: Range<Int64>? = nil) {
        self.descriptor = descriptor
        self.path = path
        self.falseHole = falseHole
    }

    /// For tests: the same file on a file system that tells of a hole where there is none.
    package func lying(about hole: Range<Int64>) -> FileReader {
        FileReader(Descriptor(fcntl(descriptor.raw, F_DUPFD_CLOEXEC, 0)), path: path, falseHole: hole)
    }

    /// As it is now.
    package func status() throws(FileTreeError) -> FileStatus {
        guard let status = descriptor.status() else { throw FileTreeError("look at", path) }
        return status
    }

    /// Makes the bytes of the file durable, whoever wrote them; not its name.
    package func sync() throws(FileTreeError) {
        defer { extendLifetime(self) }
        guard fsync(descriptor.raw) == 0 else { throw FileTreeError("sync", path) }
    }

    /// The next bytes, from the start on.
    /// - Returns: how many, 0 at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileTreeError) -> Int {
        try repeated { Glibc.read(descriptor.raw, buffer.baseAddress, buffer.count) }
    }

    /// Bytes from an offset on, as many as fit and are there.
    /// - Returns: how many; fewer than fit only at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileTreeError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = try repeated {
                pread(descriptor.raw, buffer.baseAddress! + filled, buffer.count - filled, Int(offset) + filled)
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Bytes from an offset on; fewer than `count` only at the end of the file.
    package func read(at offset: Int64, count: Int) throws(FileTreeError) -> [UInt8] {
        // Not more than there is: the count may come from elsewhere.
        let there = max(0, min(Int64(count), try status().size - offset))
        var bytes = [UInt8](repeating: 0, count: Int(there))
        let filled = try read(into: &bytes, at: offset)
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    private func read(into bytes: inout [UInt8], at offset: Int64) throws(FileTreeError) -> Int {
        let outcome = bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(FileTreeError) in try read(into: buffer, at: offset) }
        }
        return try outcome.get()
    }

    /// Whether a program has it open for writing; nil where that cannot be told (not the owner, or no leases here).
    package func isWriterActive() -> Bool? { WriterLease.isWriterActive(descriptor.raw) }

    private func repeated(_ call: () -> Int) throws(FileTreeError) -> Int {
        while true {
            let count = call()
            if count >= 0 { return count }
            if errno != EINTR { throw FileTreeError("read", path) }
        }
    }
}

extension TreeRoot {
    /// The bytes of a small file; nil if there is no regular file, or one of more than `limit` bytes.
    /// - Throws: ``FileTreeError``: `.denied`, …
    package func smallFile(_ path: RelativePath, limit: Int) throws(FileTreeError) -> [UInt8]? {
        do throws(FileTreeError) {
            let file = try openFile(path)
            guard try file.status().size <= limit else { return nil }
            return try file.read(at: 0, count: limit)
        } catch {
            if [.notFound, .notDirectory, .notFile, .escapes].contains(error.reason) { return nil }
            throw error
        }
    }

    /// The first bytes of a file, at most `limit`; nil if there is no regular file.
    /// - Throws: ``FileTreeError``: `.denied`, …
    package func beginning(of path: RelativePath, limit: Int) throws(FileTreeError) -> [UInt8]? {
        do throws(FileTreeError) { return try openFile(path).read(at: 0, count: limit) } catch {
            if [.notFound, .notDirectory, .notFile, .escapes].contains(error.reason) { return nil }
            throw error
        }
    }

    /// Opens a regular file for reading; nothing else, and nothing that would wait (a FIFO) or act (a device).
    /// - Throws: ``FileTreeError``: `.notFile`, `.notFound`, …
    package func openFile(_ path: RelativePath) throws(FileTreeError) -> FileReader {
        try entry(path, "read").openReader()
    }
}

extension Entry {
    /// See ``TreeRoot/openFile(_:)``.
    func openReader() throws(FileTreeError) -> FileReader {
        guard let status = try status("read") else { throw error("read", errno: ENOENT) }
        guard status.kind == .file else { throw FileTreeError("read", path, .notFile) }
        // O_NONBLOCK, should it have become a FIFO since. O_NOATIME is for owners only.
        var opened = open(O_RDONLY | O_NONBLOCK | LINUX_O_NOATIME)
        if opened == nil, errno == EPERM { opened = open(O_RDONLY | O_NONBLOCK) }
        guard let descriptor = opened.take() else { throw error("read") }
        guard descriptor.status()?.kind == .file else { throw FileTreeError("read", path, .notFile) }
        return FileReader(descriptor, path: path)
    }
}
