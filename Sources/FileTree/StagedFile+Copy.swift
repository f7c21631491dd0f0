internal import CLinux
import Glibc

extension StagedFile {
    /// Appends a range of another file; its holes stay holes. With `hashing` the bytes are read and hashed on the way, so that
    /// what is hashed is what is written; without, the kernel copies or shares them, and ``digest(cancelled:)`` reads them when
    /// asked: see ``believesHoles``.
    /// - Throws: ``FileTreeError``: `.changedWhileRead` if the other file is shorter, `.cancelled`, …
    package func append(
        _ range: Range<Int64>, of other: FileReader, hashing: Bool = true, cancelled: () -> Bool = { false }
    ) throws(FileTreeError) {
        // Not worth the asking.
        if range.count < StagedFile.worthAHole || !asksForHoles {
            return try copy(range, of: other, hashing, cancelled)
        }
        guard try other.status().size >= range.upperBound else {
            throw FileTreeError("copy from", other.path, .changedWhileRead)
        }
        var position = range.lowerBound
        while position < range.upperBound {
            if let end = other.endOfHole(at: position, before: range.upperBound) {
                if !hashing { believesHoles = true }
                hasSkippedHoles = true
                try skip(end - position, hashing: hashing, cancelled)
                position = end
            } else {
                let end = other.endOfData(at: position, before: range.upperBound)
                try copy(position..<end, of: other, hashing, cancelled)
                position = end
            }
        }
    }

    private func copy(
        _ range: Range<Int64>, of other: FileReader, _ hashing: Bool, _ cancelled: () -> Bool
    ) throws(FileTreeError) {
        let done = hashing ? 0 : try copyInKernel(range, of: other, cancelled)
        let rest = range.lowerBound + done..<range.upperBound
        if !rest.isEmpty { try copyByHand(rest, of: other, cancelled) }
    }

    /// Makes an empty file one with the blocks of another, if the file system can share them (btrfs, xfs).
    /// - Returns: false if it cannot; nothing happened then.
    package func clone(_ other: FileReader) throws(FileTreeError) -> Bool {
        precondition(size == 0, "only an empty file becomes a clone")
        guard linux_clone_file(file.descriptor.raw, other.descriptor.raw) == 0 else { return false }
        noteUnhashed(upTo: try file.status().size, from: 0)
        return true
    }

    /// - Returns: how many bytes; fewer than asked where the kernel cannot.
    private func copyInKernel(
        _ range: Range<Int64>, of other: FileReader, _ cancelled: () -> Bool
    ) throws(FileTreeError) -> Int64 {
        var done: Int64 = 0
        while done < range.upperBound - range.lowerBound {
            if cancelled() { throw FileTreeError("copy to", name, .cancelled) }
            let count = linux_copy_range(
                other.descriptor.raw, range.lowerBound + done, file.descriptor.raw, size,
                Int(min(64 << 20, range.upperBound - range.lowerBound - done)))
            if count < 0, [ENOSPC, EDQUOT, EIO].contains(errno) { throw FileTreeError("copy to", name) }
            if count <= 0 { break }
            noteUnhashed(upTo: size + Int64(count), from: size)
            done += Int64(count)
        }
        return done
    }

    private func copyByHand(
        _ range: Range<Int64>, of other: FileReader, _ cancelled: () -> Bool
    ) throws(FileTreeError) {
        let block = UnsafeMutableRawBufferPointer.allocate(
            byteCount: blockSize(for: range.upperBound - range.lowerBound), alignment: 64)
        defer { block.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            if cancelled() { throw FileTreeError("copy to", name, .cancelled) }
            let wanted = Int(min(Int64(block.count), range.upperBound - offset))
            let count = try other.read(into: UnsafeMutableRawBufferPointer(rebasing: block[..<wanted]), at: offset)
            guard count == wanted else { throw FileTreeError("copy from", other.path, .changedWhileRead) }
            let bytes = UnsafeRawBufferPointer(rebasing: block[..<count])
            if count >= StagedFile.worthAHole, bytes.isZeros {
                try skip(Int64(count), hashing: true, cancelled)
            } else {
                try append(bytes)
            }
            offset += Int64(count)
        }
    }

    /// Makes its bytes durable, and goes on with it.
    package func sync() throws(FileTreeError) {
        guard fsync(file.descriptor.raw) == 0 else { throw FileTreeError("sync", name) }
    }

    /// The disk begins to write what is there; nobody waits for it.
    package func beginWriting() { linux_begin_writing(file.descriptor.raw, 0, 0) }
}

extension FileReader {
    /// The disk begins to write what is there of a file that somebody else writes; nobody waits for it.
    package func beginWriting() {
        defer { extendLifetime(self) }
        linux_begin_writing(descriptor.raw, 0, 0)
    }
}
