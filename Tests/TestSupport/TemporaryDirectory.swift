import Glibc
import Hashing
import SyncCore

/// A directory of a test's own. It and all that is in it goes away with the last reference, which in Swift may be the
/// last *use*: hold on to it with ``withTemporaryDirectory(_:)`` (or a stored property of the suite) where only its path is used.
package final class TemporaryDirectory: Sendable {
    /// Absolute, without a trailing slash.
    package let path: String

    /// Makes `/tmp/synchub-test.XXXXXX` (below `$TMPDIR` if set), mode 0700.
    package init(below directory: String? = nil) {
        let base = directory ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/synchub-test.XXXXXX".utf8CString)
        // SAFETY: mkdtemp writes only over the six X of a NUL-terminated buffer that we own.
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) != nil }
        precondition(made, "cannot make a temporary directory below \(base): errno \(errno)")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // A hub that was killed leaves its packs in memory, where the next one of the same root would find them.
        for root in [path, self.path("hub")] {
            let hash = sha256(Array(root.utf8)).prefix(8).map(Escaping.hex).joined()
            TemporaryDirectory.removeTree(AT_FDCWD, Array("/dev/shm/synchub-\(geteuid())-\(hash)".utf8))
        }
        TemporaryDirectory.removeTree(AT_FDCWD, Array(path.utf8))
    }

    /// The absolute path of something inside.
    package func path(_ relative: String) -> String { "\(path)/\(relative)" }

    /// Makes or replaces a file; the directory above it must exist.
    /// - Returns: its absolute path.
    @discardableResult
    package func write(_ bytes: some Swift.Sequence<UInt8>, to relative: String) -> String {
        let descriptor = open(path(relative), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        precondition(descriptor >= 0, "cannot write \(relative): errno \(errno)")
        defer { close(descriptor) }
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            precondition(count > 0, "cannot write \(relative): errno \(errno)")
            rest = rest.dropFirst(count)
        }
        return path(relative)
    }

    /// Makes or replaces a file with a text; the directory above it must exist.
    @discardableResult
    package func write(_ text: String, to relative: String) -> String { write(Array(text.utf8), to: relative) }

    /// The bytes of a file, nil if it cannot be opened.
    package func read(_ relative: String) -> [UInt8]? {
        let descriptor = open(path(relative), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = block.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { return count == 0 ? bytes : nil }
            bytes += block.prefix(count)
        }
    }

    /// The text of a file, nil if it cannot be opened.
    package func text(_ relative: String) -> String? { read(relative).map { String(decoding: $0, as: UTF8.self) } }

    /// Makes a directory and those above it.
    @discardableResult
    package func makeDirectory(_ relative: String) -> String {
        var made = path
        for part in relative.split(separator: "/") {
            made += "/\(part)"
            precondition(mkdir(made, 0o755) == 0 || errno == EEXIST, "cannot make \(made): errno \(errno)")
        }
        return made
    }

    /// The names in a directory, sorted, without `.` and `..`; empty if there is no such directory.
    package func names(in relative: String = "") -> [String] {
        TemporaryDirectory.entries(open(path(relative), O_RDONLY | O_DIRECTORY | O_CLOEXEC))
            .map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    /// Takes ownership of the descriptor.
    private static func entries(_ descriptor: Int32) -> [[UInt8]] {
        guard descriptor >= 0, let stream = fdopendir(descriptor) else { return [] }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            // SAFETY: d_name is NUL-terminated within d_reclen, and valid until the next readdir.
            let name = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
                .assumingMemoryBound(to: UInt8.self)
            let length = strlen(UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
            let bytes = Array(UnsafeBufferPointer(start: name, count: length))
            if bytes != [0x2E] && bytes != [0x2E, 0x2E] { names.append(bytes) }
        }
        return names
    }

    /// Goes by handles, so that no path is too long, and opens what a test had closed.
    private static func removeTree(_ parent: Int32, _ name: [UInt8]) {
        let name = name.map { CChar(bitPattern: $0) } + [0]
        if unlinkat(parent, name, 0) == 0 { return }
        _ = fchmodat(parent, name, 0o700, 0)
        let directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard directory >= 0 else { return }
        defer { close(directory) }
        for entry in entries(dup(directory)) { removeTree(directory, entry) }
        _ = unlinkat(parent, name, AT_REMOVEDIR)
    }
}

/// Runs `body` with a new directory and removes it afterwards.
package func withTemporaryDirectory<Result>(_ body: (TemporaryDirectory) throws -> Result) rethrows -> Result {
    let directory = TemporaryDirectory()
    return try withExtendedLifetime(directory) { try body(directory) }
}

/// Runs `body` with a new directory and removes it afterwards.
package func withTemporaryDirectory<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (TemporaryDirectory) async throws -> Result
) async rethrows -> Result {
    let directory = TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    return try await body(directory)
}
