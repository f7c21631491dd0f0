import Glibc
internal import SyncCore

/// The few things that the program does with plain paths, outside of any folder.
enum Files {
    /// Makes a directory and those above it; the last one with this mode.
    static func makeDirectories(_ path: String, mode: mode_t = 0o755) throws {
        var made = ""
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            made += "/" + part
            let isLast = index == parts.count - 1
            if mkdir(made, isLast ? mode : 0o755) != 0, errno != EEXIST {
                throw AgentFailure(.failed, "cannot make \(made): \(String(cString: strerror(errno)))")
            }
        }
    }

    /// An empty directory that only we look into.
    /// - Parameter base: an absolute path; anything else stands for `/tmp`.
    static func makeTemporaryDirectory(below base: String?) throws -> String {
        let base = base.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/tmp"
        var template = Array("\(base)/syncagent-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw AgentFailure(
                .failed, "cannot make a directory in \(base) ($TMPDIR): \(String(cString: strerror(errno)))")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Lines for the person, on standard error.
    static func note(_ text: String) { put(text, to: STDERR_FILENO) }

    /// The same on standard output.
    static func result(_ text: String) { put(text, to: STDOUT_FILENO) }

    /// What others have named does nothing to the terminal, whichever sentence it is in.
    private static func put(_ text: String, to descriptor: Int32) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { SafeText.name(String($0)) }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        _ = write(descriptor, bytes, bytes.count)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The path without symlinks, `.` and `..`.
    static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// At most a MiB of a file, or of standard input for `-`.
    static func read(_ path: String) throws -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw AgentFailure(.failed, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < 1 << 20 {
            let count = Glibc.read(descriptor, &block, block.count)
            if count <= 0 { break }
            bytes += block[..<count]
        }
        return bytes
    }

    /// Copies a whole file.
    static func copy(_ path: String, to target: String) throws {
        let from = open(path, O_RDONLY | O_CLOEXEC)
        guard from >= 0 else { throw AgentFailure(.failed, "cannot read \(path): \(String(cString: strerror(errno)))") }
        defer { close(from) }
        let to = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard to >= 0 else {
            throw AgentFailure(.failed, "cannot write \(target): \(String(cString: strerror(errno)))")
        }
        defer { close(to) }
        while true {
            let count = sendfile(to, from, nil, 1 << 30)
            if count == 0 { return }
            if count < 0 { throw AgentFailure(.failed, "cannot copy \(path): \(String(cString: strerror(errno)))") }
        }
    }
}
