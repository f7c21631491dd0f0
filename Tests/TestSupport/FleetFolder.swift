import Glibc
import Hashing

/// A directory tree on the disk, by names that are bytes: to make things in it, and to compare it with another.
package struct FleetFolder: Sendable, CustomStringConvertible {
    /// Absolute.
    package let path: String

    package init(_ path: String) { self.path = path }

    package var description: String { path }

    /// One thing in a tree, with all that has to be the same elsewhere.
    package enum Item: Hashable, Sendable, CustomStringConvertible {
        case file(bytes: [UInt8], size: Int64, mode: UInt32, mtime: Int64)
        case directory(mode: UInt32)
        case symlink(target: [UInt8], mtime: Int64)
        case other(mode: UInt32)

        /// As `.file` has it for these bytes.
        package static func digest(of text: String) -> [UInt8] { sha256(Array(text.utf8)) }

        package var description: String {
            switch self {
            case .file(let digest, let size, let mode, let mtime):
                "file of \(size) bytes \(digest.prefix(4)), mode 0\(String(mode, radix: 8)), mtime \(mtime)"
            case .directory(let mode): "directory, mode 0\(String(mode, radix: 8))"
            case .symlink(let target, let mtime):
                "symlink to \(String(decoding: target, as: UTF8.self)), mtime \(mtime)"
            case .other(let mode): "something of mode 0\(String(mode, radix: 8))"
            }
        }
    }

    /// A failed call.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        init(_ call: String, _ path: FleetPath) {
            description = "\(call) \(path): \(String(cString: strerror(errno)))"
        }
    }

    // MARK: - Making

    package func bytes(_ name: FleetPath) -> [CChar] {
        (Array(path.utf8) + [UInt8(ascii: "/")] + name.bytes).map { CChar(bitPattern: $0) } + [0]
    }

    private func check(_ result: Int32, _ call: String, _ name: FleetPath) throws {
        if result < 0 { throw Failure(call, name) }
    }

    /// Makes or overwrites a file in place, and makes the directories above it.
    package func write(_ content: [UInt8], to name: FleetPath, mode: mode_t = 0o644) throws {
        try makeDirectories(name.parent)
        let descriptor = open(bytes(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        try check(descriptor, "open", name)
        defer { close(descriptor) }
        var rest = content[...]
        while !rest.isEmpty {
            // SAFETY: the slice's own length goes along.
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { throw Failure("write", name) }
            rest = rest.dropFirst(count)
        }
    }

    package func write(_ text: String, to name: FleetPath, mode: mode_t = 0o644) throws {
        try write(Array(text.utf8), to: name, mode: mode)
    }

    /// Makes a directory and those above it.
    package func makeDirectories(_ name: FleetPath) throws {
        if name.bytes.isEmpty || mkdir(bytes(name), 0o755) == 0 || errno == EEXIST { return }
        try makeDirectories(name.parent)
        try check(mkdir(bytes(name), 0o755), "mkdir", name)
    }

    package func makeSymlink(_ name: FleetPath, to target: FleetPath) throws {
        try makeDirectories(name.parent)
        try check(symlink(target.bytes.map { CChar(bitPattern: $0) } + [0], bytes(name)), "symlink", name)
    }

    /// link(2): another name for the same file.
    package func hardLink(_ name: FleetPath, to other: FleetPath) throws {
        try check(link(bytes(other), bytes(name)), "link", name)
    }

    package func makeFIFO(_ name: FleetPath) throws { try check(mkfifo(bytes(name), 0o644), "mkfifo", name) }

    package func rename(_ name: FleetPath, to other: FleetPath) throws {
        try check(Glibc.rename(bytes(name), bytes(other)), "rename", name)
    }

    package func setMode(_ name: FleetPath, _ mode: mode_t) throws {
        try check(chmod(bytes(name), mode), "chmod", name)
    }

    /// - Parameter time: Unix nanoseconds; of a symlink its own.
    package func setTime(_ name: FleetPath, _ time: Int64) throws {
        let (seconds, rest) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
        let part = timespec(
            tv_sec: Int(rest < 0 ? seconds - 1 : seconds), tv_nsec: Int(rest < 0 ? rest + 1_000_000_000 : rest))
        try check(utimensat(AT_FDCWD, bytes(name), [part, part], AT_SYMLINK_NOFOLLOW), "utimensat", name)
    }

    /// Removes a file, a symlink, or a directory with all that is in it.
    package func remove(_ name: FleetPath) throws {
        if unlink(bytes(name)) == 0 { return }
        guard errno == EISDIR || errno == EPERM else { throw Failure("unlink", name) }
        for child in names(in: name) { try remove(name.appending(child)) }
        try check(rmdir(bytes(name)), "rmdir", name)
    }

    /// Makes a file of a size with data at one place, and holes everywhere else.
    package func writeSparse(_ name: FleetPath, size: Int64, data: [UInt8], at offset: Int64) throws {
        let descriptor = open(bytes(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        try check(descriptor, "open", name)
        defer { close(descriptor) }
        try check(ftruncate(descriptor, Int(size)), "ftruncate", name)
        // SAFETY: the array's own length goes along.
        let count = data.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, Int(offset)) }
        if count != data.count { throw Failure("write", name) }
    }

    /// What a file takes on its disk, in bytes.
    package func room(_ name: FleetPath) -> Int64 {
        var status = stat()
        return lstat(bytes(name), &status) == 0 ? Int64(status.st_blocks) * 512 : 0
    }

    // MARK: - Looking

    package func exists(_ name: FleetPath) -> Bool {
        var status = stat()
        return lstat(bytes(name), &status) == 0
    }

    /// Permission bits; 0 if nothing is there.
    package func mode(_ name: FleetPath) -> mode_t {
        var status = stat()
        return lstat(bytes(name), &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    /// All bytes of a file; nil if it cannot be read.
    package func read(_ name: FleetPath) -> [UInt8]? {
        let descriptor = open(bytes(name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            // SAFETY: the array's own length goes along.
            let count = block.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { return count == 0 ? content : nil }
            content += block.prefix(count)
        }
    }

    package func text(_ name: FleetPath) -> String? { read(name).map { String(decoding: $0, as: UTF8.self) } }

    /// Names in a directory, sorted by bytes; empty if there is none. Those that begin with `.synchub` are left out.
    package func names(in name: FleetPath = "") -> [FleetPath] {
        allNames(in: name).filter { !$0.bytes.starts(with: ".synchub".utf8) }
    }

    /// The same with those.
    package func allNames(in name: FleetPath = "") -> [FleetPath] {
        guard let stream = opendir(bytes(name)) else { return [] }
        defer { closedir(stream) }
        var names: [FleetPath] = []
        while let entry = readdir(stream) {
            // SAFETY: d_name is NUL-terminated within the record, which stands until the next readdir.
            let start = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
                .assumingMemoryBound(to: UInt8.self)
            let name = Array(
                UnsafeBufferPointer(
                    start: start, count: strlen(UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self))))
            if name == [0x2E] || name == [0x2E, 0x2E] { continue }
            names.append(FleetPath(name))
        }
        return names.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// Everything in it, by path, without what begins with `.synchub` and what can never be synced.
    package func image(of name: FleetPath = "") -> [FleetPath: Item] {
        var found: [FleetPath: Item] = [:]
        collect(name, below: name, into: &found)
        return found
    }

    private func collect(_ directory: FleetPath, below top: FleetPath, into found: inout [FleetPath: Item]) {
        for child in names(in: directory) {
            let path = directory.appending(child)
            guard let item = item(path) else { continue }
            found[FleetPath(Array(path.bytes.dropFirst(top.bytes.isEmpty ? 0 : top.bytes.count + 1)))] = item
            if case .directory = item { collect(path, below: top, into: &found) }
        }
    }

    /// What lies at a path; nil for nothing, FIFOs, sockets and devices.
    package func item(_ name: FleetPath) -> Item? {
        var status = stat()
        guard lstat(bytes(name), &status) == 0 else { return nil }
        let mtime = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        let mode = UInt32(status.st_mode & 0o7777)
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            return .file(bytes: sha256(read(name) ?? []), size: Int64(status.st_size), mode: mode, mtime: mtime)
        case S_IFDIR: return .directory(mode: mode)
        case S_IFLNK: return .symlink(target: readLink(name), mtime: mtime)
        default: return nil
        }
    }

    private func readLink(_ name: FleetPath) -> [UInt8] {
        var target = [CChar](repeating: 0, count: 4096)
        let count = readlink(bytes(name), &target, target.count)
        return target.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }
    }

    /// How it differs from another, one line for each path; empty when both are the same byte for byte.
    package func differences(from other: FleetFolder) -> [String] {
        FleetFolder.differences(image(), other.image(), path, other.path)
    }

    /// How two images differ.
    package static func differences(
        _ one: [FleetPath: Item], _ two: [FleetPath: Item], _ first: String, _ second: String
    ) -> [String] {
        Set(one.keys).union(two.keys).filter { one[$0] != two[$0] }.map { path in
            "\(path): \(one[path].map { "\($0)" } ?? "nothing") in \(first), "
                + "\(two[path].map { "\($0)" } ?? "nothing") in \(second)"
        }.sorted()
    }
}

/// A relative path as bytes. Written down as a text, or as bytes where it is none.
package struct FleetPath: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    CustomStringConvertible
{
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { bytes = Array(text.utf8) }
    package init(stringLiteral text: String) { bytes = Array(text.utf8) }

    package var description: String { String(decoding: bytes, as: UTF8.self) }

    package var parent: FleetPath {
        FleetPath(Array(bytes.prefix(upTo: bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0)))
    }

    package func appending(_ name: FleetPath) -> FleetPath {
        bytes.isEmpty ? name : FleetPath(bytes + [UInt8(ascii: "/")] + name.bytes)
    }
}
