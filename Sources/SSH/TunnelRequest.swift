import Glibc
import Synchronization

internal import CSSH2

/// Somebody waits for a connection through the tunnel.
final class TunnelRequest: Sendable {
    private enum State {
        case waiting
        case answered(Result<Int32, SSHError>)
        case abandoned
    }

    let host: String
    let port: UInt16
    private let state = Mutex(State.waiting)
    private let done: Event

    init(host: String, port: UInt16) throws(SSHError) {
        self.host = host
        self.port = port
        done = try Event()
    }

    /// The payload of a `direct-tcpip` channel (RFC 4254, section 7.2).
    var message: [UInt8] {
        func number(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        func string(_ text: String) -> [UInt8] { number(UInt32(text.utf8.count)) + Array(text.utf8) }
        return string(host) + number(UInt32(port)) + string("127.0.0.1") + number(0)
    }

    /// From the tunnel's thread, once.
    /// - Returns: false if nobody waits any more; a descriptor still belongs to the caller of this then.
    func answer(_ result: Result<Int32, SSHError>) -> Bool {
        let isWanted = state.withLock { state in
            guard case .waiting = state else { return false }
            state = .answered(result)
            return true
        }
        done.raise()
        return isWanted
    }

    /// Blocks until the tunnel has answered.
    func wait(until deadline: Deadline) throws(SSHError) -> Int32 {
        _ = done.wait(until: deadline)
        let result = state.withLock { state -> Result<Int32, SSHError>? in
            if case .answered(let result) = state { return result }
            state = .abandoned
            return nil
        }
        guard let result else { throw .timedOut(doing: "opening a channel to \(host) port \(port)") }
        return try result.get()
    }
}
