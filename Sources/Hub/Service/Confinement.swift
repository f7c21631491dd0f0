internal import CLinux
import Glibc

/// The part of the file system that a process leaves itself before it becomes another program. By Landlock (landlock(7)), and where the
/// kernel lets us by a read-only view of everything else, which also covers what Landlock does not know (chmod, chown, utimes).
struct Confinement: Sendable {
    /// What holds after ``enter()``.
    struct Strength: Hashable, Sendable {
        /// Nothing but the named directories can be opened.
        let isConfined: Bool
        /// Nothing but the writable ones can be changed in any way.
        let isReadOnlyElsewhere: Bool
    }

    /// Directories to read below.
    let readable: [String]
    /// Directories to read below, where files may be removed.
    var removable: [String] = []
    /// Directories to read and write below.
    let writable: [String]
    /// What will be executed.
    let program: String

    /// Confines this thread, and what it executes, for good. The process must have one thread.
    /// - Throws: ``HubFileError`` when one of the directories is not there, or the kernel refuses a rule.
    func enter() throws(HubFileError) -> Strength {
        let changing = writable + removable
        let isReadOnly = withCStrings(changing) { linux_read_only_except($0, Int32(changing.count)) == 0 }
        let abi = linux_landlock_abi()
        guard abi > 0 else { return Strength(isConfined: false, isReadOnlyElsewhere: isReadOnly) }
        try restrict(Access(abi: abi))
        return Strength(isConfined: true, isReadOnlyElsewhere: isReadOnly)
    }

    private func restrict(_ access: Access) throws(HubFileError) {
        let ruleset = try HubFile.check(linux_landlock_create_ruleset(access.all), "confine", program)
        defer { close(ruleset) }
        for path in readable { try allow(access.read, below: path, ruleset) }
        for path in removable { try allow(access.remove, below: path, ruleset) }
        for path in writable { try allow(access.write, below: path, ruleset) }
        for path in LoadedFiles.directories { try allow(access.read, below: path, ruleset) }
        for path in [program] + LoadedFiles.loaders { try allow(access.execute, below: path, ruleset) }
        // What the C library reads to know the user's name, and the time zone.
        for path in ["/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime"]
        where HubFile.exists(path) { try allow(access.readFile, below: path, ruleset) }
        try allow(access.device, below: "/dev/null", ruleset)
        try HubFile.check(linux_no_new_privileges(), "confine", program)
        try HubFile.check(linux_landlock_restrict_self(ruleset), "confine", program)
    }

    private func allow(_ access: UInt64, below path: String, _ ruleset: Int32) throws(HubFileError) {
        let handle = try HubFile.check(open(path, LINUX_O_PATH | O_CLOEXEC), "open", path)
        defer { close(handle) }
        try HubFile.check(linux_landlock_allow(ruleset, handle, access), "confine to", path)
    }

    private func withCStrings<Result>(_ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result)
        -> Result
    {
        let copies = texts.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return copies.map { UnsafePointer($0) }.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    /// The ABI of this kernel's Landlock; nil without it.
    static var landlockABI: Int? {
        let abi = linux_landlock_abi()
        return abi > 0 ? Int(abi) : nil
    }
}

/// Kinds of access, as far as a kernel's Landlock knows them.
private struct Access {
    let all: UInt64
    let readFile = UInt64(LINUX_LANDLOCK_READ_FILE)
    let read = UInt64(LINUX_LANDLOCK_READ_FILE | LINUX_LANDLOCK_READ_DIR)
    let remove = UInt64(LINUX_LANDLOCK_READ_FILE | LINUX_LANDLOCK_READ_DIR | LINUX_LANDLOCK_REMOVE_FILE)
    let execute = UInt64(LINUX_LANDLOCK_READ_FILE | LINUX_LANDLOCK_EXECUTE)
    let device: UInt64
    let write: UInt64

    init(abi: Int32) {
        var newer: UInt64 = 0
        if abi >= 2 { newer |= UInt64(LINUX_LANDLOCK_REFER) }
        let truncate = abi >= 3 ? UInt64(LINUX_LANDLOCK_TRUNCATE) : 0
        newer |= truncate
        let write =
            UInt64(LINUX_LANDLOCK_WRITE_FILE) | UInt64(LINUX_LANDLOCK_MAKE_REG) | UInt64(LINUX_LANDLOCK_MAKE_DIR)
            | UInt64(LINUX_LANDLOCK_REMOVE_FILE) | UInt64(LINUX_LANDLOCK_REMOVE_DIR) | UInt64(LINUX_LANDLOCK_MAKE_SYM)
        let never =
            UInt64(LINUX_LANDLOCK_MAKE_CHAR) | UInt64(LINUX_LANDLOCK_MAKE_SOCK) | UInt64(LINUX_LANDLOCK_MAKE_FIFO)
            | UInt64(LINUX_LANDLOCK_MAKE_BLOCK) | (abi >= 5 ? UInt64(LINUX_LANDLOCK_IOCTL_DEV) : 0)
        self.write = read | write | newer
        device = readFile | UInt64(LINUX_LANDLOCK_WRITE_FILE) | truncate
        all = self.write | never | execute
    }
}

/// The files that the C library and its loader consist of, as this process has them mapped: another program of the same system starts with
/// the same ones.
private enum LoadedFiles {
    /// The dynamic loader, which the kernel executes.
    static var loaders: [String] {
        candidates(paths.filter { name($0).hasPrefix("ld-linux") || name($0).hasPrefix("ld64") })
    }

    /// Where the C library and libcrypto lie.
    static var directories: [String] {
        let libraries = paths.filter { name($0).hasPrefix("libc.so") || name($0).hasPrefix("libcrypto.so") }
        return Array(Set(libraries.map(directory)))
    }

    private static let paths: [String] = {
        let maps = (try? HubFile.read("/proc/self/maps")) ?? ""
        let files = maps.split(separator: "\n").compactMap { line in
            line.firstIndex(of: "/").map { String(line[$0...]) }
        }
        return Array(Set(files))
    }()

    private static func candidates(_ found: [String]) -> [String] { found.filter(HubFile.exists) }
    private static func name(_ path: String) -> Substring {
        path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    }
    private static func directory(_ path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
}
