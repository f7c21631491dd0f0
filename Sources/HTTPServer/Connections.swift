internal import CLinux
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
    /// Whether it is asked who comes: until that is known they are strangers.
    private let isGuarded: Bool
    /// Whether a peer comes from those that the server is for.
    private let isOurs: @Sendable (String) -> Bool
    private let table = Mutex(Table())

    fileprivate struct Table {
        var lastID: ConnectionID = 0
        var entries: [ConnectionID: Entry] = [:]
        /// Requests begun and not completed.
        var busy: Int { entries.values.count { !$0.isIdle } }
    }

    fileprivate struct Entry {
        let descriptor: Int32
        let peer: String
        /// Whose requests came on it last; nil for a stranger's.
        var party: String?
        var phase = Phase.idle
        /// When to cut it, on the monotonic clock.
        var deadline: Double
        /// No request has been completed on it.
        var isFresh = true
        /// Whether the peer comes from those that the server is for; nil as long as nobody had to know.
        var isOurs: Bool?
        /// When the head of its request had come, on the monotonic clock.
        var began = 0.0
        /// Bytes of the body of its request that have come.
        var received = 0
        var isCut = false
        /// Taken in above the limit, only to be told so.
        var isExtra = false
        /// Bytes of the body of its request.
        var reserved = 0
        /// Bytes of the answer that it is being sent.
        var sending = 0
        /// Who reads that answer, as long as it is looked at.
        var reader: Reader?
        var exchange: Exchange?
    }

    fileprivate struct Reader {
        /// When all of the answer has to be taken, on the monotonic clock.
        let deadline: Double
        /// As the kernel counts, when it was looked at last; nil before that.
        var taken: UInt64?
        /// When that was another number than before, on the monotonic clock.
        var moved: Double
    }

    fileprivate enum Phase {
        case idle, receiving, handling, answering
        /// A stranger waits for that answer.
        case postponed(HTTPResponse, isFollowedByBody: Bool)
    }

    init(limits: HTTPServerSettings, isGuarded: Bool, isOurs: @escaping @Sendable (String) -> Bool) {
        self.limits = limits
        self.isGuarded = isGuarded
        self.isOurs = isOurs
    }

    // MARK: What the daemon reports

    func opened(_ descriptor: Int32) -> ConnectionID {
        let now = monotonicSeconds()
        let peer = peerDescription(descriptor)
        return table.withLock { table in
            table.lastID += 1
            let patience = isGuarded ? limits.headDeadline : limits.requestDeadline
            var entry = Entry(descriptor: descriptor, peer: peer, deadline: now + patience)
            let id = table.lastID
            if table.entries.count >= limits.connectionLimit, !table.evictIdle() {
                entry.isExtra = true
                entry.deadline = now + min(limits.requestDeadline, 2)
            }
            table.entries[id] = entry
            // The newest may be the one that goes.
            if isGuarded { table.endStrangers(beyond: limits.strangerLimit, isOurs) }
            return id
        }
    }

    func closed(_ id: ConnectionID) {
        _ = table.withLock { $0.entries.removeValue(forKey: id) }
    }

    func receiving(_ id: ConnectionID) {
        let deadline = monotonicSeconds() + (isGuarded ? limits.headDeadline : limits.requestDeadline)
        table.withLock { table in
            let isStranger = isGuarded && table.entries[id]?.party == nil
            // The time of strangers is that since they came.
            table.update(id, .receiving, isStranger ? table.entries[id]?.deadline ?? deadline : deadline)
        }
    }

    /// The head says whose it is.
    /// - Returns: why there is no room for them, nil if there is.
    func admit(_ id: ConnectionID, _ party: String) -> Refusal? {
        let deadline = monotonicSeconds() + limits.requestDeadline
        return table.withLock { table in
            let others = table.entries.filter { $0.key != id && $0.value.party == party && !$0.value.isCut }
            if others.count >= limits.partyConnectionLimit, !table.evictIdle(among: others) {
                return .tooManyOfYours
            }
            table.entries[id]?.party = party
            table.entries[id]?.deadline = deadline
            return nil
        }
    }

    /// Answers a stranger, later, see ``answerStrangers(at:)``.
    func postpone(
        _ id: ConnectionID, _ exchange: Exchange, _ response: HTTPResponse, isFollowedByBody: Bool, by seconds: Double
    ) {
        let time = monotonicSeconds() + seconds
        table.withLock {
            $0.update(id, .postponed(response, isFollowedByBody: isFollowedByBody), time)
            $0.entries[id]?.exchange = exchange
        }
    }

    /// Answers the strangers whose time has come.
    func answerStrangers(at now: Double) {
        let due = table.withLock { table in
            table.entries.compactMap { id, entry -> (ConnectionID, Exchange, HTTPResponse, Bool)? in
                guard case .postponed(let response, let isFollowedByBody) = entry.phase, entry.deadline <= now,
                    let exchange = entry.exchange
                else { return nil }
                return (id, exchange, response, isFollowedByBody)
            }
        }
        for (id, exchange, response, isFollowedByBody) in due {
            // Before the exchange goes on: then the connection may be gone.
            if isFollowedByBody { refuse(id, response) } else { answering(id, bytes: response.body.count) }
            exchange.release(with: response, isSaid: isFollowedByBody)
        }
    }

    /// The head has come, and a body may follow.
    func expecting(_ id: ConnectionID) {
        let now = monotonicSeconds()
        table.withLock {
            $0.entries[id]?.began = now
            $0.entries[id]?.received = 0
        }
    }

    /// More of a body has come: it has the time that a slow line takes for so much, and until the next byte no more than a small one.
    func received(_ id: ConnectionID, bytes: Int) {
        let now = monotonicSeconds()
        table.withLock { table in
            guard var entry = table.entries[id], entry.isReceiving else { return }
            entry.received += bytes
            let patience = min(entry.began + Double(entry.received) / limits.slowest, now)
            entry.deadline = max(entry.deadline, patience + limits.requestDeadline)
            table.entries[id] = entry
        }
    }

    /// Makes room for a body, until the request is completed.
    /// - Returns: why there is none, nil if there is.
    func reserve(_ id: ConnectionID, bytes: Int) -> Refusal? {
        if bytes == 0 { return nil }
        return table.withLock { table in
            let others = table.entries.values.reduce(0) { $0 + $1.reserved }
            guard others + bytes <= limits.totalBodyLimit else { return .tooManyBodies }
            if let party = table.entries[id]?.party {
                let own = table.entries.values.reduce(0) { $0 + ($1.party == party ? $1.reserved : 0) }
                // One alone may be as large as a body may be.
                guard own == 0 || own + bytes <= limits.partyBodyLimit else { return .tooManyBodiesOfYours }
            }
            table.entries[id]?.reserved = bytes
            return nil
        }
    }

    func handling(_ id: ConnectionID, _ exchange: Exchange) {
        table.withLock {
            $0.update(id, .handling, .infinity)
            $0.entries[id]?.exchange = exchange
        }
    }

    /// A reader may be slow, but not for ever, and not stand still.
    func answering(_ id: ConnectionID, bytes: Int) {
        let now = monotonicSeconds()
        let deadline = now + limits.requestDeadline + Double(bytes) / limits.slowest
        table.withLock {
            $0.update(id, .answering, min(deadline, now + limits.lookAgain))
            $0.entries[id]?.exchange = nil
            $0.entries[id]?.sending = bytes
            $0.entries[id]?.reader = Reader(deadline: deadline, taken: nil, moved: now)
        }
    }

    /// Answers past the daemon, and says that nothing more will come.
    func refuse(_ id: ConnectionID, _ response: HTTPResponse) {
        table.withLock { table in
            guard let entry = table.entries[id] else { return }
            let patience = isGuarded && entry.party == nil ? limits.headDeadline : limits.requestDeadline
            let deadline = monotonicSeconds() + patience
            entry.write(response)
            shutdown(entry.descriptor, Int32(SHUT_WR))
            table.update(id, .answering, deadline)
        }
    }

    func completed(_ id: ConnectionID) {
        let now = monotonicSeconds()
        table.withLock {
            let isStranger = isGuarded && $0.entries[id]?.party == nil
            $0.update(id, .idle, now + (isStranger ? min(limits.headDeadline, limits.idleLimit) : limits.idleLimit))
            $0.entries[id]?.isFresh = false
            $0.entries[id]?.reserved = 0
            $0.entries[id]?.sending = 0
            $0.entries[id]?.exchange = nil
        }
    }

    // MARK: Questions

    func peer(_ id: ConnectionID) -> String { table.withLock { $0.entries[id]?.peer ?? "" } }
    /// Whether nothing was answered on it yet.
    func isFresh(_ id: ConnectionID) -> Bool { table.withLock { $0.entries[id]?.isFresh ?? false } }
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
                if case .postponed = entry.phase {
                    next = min(next, entry.deadline)
                } else if entry.deadline <= now, !table.isReading(id, at: now, limits) {
                    table.cutLate(id, entry)
                } else {
                    next = min(next, table.entries[id]?.deadline ?? .infinity)
                }
            }
            return next
        }
    }
}

extension Connections.Entry {
    var isIdle: Bool { if case .idle = phase { true } else { false } }
    var isReceiving: Bool { if case .receiving = phase { true } else { false } }
    /// Among strangers: who has less goes first.
    var worth: Int { (isOurs == false ? 0 : 4) + (!isFresh ? 2 : isIdle ? 0 : 1) }

    /// Best effort: a few hundred bytes fit into the buffer of any socket whose client reads.
    func write(_ response: HTTPResponse) {
        let bytes = response.raw
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
}

extension Connections.Table {
    mutating func update(_ id: ConnectionID, _ phase: Connections.Phase, _ deadline: Double) {
        entries[id]?.phase = phase
        entries[id]?.deadline = deadline
        entries[id]?.reader = nil
    }

    /// Whether somebody reads an answer there and may go on: then the deadline is when to look again.
    mutating func isReading(_ id: ConnectionID, at now: Double, _ limits: HTTPServerSettings) -> Bool {
        guard let entry = entries[id], var reader = entry.reader, now < reader.deadline else { return false }
        var taken: UInt64 = 0
        guard linux_taken(entry.descriptor, &taken) == 0 else {
            entries[id]?.deadline = reader.deadline
            return true
        }
        if taken != reader.taken { (reader.taken, reader.moved) = (taken, now) }
        guard now - reader.moved < limits.stillLimit else { return false }
        entries[id]?.reader = reader
        entries[id]?.deadline = min(reader.deadline, reader.moved + limits.stillLimit, now + limits.lookAgain)
        return true
    }

    /// Ends the connection that has been idle longest, so that idle ones cannot starve a live one; strangers' before all others.
    mutating func evictIdle() -> Bool {
        evictIdle(among: entries.filter { $0.value.party == nil }) || evictIdle(among: entries)
    }

    /// - Returns: whether there was one.
    mutating func evictIdle(among some: [ConnectionID: Connections.Entry]) -> Bool {
        let idle = some.filter { $0.value.isIdle && !$0.value.isCut }
        guard let (id, entry) = idle.min(by: { $0.value.deadline < $1.value.deadline }) else { return false }
        cut(id, entry)
        return true
    }

    /// Ends strangers' connections until they are no more than that. First go those of whom the server is not for, however many and
    /// new they are: they can take nobody else's place. Then who has said nothing yet; of several the oldest, since who is honest
    /// says who it is at once.
    mutating func endStrangers(beyond limit: Int, _ isOurs: (String) -> Bool) {
        let strangers = entries.filter { $0.value.party == nil && !$0.value.isCut && !$0.value.isExtra }.keys
        let excess = strangers.count - limit
        if excess <= 0 { return }
        for id in strangers {
            guard let entry = entries[id], entry.isOurs == nil else { continue }
            entries[id]?.isOurs = isOurs(entry.peer)
        }
        let inOrder = strangers.sorted { (entries[$0]?.worth ?? 0, $0) < (entries[$1]?.worth ?? 0, $1) }
        for id in inOrder.prefix(excess) {
            guard let entry = entries[id] else { continue }
            entry.write(Refusal.tooManyStrangers.response)
            cut(id, entry)
        }
    }

    /// A kept connection between two requests is cut silently: an answer there would look like that to the next one.
    mutating func cutLate(_ id: ConnectionID, _ entry: Connections.Entry) {
        if entry.isReceiving || (entry.isIdle && entry.isFresh) {
            // RACE: libmicrohttpd may at this instant send an error of its own; the worst is two errors in a row on
            // a connection that ends.
            entry.write(Refusal.tooSlow.response)
        }
        cut(id, entry)
    }

    /// The daemon sees the end of the stream and closes.
    mutating func cut(_ id: ConnectionID, _ entry: Connections.Entry) {
        shutdown(entry.descriptor, Int32(SHUT_RDWR))
        entries[id]?.isCut = true
    }
}

extension HTTPServerSettings {
    /// Seconds between two looks at who reads an answer.
    var lookAgain: Double { stillLimit / 4 }
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
