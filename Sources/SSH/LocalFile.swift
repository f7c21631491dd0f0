import Glibc

/// The few things this room asks of the local file system.
enum LocalFile {
    /// Up to `limit` bytes of a file, and its permission bits; `nil` if it cannot be read (`errno` says why).
    static func read(_ path: String, limit: Int) -> (bytes: [CChar], mode: mode_t)? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return nil }
        var bytes = [CChar](repeating: 0, count: limit)
        // SAFETY: `pread` writes at most `limit` bytes, which the array holds.
        let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, limit, 0) }
        guard count >= 0 else { return nil }
        return (Array(bytes.prefix(count)), status.st_mode & 0o777)
    }

    /// Reads up to `buffer.count` bytes at `offset`, less only at the end of the file.
    /// - Throws: ``SSHError/local(reason:)``
    static func read(_ file: Int32, at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(SSHError)
        -> Int
    {
        var filled = 0
        while filled < buffer.count {
            // SAFETY: the rest of the buffer, and no more than it holds.
            let count = pread(file, buffer.baseAddress! + filled, buffer.count - filled, off_t(offset) + off_t(filled))
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw .local(reason: SystemError.text(errno))
            }
            filled += count
        }
        return filled
    }
}

/// What the C library says of an `errno`.
enum SystemError {
    static func text(_ code: Int32) -> String {
        // SAFETY: glibc's strerror is thread-safe since 2.32 and always answers with a NUL-terminated text.
        String(cString: strerror(code))
    }
}
