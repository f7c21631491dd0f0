import Glibc

/// A path as the kernel takes it: text or bytes.
package protocol PathBytes {
    /// Without a NUL.
    var pathBytes: [UInt8] { get }
}

extension String: PathBytes {
    /// Its UTF-8.
    package var pathBytes: [UInt8] { Array(utf8) }
}

extension [UInt8]: PathBytes {
    /// Itself.
    package var pathBytes: [UInt8] { self }
}

/// A small file that belongs to one user: read as a whole, written as a whole.
struct PrivateFile {
    private let path: [UInt8]

    init(_ path: some PathBytes) { self.path = path.pathBytes }

    var shownPath: String { String(decoding: path, as: UTF8.self) }

    /// - Parameter isSecret: whether to refuse it if group or others may do anything with it.
    func read(limit: Int, isSecret: Bool = false) throws -> [UInt8] {
        // Non-blocking: opening a FIFO must not wait for its writer.
        let file = open(cString(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { throw error(.unreadable(errno)) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw error(.unreadable(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw error(.notAFile) }
        if isSecret, status.st_mode & 0o077 != 0 { throw error(.open(mode: status.st_mode & 0o777)) }
        return try readAll(file, limit: limit)
    }

    private func readAll(_ file: Int32, limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(file, &block, block.count)
            guard count >= 0 || errno == EINTR else { throw error(.unreadable(errno)) }
            if count == 0 { return bytes }
            bytes += block.prefix(max(count, 0))
            if bytes.count > limit { throw error(.tooLarge(limit: limit)) }
        }
    }

    /// Mode 0600. The order is what makes it whole after a power cut: temporary name beside it, write, sync, rename,
    /// sync the directory.
    func write(_ bytes: [UInt8]) throws {
        let temporary = directory + unfinished + Array("\(UInt64.random(in: .min ... .max))".utf8)
        do {
            try writeNew(temporary, bytes)
            guard rename(cString(temporary), cString(path)) == 0 else { throw error(.unwritable(errno)) }
        } catch {
            unlink(cString(temporary))
            throw error
        }
        try syncDirectory()
    }

    private func writeNew(_ path: [UInt8], _ bytes: [UInt8]) throws {
        let file = open(cString(path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw error(.unwritable(errno)) }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            // SAFETY: the bytes are only read during the call.
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw error(.unwritable(errno)) }
            rest = rest.dropFirst(max(count, 0))
        }
        guard fsync(file) == 0 else { throw error(.unwritable(errno)) }
    }

    /// Whatever a writer that was killed has left. Nobody may be writing this file.
    func removeUnfinished() {
        guard let stream = opendir(cString(directory)) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            // SAFETY: d_name is NUL-terminated within the record, which stands until the next readdir. The record may be shorter than
            // its type: only as much is looked at as is there.
            let start = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
                .assumingMemoryBound(to: CChar.self)
            let name = UnsafeBufferPointer(start: start, count: strlen(start)).map { UInt8(bitPattern: $0) }
            let isNumbered = name.dropFirst(unfinished.count).allSatisfy { 0x30...0x39 ~= $0 }
            if name.starts(with: unfinished), isNumbered {
                unlink(cString(directory + name))
            }
        }
    }

    /// How the names begin that it has while it is written. A name has 255 bytes at most.
    private var unfinished: [UInt8] {
        let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
        return Array(".synchub-".utf8) + name.prefix(200) + [UInt8(ascii: "-")]
    }

    private func syncDirectory() throws {
        let handle = open(cString(directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard handle >= 0 else { throw error(.unwritable(errno)) }
        defer { close(handle) }
        guard fsync(handle) == 0 else { throw error(.unwritable(errno)) }
    }

    /// With its trailing slash.
    private var directory: [UInt8] {
        path.lastIndex(of: UInt8(ascii: "/")).map { Array(path[...$0]) } ?? Array("./".utf8)
    }

    private func cString(_ path: [UInt8]) -> [CChar] { path.map { CChar(bitPattern: $0) } + [0] }

    private func error(_ reason: SettingsError.Reason) -> SettingsError {
        SettingsError(path: shownPath, keyPath: "", reason: reason)
    }
}
