import Glibc

/// Reads the little files that this program needs whole.
enum SmallFile {
    /// An `errno`.
    struct Unreadable: Error, Equatable { var code: Int32 }

    /// - Parameter path: `-` is stdin when `orStandardInput`.
    /// - Throws: ``Unreadable``; EFBIG when there is more than `limit` bytes.
    static func read(
        _ path: [UInt8], limit: Int = 16 << 10, orStandardInput: Bool = false
    ) throws(Unreadable) -> [UInt8] {
        let isStandardInput = orStandardInput && path == Array("-".utf8)
        let descriptor = isStandardInput ? dup(STDIN_FILENO) : open(cString(path), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Unreadable(code: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while bytes.count <= limit {
            let count = block.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Unreadable(code: errno) }
            if count == 0 { return bytes }
            bytes += block.prefix(count)
        }
        throw Unreadable(code: EFBIG)
    }

    /// Its permission bits; nil if it cannot be looked at.
    static func mode(_ path: [UInt8]) -> mode_t? {
        var status = stat()
        return stat(cString(path), &status) == 0 ? status.st_mode & 0o777 : nil
    }

    /// The text of a file without the white space around it; ASCII, or it is unreadable.
    static func word(_ path: [UInt8]) throws(Unreadable) -> String {
        let bytes = try read(path)
        guard bytes.allSatisfy({ $0 < 0x7F }) else { throw Unreadable(code: EILSEQ) }
        let isSpace = { (byte: UInt8) in byte <= 0x20 }
        let trimmed = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !trimmed.contains(where: isSpace) else { throw Unreadable(code: EILSEQ) }
        return String(decoding: trimmed, as: UTF8.self)
    }
}

/// The bytes with a NUL behind them.
func cString(_ bytes: [UInt8]) -> [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }
