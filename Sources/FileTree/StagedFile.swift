internal import CLinux
import Glibc
internal import Hashing
package import SyncCore

/// A file in the making, in the private area (mode 0600). What is appended in order is hashed on the way. One thread at a
/// time. Removed with its last reference, unless it was finished or ``keep()`` was called.
package final class StagedFile {
    /// Where it lies.
    package let area: PrivateArea
    /// Its name there.
    package let name: Name
    /// In bytes: up to the last one written.
    package private(set) var size: Int64
    /// Has the descriptor, for writing too; nil once finished.
    private var open: FileReader?
    private var hash = SHA256()
    /// All bytes before it are in `hash`.
    private var hashed: Int64 = 0
    /// Whether something was skipped because the other file's file system said that it has a hole there, and nobody has read it.
    package internal(set) var believesHoles = false
    /// Whether something was skipped for that reason, read or not.
    package internal(set) var hasSkippedHoles = false
    /// Whether other files' file systems are asked for their holes. What they say wrong shows in the digest.
    package var asksForHoles = true
    private var isSettled = false

    fileprivate init(area: PrivateArea, name: Name, descriptor: consuming Descriptor, size: Int64) {
        self.area = area
        self.name = name
        self.size = size
        open = FileReader(descriptor, path: name.description)
    }

    var file: FileReader {
        guard let open else { preconditionFailure("a finished file is not written to") }
        return open
    }

    deinit { if !isSettled { try? area.remove(name) } }

    /// Writes after the last byte.
    /// - Throws: ``FileTreeError``: `.noSpace`, …
    package func append(_ bytes: UnsafeRawBufferPointer) throws(FileTreeError) { try write(bytes, at: size) }

    /// Writes after the last byte.
    package func append(_ bytes: [UInt8]) throws(FileTreeError) { try write(bytes, at: size) }

    /// The same.
    package func append(_ bytes: ArraySlice<UInt8>) throws(FileTreeError) {
        let written = bytes.withUnsafeBytes { part in
            Result { () throws(FileTreeError) in try append(part) }
        }
        try written.get()
    }

    /// The same for bytes whose digest nobody asks for, or only once: it reads them then.
    package func append(unhashed bytes: [UInt8]) throws(FileTreeError) {
        let start = size
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(FileTreeError) in try put(buffer, at: start) }
        }.get()
        noteUnhashed(upTo: start + Int64(bytes.count), from: start)
    }

    /// Writes anywhere; what lies between is zeros until written.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileTreeError) {
        try put(bytes, at: offset)
        note(bytes, at: offset)
    }

    private func put(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(FileTreeError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(file.descriptor.raw, bytes.baseAddress! + done, bytes.count - done, Int(offset) + done)
            if count < 0 && errno != EINTR { throw FileTreeError("write", name) }
            done += max(count, 0)
        }
    }

    /// Writes anywhere; what lies between is zeros until written.
    package func write(_ bytes: [UInt8], at offset: Int64) throws(FileTreeError) {
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(FileTreeError) in try write(buffer, at: offset) }
        }.get()
    }

    /// Cuts it to so many bytes, or fills it up with zeros.
    package func resize(to newSize: Int64) throws(FileTreeError) {
        guard ftruncate(file.descriptor.raw, Int(newSize)) == 0 else { throw FileTreeError("resize", name) }
        forgetHash(from: newSize)
        size = newSize
    }

    /// Asks the file system to have room for so many bytes: a full disk is noticed before the transfer, not after it.
    package func reserve(_ bytes: Int64) throws(FileTreeError) {
        if bytes > 0, linux_reserve(file.descriptor.raw, bytes) != 0, errno == ENOSPC || errno == EDQUOT {
            throw FileTreeError("reserve room for", name)
        }
    }

    /// For writing from other threads, each at its own place. What they have written counts with ``hash(upTo:cancelled:)``.
    package var writer: FileWriter { FileWriter(file) }

    /// Takes in what writers have written up to here, and hashes it; what nobody wrote is zeros.
    package func hash(upTo end: Int64, cancelled: () -> Bool = { false }) throws(FileTreeError) {
        guard end > hashed else { return }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize(for: end - hashed), alignment: 64)
        defer { room.deallocate() }
        while hashed < end {
            if cancelled() { throw FileTreeError("read", name, .cancelled) }
            let part = UnsafeMutableRawBufferPointer(rebasing: room[..<Int(min(Int64(room.count), end - hashed))])
            let count = try file.read(into: part, at: hashed)
            guard count == part.count else { throw FileTreeError("read", name, .changedWhileRead) }
            hash.update(UnsafeRawBufferPointer(part))
            hashed += Int64(count)
        }
        size = max(size, end)
    }

    /// Cuts off everything from the first place on that was never written: what lies before it came in order.
    /// - Parameter data: where something is to be written, in order; everywhere unless given.
    package func cutAtFirstHole(in data: [Range<Int64>]? = nil) throws(FileTreeError) {
        for range in data ?? [0..<size] where range.lowerBound < size {
            let hole = linux_next_hole(file.descriptor.raw, range.lowerBound)
            if hole >= 0, hole < min(range.upperBound, size) { return try resize(to: hole) }
        }
    }

    /// What was written, back.
    package func read(at offset: Int64, count: Int) throws(FileTreeError) -> [UInt8] {
        try file.read(at: offset, count: count)
    }

    /// The digest of all bytes up to now; reads only what was not written in order.
    package func digest(cancelled: () -> Bool = { false }) throws(FileTreeError) -> Digest {
        hashed += try file.feed(&hash, from: hashed, room: blockSize(for: size - hashed), cancelled)
        var finished = SHA256()
        swap(&finished, &hash)
        hashed = 0
        return finished.finalizeDigest()
    }

    /// Checks the bytes, sets mode and time, closes it and makes it an item that can be placed. Nothing else may be called
    /// afterwards.
    /// - Parameter expected: nil when the bytes were verified otherwise.
    /// - Parameter sync: whether its bytes are durable afterwards (or the caller syncs the file system for a batch).
    /// - Throws: ``FileTreeError``: `.wrongContent`, `.noSpace`, … The file is then still staged.
    package func finish(
        mode: Mode, mtime: Nanoseconds, expecting expected: Digest?, sync: Bool
    ) throws(FileTreeError) -> PrivateItem {
        if let expected {
            let found = try digest()
            guard found == expected
            else { throw FileTreeError("finish", name, .wrongContent(expected: expected, found: found)) }
        }
        let raw = file.descriptor.raw
        let time = seconds(mtime)
        guard linux_set_mtime_handle(raw, time.seconds, time.nanoseconds) == 0
        else { throw FileTreeError("finish", name) }
        var status = try file.status()
        // It may have been made with it.
        if status.mode.rawValue != mode.rawValue {
            guard fchmod(raw, mode_t(mode.rawValue)) == 0 else { throw FileTreeError("finish", name) }
            status = try file.status()
        }
        if sync, fsync(raw) != 0 { throw FileTreeError("finish", name) }
        let item = PrivateItem(area: area, name: name, status: status)
        isSettled = true
        open = nil  // else we would be the writer that keeps us from replacing it later
        return item
    }

    /// Lets it lie for a later ``PrivateArea/resumeFile(named:)`` when the last reference goes.
    package func keep() { isSettled = true }

    /// A copy or clone wrote up to here without being hashed.
    func noteUnhashed(upTo end: Int64, from start: Int64) {
        forgetHash(from: start)
        size = max(size, end)
    }

    private func note(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        if offset == hashed {
            hash.update(bytes)
            hashed += Int64(bytes.count)
        } else {
            forgetHash(from: offset)
        }
        size = max(size, offset + Int64(bytes.count))
    }

    /// There are so many zeros now that nobody wrote.
    func noteZeros(_ count: Int64, from start: Int64, _ cancelled: () -> Bool) throws(FileTreeError) {
        guard start == hashed else { return forgetHash(from: start) }
        let zeros = [UInt8](repeating: 0, count: Int(min(count, 256 << 10)))
        var left = count
        while left > 0 {
            if cancelled() { throw FileTreeError("copy to", name, .cancelled) }
            let part = Int(min(left, Int64(zeros.count)))
            zeros.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<part])) }
            left -= Int64(part)
            hashed += Int64(part)
        }
    }

    /// Bytes that were hashed are others now.
    private func forgetHash(from offset: Int64) {
        guard offset < hashed else { return }
        hash = SHA256()
        hashed = 0
    }
}

extension PrivateArea {
    /// An empty file, its name random unless given.
    /// - Parameter mode: if it is known what it is to have when it is finished; what the umask takes from it comes then.
    /// - Throws: ``FileTreeError``: `.occupied` if the given name is taken, `.noSpace`, …
    package func newFile(
        named name: Name? = nil, mode: Mode = Mode(0o600)
    ) throws(FileTreeError) -> StagedFile {
        let name = name ?? PrivateArea.randomName()
        let raw = withCString(name.bytes) {
            openat(directory.raw, $0, O_RDWR | O_CREAT | O_EXCL | LINUX_O_NOFOLLOW | O_CLOEXEC, mode_t(mode.rawValue))
        }
        guard raw >= 0 else { throw FileTreeError("make", name) }
        return StagedFile(area: self, name: name, descriptor: Descriptor(raw), size: 0)
    }

    /// A file that was kept, to be written on; nil when absent. Its bytes count as unhashed.
    package func resumeFile(named name: Name) throws(FileTreeError) -> StagedFile? {
        let raw = withCString(name.bytes) { openat(directory.raw, $0, O_RDWR | LINUX_O_NOFOLLOW | O_CLOEXEC) }
        if raw < 0 && errno == ENOENT { return nil }
        guard raw >= 0 else { throw FileTreeError("open", name) }
        let descriptor = Descriptor(raw)
        guard let status = descriptor.status(), status.kind == .file else {
            throw FileTreeError("open", name, .notFile)
        }
        return StagedFile(area: self, name: name, descriptor: descriptor, size: status.size)
    }
}
