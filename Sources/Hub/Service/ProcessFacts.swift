import Glibc
internal import Processes

/// What `/proc` tells about processes. Each question is answered as of the moment it is asked; a process that has ended has no answers.
enum ProcessFacts {
    /// Every process of a user.
    static func all(of user: uid_t) -> [pid_t] {
        names(in: "/proc").compactMap { pid_t($0) }.filter {
            ProcessFacts.user(of: $0) == user
        }
    }

    /// Whose it is; of one that was root before, too. Nil when it is gone, or is hidden from us.
    static func user(of pid: pid_t) -> uid_t? { HubFile.status("/proc/\(pid)")?.st_uid }

    /// The file that a process executes, without the mark of a file that was replaced.
    static func executable(_ pid: pid_t) -> String? {
        ProcessTable.executable(of: pid).map { $0.hasSuffix(" (deleted)") ? String($0.dropLast(10)) : $0 }
    }

    /// Blocks until these processes, which need not be children, have ended (reaped or not), for three seconds at most.
    static func awaitEnd(of entries: [ProcessTable.Entry]) {
        let deadline = ContinuousClock.now + .seconds(3)
        // Nobody tells us of the end of one that is not our child.
        while entries.contains(where: lives), ContinuousClock.now < deadline { usleep(2_000) }
    }

    /// Whether it is the same process still, and has not ended.
    static func lives(_ entry: ProcessTable.Entry) -> Bool {
        ProcessTable.entry(entry.pid).map { $0.startTime == entry.startTime && $0.state != "Z" } ?? false
    }

    /// The inodes of the sockets that a process holds; none for a process that we may not look into.
    static func sockets(_ pid: pid_t) -> Set<UInt64> {
        let links = names(in: "/proc/\(pid)/fd").compactMap { link("/proc/\(pid)/fd/\($0)") }
        return Set(links.compactMap { $0.hasPrefix("socket:[") ? UInt64($0.dropFirst(8).dropLast()) : nil })
    }

    /// Where a symlink points, nil if there is none.
    static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &target, target.count)
        return count < 0 ? nil : String(decoding: target.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            // SAFETY: d_name ends in NUL and is valid until the next readdir.
            let name = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
            names.append(String(cString: name.assumingMemoryBound(to: CChar.self)))
        }
        return names
    }
}

/// A TCP connection or listener as `/proc/net/tcp` and `tcp6` show it.
struct TCPSocketFacts: Hashable {
    let localPort: UInt16
    let remotePort: UInt16
    let isListening: Bool
    let inode: UInt64

    /// Every TCP socket of this network namespace.
    static func all() -> [TCPSocketFacts] {
        ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { parse((try? HubFile.read($0)) ?? "") }
    }

    /// - Parameter table: `sl local_address rem_address st … inode …` (proc(5)), with a heading.
    static func parse(_ table: String) -> [TCPSocketFacts] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, let local = port(fields[1]), let remote = port(fields[2]),
                let inode = UInt64(fields[9])
            else { return nil }
            return TCPSocketFacts(localPort: local, remotePort: remote, isListening: fields[3] == "0A", inode: inode)
        }
    }

    private static func port(_ address: Substring) -> UInt16? {
        address.lastIndex(of: ":").flatMap { UInt16(address[address.index(after: $0)...], radix: 16) }
    }
}
