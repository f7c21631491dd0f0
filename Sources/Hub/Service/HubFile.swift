import Glibc

/// Small questions about files, and directories with a mode. Blocking calls.
enum HubFile {
    /// The text of a file of at most 16 MiB; nil if there is none.
    static func read(_ path: String) throws(HubFileError) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        if file < 0, errno == ENOENT { return nil }
        try check(file, "open", path)
        defer { close(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16_384)
        while bytes.count <= 16 << 20 {
            // SAFETY: the block's own length goes along.
            let count = block.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
            try check(Int32(truncatingIfNeeded: count), "read", path)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += block.prefix(count)
        }
        throw HubFileError(doing: "read", path: path, code: EFBIG)
    }

    /// The number in a file of one line; nil if there is none, or something else.
    static func number(_ path: String) -> Int? {
        guard let text = try? read(path) else { return nil }
        return Int(text.prefix { !$0.isNewline })
    }

    /// Makes a directory with exactly this mode; one that is there keeps its own.
    /// - Returns: whether it was made.
    @discardableResult
    static func makeDirectory(_ path: String, mode: mode_t) throws(HubFileError) -> Bool {
        if mkdir(path, mode) != 0 {
            if errno == EEXIST, isDirectory(path) { return false }
            throw HubFileError(doing: "make", path: path, code: errno)
        }
        try check(chmod(path, mode), "set the mode of", path)
        return true
    }

    /// Copies a whole file; mode 0600.
    static func copy(_ path: String, to target: String) throws(HubFileError) {
        let from = try check(open(path, O_RDONLY | O_CLOEXEC), "read", path)
        defer { close(from) }
        let to = try check(open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600), "write", target)
        defer { close(to) }
        while true {
            let count = sendfile(to, from, nil, 1 << 30)
            try check(count < 0 ? -1 : 0, "copy", path)
            if count == 0 { return }
        }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// - Parameter own: a name that does not count.
    static func isEmptyOrMissing(_ path: String, but own: String? = nil) -> Bool {
        guard let stream = opendir(path) else { return errno == ENOENT }
        defer { closedir(stream) }
        var count = 0
        while readdir(stream) != nil { count += 1 }
        return count <= (own.map { exists("\(path)/\($0)") } ?? false ? 3 : 2)
    }

    static func isDirectory(_ path: String) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

    static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    @discardableResult
    static func check(_ result: Int32, _ doing: String, _ path: String) throws(HubFileError) -> Int32 {
        guard result >= 0 else { throw HubFileError(doing: doing, path: path, code: errno) }
        return result
    }
}

/// What could not be done to one of the hub's own files.
package struct HubFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A verb: "write".
    package let doing: String
    /// Of the file or directory.
    package let path: String
    /// An `errno`.
    package let code: Int32

    package var description: String {
        let hint =
            switch code {
            case EACCES, EPERM: "; run synchub as the user that owns the root"
            case ENOSPC, EDQUOT: "; make room on this file system"
            case EROFS: "; the file system is mounted read-only"
            default: ""
            }
        return "cannot \(doing) \(path): \(ErrnoText.of(code))\(hint)"
    }
}

/// What the C library says of an `errno`.
enum ErrnoText {
    static func of(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        // SAFETY: the buffer's own length goes along; the text ends in NUL.
        return buffer.withUnsafeMutableBufferPointer {
            strerror_r(code, $0.baseAddress!, $0.count) == 0 ? String(cString: $0.baseAddress!) : "error \(code)"
        }
    }
}
