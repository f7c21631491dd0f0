import Glibc
import Synchronization

/// One address that a host name stands for, as the socket calls want it.
struct SocketAddress: Sendable {
    let family: Int32
    /// A `sockaddr` of that family.
    let bytes: [UInt8]
}

/// Names to addresses, within a deadline: `getaddrinfo(3)` has none of its own.
enum Resolver {
    private enum Answer: Sendable {
        case addresses([SocketAddress])
        case failure(Int32)
    }

    private final class Box: Sendable {
        let answer = Mutex<Answer?>(nil)
    }

    /// In the order that the system prefers, at least one.
    /// - Throws: ``SSHError/unreachable(host:port:reason:)``, ``SSHError/timedOut(doing:)``
    static func resolve(_ address: SSHAddress, until deadline: Deadline) throws(SSHError) -> [SocketAddress] {
        if case .addresses(let found) = look(address, flags: AI_NUMERICHOST) { return found }
        let box = Box()
        let done = try Event()
        // A lookup that hangs keeps this thread until the system gives it up, and nobody waits for it.
        try OSThread.start("ssh-resolve") {
            let answer = look(address, flags: 0)
            box.answer.withLock { $0 = answer }
            done.raise()
        }
        guard done.wait(until: deadline) else { throw .timedOut(doing: "looking up \(address.host)") }
        switch box.answer.withLock({ $0 }) {
        case .addresses(let found): return found
        case .failure(let code): throw unreachable(address, code)
        case nil: throw .timedOut(doing: "looking up \(address.host)")
        }
    }

    private static func unreachable(_ address: SSHAddress, _ code: Int32) -> SSHError {
        // SAFETY: gai_strerror always answers with a static text.
        .unreachable(host: address.host, port: address.port, reason: String(cString: gai_strerror(code)))
    }

    private static func look(_ address: SSHAddress, flags: Int32) -> Answer {
        var hints = addrinfo()
        hints.ai_flags = flags | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.host, String(address.port), &hints, &first)
        guard code == 0, let first else { return .failure(code) }
        defer { freeaddrinfo(first) }
        var found: [SocketAddress] = []
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let entry = next?.pointee {
            // SAFETY: getaddrinfo promises `ai_addrlen` bytes at `ai_addr`.
            let bytes = UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
            found.append(SocketAddress(family: entry.ai_family, bytes: Array(bytes)))
            next = entry.ai_next
        }
        return found.isEmpty ? .failure(EAI_NONAME) : .addresses(found)
    }
}
