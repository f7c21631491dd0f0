import Glibc

internal import CSSH2

extension SSHSession {
    /// Calls `step` until it has an answer other than "again", and waits for the socket in between.
    /// - Parameter deadline: for the whole; without one, ``timeout`` counts from the last time that the socket moved.
    /// - Returns: what `step` returned at last, which may be an error of libssh2's.
    func perform(
        _ doing: String, until deadline: Deadline? = nil, _ step: () -> Int
    ) throws(SSHError) -> Int {
        while true {
            if let failure { throw failure }
            if cancellation.isCancelled { throw fail(.cancelled) }
            let result = step()
            guard result == Int(LIBSSH2_ERROR_EAGAIN) else { return result }
            try waitForSocket(doing, until: deadline ?? .after(timeout))
        }
    }

    /// As ``perform(_:until:_:)`` for calls that answer with a pointer: `nil` with the error "again" means again.
    func performPointer(
        _ doing: String, _ step: () -> OpaquePointer?
    ) throws(SSHError) -> OpaquePointer? {
        var pointer: OpaquePointer?
        _ = try perform(doing) {
            pointer = step()
            return pointer == nil ? Int(libssh2_session_last_errno(handle)) : 0
        }
        return pointer
    }

    private func waitForSocket(_ doing: String, until deadline: Deadline) throws(SSHError) {
        let directions = libssh2_session_block_directions(handle)
        var events = Int16(POLLIN)
        if directions & LIBSSH2_SESSION_BLOCK_OUTBOUND != 0 {
            // Only what it waits for: a socket with unread input would otherwise wake a blocked send for ever.
            events = directions & LIBSSH2_SESSION_BLOCK_INBOUND != 0 ? Int16(POLLIN | POLLOUT) : Int16(POLLOUT)
        }
        guard Poll.wait(socket, for: events, until: deadline) else { throw fail(.timedOut(doing: doing)) }
    }

    /// What libssh2's last error means for this session; a fatal one ends it.
    func error(_ code: Int) -> SSHError {
        if let failure { return failure }
        if cancellation.isCancelled { return fail(.cancelled) }
        let code = Int32(truncatingIfNeeded: code)
        return SSHSession.meansClosed.contains(code)
            ? fail(.closed(reason: lastMessage)) : fail(.protocolFailure(code: code, message: lastMessage))
    }

    /// What libssh2 says about its last error.
    var lastMessage: String {
        var text: UnsafeMutablePointer<CChar>?
        var length: Int32 = 0
        libssh2_session_last_error(handle, &text, &length, 0)
        guard let text else { return "no reason given" }
        // SAFETY: libssh2 keeps its message, of this length, until its next call.
        return String(decoding: UnsafeRawBufferPointer(start: text, count: Int(length)), as: UTF8.self)
    }

    /// Since the session never lets libssh2 wait, its two timeouts, too, only ever stand for a connection that has gone.
    private static let meansClosed: Set<Int32> = [
        LIBSSH2_ERROR_SOCKET_NONE, LIBSSH2_ERROR_SOCKET_SEND, LIBSSH2_ERROR_SOCKET_RECV,
        LIBSSH2_ERROR_SOCKET_DISCONNECT, LIBSSH2_ERROR_SOCKET_TIMEOUT, LIBSSH2_ERROR_TIMEOUT,
        LIBSSH2_ERROR_BAD_SOCKET, LIBSSH2_ERROR_CHANNEL_CLOSED, LIBSSH2_ERROR_CHANNEL_EOF_SENT,
        LIBSSH2_ERROR_BANNER_RECV, LIBSSH2_ERROR_BANNER_SEND, LIBSSH2_ERROR_CHANNEL_UNKNOWN,
    ]
}
