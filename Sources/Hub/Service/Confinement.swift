internal import CLinux
internal import FileTree
import Glibc
import SyncCore

/// The part of the machine that a process leaves itself before it becomes another program. By Landlock (landlock(7)): files, and as far as
/// the kernel knows of them, TCP, signals and abstract sockets; and where the kernel lets us by a read-only view of all other files, which
/// also covers what Landlock does not know (chmod, chown, utimes).
struct Confinement: Sendable {
    /// What may be done below a directory.
    enum Use: Hashable, Sendable {
        case read
        /// Read, and remove files.
        case remove
        /// Read, and make, write and remove files; no directories, no links, and nothing comes from elsewhere or goes there.
        case fill
        /// Everything but devices, sockets and pipes.
        case change
    }

    /// A directory that stays open to the process.
    struct Opening: Hashable, Sendable {
        /// Absolute.
        let path: [UInt8]
        let use: Use
        /// If given, another directory at the path is refused.
        let directory: FileIdentity?

        init(path: [UInt8], use: Use, directory: FileIdentity? = nil) {
            self.path = path
            self.use = use
            self.directory = directory
        }

        init(_ path: String, _ use: Use) { self.init(path: Array(path.utf8), use: use) }
    }

    /// What holds after ``enter()``.
    struct Strength: Hashable, Sendable {
        /// Of the Landlock that confines it to the openings; nil: nothing does.
        let abi: Int?
        /// Nothing but what may be changed below the openings can be changed in any way.
        let isReadOnlyElsewhere: Bool
    }

    let openings: [Opening]
    /// What will be executed.
    let program: String

    /// Confines this thread, and what it executes, for good. The process must have one thread.
    /// - Throws: ``OtherDirectory``; ``HubFileError`` when one of the directories is not there, or the kernel refuses a rule.
    func enter() throws -> Strength {
        let changing = openings.filter { $0.use != .read }.map(\.path)
        let isReadOnly = withCStrings(changing) { linux_read_only_except($0, Int32(changing.count)) == 0 }
        // In the new view, whose mounts were made by name.
        var handles: [(handle: Int32, use: Use)] = []
        defer { for opened in handles { close(opened.handle) } }
        for opening in openings { handles.append((try Confinement.open(opening), opening.use)) }
        let abi = Confinement.landlockABI
        if let abi { try restrict(Access(abi: abi), handles) }
        return Strength(abi: abi, isReadOnlyElsewhere: isReadOnly)
    }

    /// A handle on the directory that is meant, and no other.
    private static func open(_ opening: Opening) throws -> Int32 {
        let name = Escaping.text(opening.path)
        let handle = try HubFile.check(
            Glibc.open(cString(opening.path), LINUX_O_PATH | LINUX_O_DIRECTORY | O_CLOEXEC), "open", name)
        guard let directory = opening.directory else { return handle }
        var status = stat()
        if fstat(handle, &status) == 0,
            FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)) == directory
        {
            return handle
        }
        close(handle)
        throw OtherDirectory(path: name)
    }

    private func restrict(_ access: Access, _ openings: [(handle: Int32, use: Use)]) throws(HubFileError) {
        let ruleset = try HubFile.check(
            linux_landlock_create_ruleset(access.all, access.network, access.scopes), "confine", program)
        defer { close(ruleset) }
        for opening in openings {
            try HubFile.check(
                linux_landlock_allow(ruleset, opening.handle, access.of(opening.use)), "confine", program)
        }
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
        let handle = try HubFile.check(Glibc.open(path, LINUX_O_PATH | O_CLOEXEC), "open", path)
        defer { close(handle) }
        try HubFile.check(linux_landlock_allow(ruleset, handle, access), "confine to", path)
    }

    private func withCStrings<Result>(
        _ paths: [[UInt8]], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = paths.map { strdup(Confinement.cString($0)) }
        defer { copies.forEach { free($0) } }
        // One more, so that there is an address also for none.
        let pointers: [UnsafePointer<CChar>?] = copies.map { UnsafePointer($0) } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }

    /// A path as the C library takes it.
    static func cString(_ path: [UInt8]) -> [CChar] { path.map { CChar(bitPattern: $0) } + [0] }

    /// The ABI of this kernel's Landlock; nil without it.
    static var landlockABI: Int? {
        let abi = linux_landlock_abi()
        return abi > 0 ? Int(abi) : nil
    }
}

/// At the path of a part of the share stands another directory than the one that the key was written for.
struct OtherDirectory: Error, Hashable, CustomStringConvertible {
    let path: String

    var description: String {
        "\(path) is not the directory any more that this device may see; try again in a moment, when the hub has found where that "
            + "one is now"
    }
}

/// Kinds of access, as far as a kernel's Landlock knows them.
private struct Access {
    let all: UInt64
    let readFile = UInt64(LINUX_LANDLOCK_READ_FILE)
    let read = UInt64(LINUX_LANDLOCK_READ_FILE | LINUX_LANDLOCK_READ_DIR)
    let execute = UInt64(LINUX_LANDLOCK_READ_FILE | LINUX_LANDLOCK_EXECUTE)
    let device: UInt64
    private let remove: UInt64
    private let fill: UInt64
    private let change: UInt64
    /// No rule allows any of it.
    let network: UInt64
    let scopes: UInt64

    func of(_ use: Confinement.Use) -> UInt64 {
        switch use {
        case .read: read
        case .remove: remove
        case .fill: fill
        case .change: change
        }
    }

    init(abi: Int) {
        let refer = abi >= 2 ? UInt64(LINUX_LANDLOCK_REFER) : 0
        let truncate = abi >= 3 ? UInt64(LINUX_LANDLOCK_TRUNCATE) : 0
        let never =
            UInt64(LINUX_LANDLOCK_MAKE_CHAR) | UInt64(LINUX_LANDLOCK_MAKE_SOCK) | UInt64(LINUX_LANDLOCK_MAKE_FIFO)
            | UInt64(LINUX_LANDLOCK_MAKE_BLOCK) | (abi >= 5 ? UInt64(LINUX_LANDLOCK_IOCTL_DEV) : 0)
        remove = read | UInt64(LINUX_LANDLOCK_REMOVE_FILE)
        fill = remove | UInt64(LINUX_LANDLOCK_WRITE_FILE) | UInt64(LINUX_LANDLOCK_MAKE_REG) | truncate
        change =
            fill | UInt64(LINUX_LANDLOCK_MAKE_DIR) | UInt64(LINUX_LANDLOCK_REMOVE_DIR)
            | UInt64(LINUX_LANDLOCK_MAKE_SYM) | refer
        device = readFile | UInt64(LINUX_LANDLOCK_WRITE_FILE) | truncate
        all = change | never | execute
        network = abi >= 4 ? UInt64(LINUX_LANDLOCK_BIND_TCP) | UInt64(LINUX_LANDLOCK_CONNECT_TCP) : 0
        scopes =
            abi >= 6 ? UInt64(LINUX_LANDLOCK_SCOPE_ABSTRACT_SOCKET) | UInt64(LINUX_LANDLOCK_SCOPE_SIGNAL) : 0
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
