import Glibc

/// The processes of this machine as they were at one moment, from /proc. A value.
package struct ProcessTable: Sendable {
    /// One process.
    package struct Entry: Hashable, Sendable {
        /// Its number.
        package let pid: pid_t
        /// The number of its parent; 0 for the first process, 1 where the parent has ended.
        package let parent: pid_t
        /// The first 15 bytes of the program's name.
        package let name: String
        /// `R` running, `S` sleeping, `Z` ended but not reaped, …: see proc(5).
        package let state: Character
        /// In clock ticks since boot: with the pid it names a process for ever.
        package let startTime: UInt64
    }

    /// By pid.
    package let entries: [pid_t: Entry]

    /// Looks now. What vanishes meanwhile is left out.
    package init() {
        let found = procNames("/proc").compactMap { pid_t($0) }.compactMap(ProcessTable.entry)
        entries = Dictionary(found.map { ($0.pid, $0) }) { first, _ in first }
    }

    /// Sorted.
    package func children(of pid: pid_t) -> [pid_t] {
        entries.values.filter { $0.parent == pid }.map(\.pid).sorted()
    }

    /// Children and theirs, without `pid` itself; sorted.
    package func descendants(of pid: pid_t) -> [pid_t] {
        let children = Dictionary(grouping: entries.values, by: \.parent)
        var found: Set<pid_t> = []
        var open = [pid]
        while let next = open.popLast() {
            for child in children[next] ?? [] where found.insert(child.pid).inserted { open.append(child.pid) }
        }
        return found.sorted()
    }

    /// Program and arguments as they are now; empty when it is gone, or has none (a thread of the kernel).
    package static func commandLine(of pid: pid_t) -> [String] {
        guard let bytes = procFile("/proc/\(pid)/cmdline"), !bytes.isEmpty else { return [] }
        let whole = bytes.last == 0 ? bytes.dropLast() : bytes[...]
        return whole.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Where its executable lies; nil when it is gone or belongs to another user.
    package static func executable(of pid: pid_t) -> String? { procLink("/proc/\(pid)/exe") }

    /// The processes that hold a TCP socket (IPv4 or IPv6, listening or connected) with this local port; sorted. Those of
    /// other users are seen by root only.
    package static func holders(ofLocalPort port: UInt16) -> [pid_t] {
        let sockets = Set(
            ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { inodes(in: $0, port: port) }.map { "socket:[\($0)]" })
        guard !sockets.isEmpty else { return [] }
        return procNames("/proc").compactMap { pid_t($0) }.filter { pid in
            procNames("/proc/\(pid)/fd").contains { name in
                procLink("/proc/\(pid)/fd/\(name)").map(sockets.contains) ?? false
            }
        }.sorted()
    }

    /// proc(5): `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode`, the port in hexadecimal.
    private static func inodes(in table: String, port: UInt16) -> [Substring] {
        let text = String(decoding: procFile(table) ?? [], as: UTF8.self)
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, let local = fields[1].split(separator: ":").last, UInt16(local, radix: 16) == port,
                fields[9] != "0"
            else { return nil }
            return fields[9]
        }
    }

    /// One process now; nil when it is gone. proc(5): `pid (name) state ppid … starttime …`; the name may hold anything, parentheses
    /// included.
    package static func entry(_ pid: pid_t) -> Entry? {
        guard let bytes = procFile("/proc/\(pid)/stat"), let open = bytes.firstIndex(of: UInt8(ascii: "(")),
            let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
        else { return nil }
        let fields = String(decoding: bytes[(close + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, let state = fields[0].first, let parent = pid_t(fields[1]),
            let start = UInt64(fields[19])
        else { return nil }
        let name = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
        return Entry(pid: pid, parent: parent, name: name, state: state, startTime: start)
    }
}
