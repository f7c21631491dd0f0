import Glibc
import Synchronization

/// Names one connection for the life of a server. Never 0.
typealias ConnectionID = UInt

/// Seconds of the monotonic clock.
func monotonicSeconds() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}

/// The open connections: who they are, what they are at, and until when they may be.
///
/// Every use of a descriptor happens under the lock, and the daemon closes it only after ``closed(_:)``: it is valid.
final class Connections: Sendable {
    private let limits: HTTPServerSettings
    private let table = Mutex(Table())

    fileprivate struct Table {
        var lastID: ConnectionID = 0
        var entries: [ConnectionID: Entry] = [:]
        /// Requests begun and not completed.
        var busy: Int { entries.values.count { $0.phase != .idle } }
    }

    fileprivate struct Entry {
        let descriptor: Int32
        let peer: String
        var phase = Phase.idle
        /// When to cut it, on the monotonic clock.
        var deadline: Double
        /// No request has been completed on it.
        var isFresh = true
        var isCut = false
        /// Taken in above the limit, only to be told so.
        var isExtra = false
        /// Bytes of the body of its request.
        var reserved = 0
        /// Bytes of the answer that it is being sent.
        var sending = 0
        var exchange: Exchange?
    }

    fileprivate enum Phase { case idle, receiving, handling, answering }

    init(limits: HTTPServerSettings) { self.limits = limits }

    // MARK: What the daemon reports

    func opened(_ descriptor: Int32) -> ConnectionID {
        let now = monotonicSeconds()
        let peer = peerDescription(descriptor)
        return table.withLock { table in
            table.lastID += 1
            var entry = Entry(descriptor: descriptor, peer: peer, deadline: now + limits.requestDeadline)
            if table.entries.count >= limits.connectionLimit, !table.evictIdle() {
                entry.isExtra = true
                entry.deadline = now + min(limits.requestDeadline, 2)
            }
            table.entries[table.lastID] = entry
            return table.lastID
        }
    }

    func closed(_ id: ConnectionID) {
        _ = table.withLock { $0.entries.removeValue(forKey: id) }
    }

    func receiving(_ id: ConnectionID) {
        let deadline = monotonicSeconds() + limits.requestDeadline
        table.withLock { $0.update(id, .receiving, deadline) }
    }

    /// The head has come: a large body has as much more time as a slow line takes, 32 KiB a second being asked of it.
    func expecting(_ id: ConnectionID, bytes: Int) {
        guard bytes > Connections.smallBody else { return }
        table.withLock { $0.entries[id]?.deadline += Double(bytes - Connections.smallBody) / 32_768 }
    }
    /// In bytes.
    private static let smallBody = 256 << 10

    /// Makes room for a body, until the request is completed.
    /// - Returns: false when the bodies under way leave none.
    func reserve(_ id: ConnectionID, bytes: Int) -> Bool {
        table.withLock { table in
            let others = table.entries.values.reduce(0) { $0 + $1.reserved }
            guard bytes == 0 || others + bytes <= limits.totalBodyLimit else { return false }
            table.entries[id]?.reserved = bytes
            return true
        }
    }

    func handling(_ id: ConnectionID, _ exchange: Exchange) {
        table.withLock {
            $0.update(id, .handling, .infinity)
            $0.entries[id]?.exchange = exchange
        }
    }

    /// A reader may be slow, but not for ever: 32 KiB a second are asked of it.
    func answering(_ id: ConnectionID, bytes: Int) {
        let deadline = monotonicSeconds() + limits.requestDeadline + Double(bytes) / 32_768
        table.withLock {
            $0.update(id, .answering, deadline)
            $0.entries[id]?.exchange = nil
            $0.entries[id]?.sending = bytes
        }
    }

    /// Answers past the daemon, and says that nothing more will come.
    func refuse(_ id: ConnectionID, _ refusal: Refusal) {
        let deadline = monotonicSeconds() + limits.requestDeadline
        table.withLock { table in
            guard let entry = table.entries[id] else { return }
            entry.write(refusal)
            shutdown(entry.descriptor, Int32(SHUT_WR))
            table.update(id, .answering, deadline)
        }
    }

    func completed(_ id: ConnectionID) {
        let deadline = monotonicSeconds() + limits.idleLimit
        table.withLock {
            $0.update(id, .idle, deadline)
            $0.entries[id]?.isFresh = false
            $0.entries[id]?.reserved = 0
            $0.entries[id]?.sending = 0
            $0.entries[id]?.exchange = nil
        }
    }

    // MARK: Questions

    func peer(_ id: ConnectionID) -> String { table.withLock { $0.entries[id]?.peer ?? "" } }
    func isExtra(_ id: ConnectionID) -> Bool { table.withLock { $0.entries[id]?.isExtra ?? false } }
    /// The request that waits for an answer on that connection.
    func exchange(_ id: ConnectionID) -> Exchange? { table.withLock { $0.entries[id]?.exchange } }
    /// All requests that wait for an answer.
    var exchanges: [Exchange] { table.withLock { $0.entries.values.compactMap(\.exchange) } }
    var isBusy: Bool { table.withLock { $0.busy > 0 } }
    /// Bytes of answers that are not sent yet, or not whole.
    var bytesBeingSent: Int { table.withLock { $0.entries.values.reduce(0) { $0 + $1.sending } } }
    var isEmpty: Bool { table.withLock { $0.entries.isEmpty } }

    // MARK: Cutting

    /// Cuts whoever is past the deadline.
    /// - Returns: the next deadline on the monotonic clock, infinite if there is none.
    func cutLate(_ now: Double) -> Double {
        table.withLock { table in
            var next = Double.infinity
            for (id, entry) in table.entries where !entry.isCut {
                if entry.deadline <= now { table.cutLate(id, entry) } else { next = min(next, entry.deadline) }
            }
            return next
        }
    }
}

extension Connections.Entry {
    /// Best effort: a few hundred bytes fit into the buffer of any socket whose client reads.
    func write(_ refusal: Refusal) {
        let bytes = refusal.rawResponse
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
}

extension Connections.Table {
    mutating func update(_ id: ConnectionID, _ phase: Connections.Phase, _ deadline: Double) {
        entries[id]?.phase = phase
        entries[id]?.deadline = deadline
    }

    /// Ends the connection that has been idle longest, so that idle ones cannot starve a live one.
    mutating func evictIdle() -> Bool {
        let idle = entries.filter { $0.value.phase == .idle && !$0.value.isCut }
        guard let (id, entry) = idle.min(by: { $0.value.deadline < $1.value.deadline }) else { return false }
        cut(id, entry)
        return true
    }

    /// A kept connection between two requests is cut silently: an answer there would look like that to the next one.
    mutating func cutLate(_ id: ConnectionID, _ entry: Connections.Entry) {
        if entry.phase == .receiving || (entry.phase == .idle && entry.isFresh) {
            // RACE: libmicrohttpd may at this instant send an error of its own; the worst is two errors in a row on
            // a connection that ends.
            entry.write(.tooSlow)
        }
        cut(id, entry)
    }

    /// The daemon sees the end of the stream and closes.
    mutating func cut(_ id: ConnectionID, _ entry: Connections.Entry) {
        shutdown(entry.descriptor, Int32(SHUT_RDWR))
        entries[id]?.isCut = true
    }
}

/// `127.0.0.1:PORT` or `uid U, pid P`.
private func peerDescription(_ descriptor: Int32) -> String {
    var name = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withSocketAddress(&name) { address, _ in getpeername(descriptor, address, &length) }
    if result == 0, name.sin_family == sa_family_t(AF_INET) {
        let host = UInt32(bigEndian: name.sin_addr.s_addr)
        let text = [24, 16, 8, 0].map { String(host >> UInt32($0) & 255) }.joined(separator: ".")
        return "\(text):\(UInt16(bigEndian: name.sin_port))"
    }
    // struct ucred (unix(7)): pid, uid, gid.
    var peer: [UInt32] = [0, 0, 0]
    length = socklen_t(3 * MemoryLayout<UInt32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 else { return "unknown" }
    return "uid \(peer[1]), pid \(peer[0])"
}
