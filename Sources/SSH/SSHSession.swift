import Glibc

internal import CSSH2

/// One authenticated SSH connection; the owner of libssh2's handle, which goes away with it.
///
/// Used by one thread at a time. ``cancellation`` is for any thread. The session never blocks inside libssh2: it waits in
/// `poll(2)` itself, so that a wait ends when nothing has moved for ``timeout``, and a slow link that still moves is not cut.
package final class SSHSession {
    /// libssh2's session.
    let handle: OpaquePointer
    let socket: Int32
    /// Ends the connection from any thread.
    package let cancellation: SSHCancellation
    /// How long one call may wait without a byte moving.
    package let timeout: Duration
    /// What libssh2's callbacks use: kept until the session is freed.
    var companion: AnyObject?
    /// The first fatal error; every later call throws it again.
    private(set) var failure: SSHError?

    /// Connects, checks the host key and logs in.
    /// - Parameters:
    ///   - timeout: for connecting as a whole, and afterwards for each wait without progress.
    ///   - cancellation: a fresh one, kept by whoever may want to end the connection, or connecting itself.
    /// - Throws: `unreachable`, `timedOut`, `hostKeyChanged`, `unusableKey`, `refusedKey`, `closed`, `cancelled`, `protocolFailure`.
    package static func connect(
        to address: SSHAddress, expecting hostKey: HostKey, credentials: SSHCredentials,
        timeout: Duration, cancellation: SSHCancellation = SSHCancellation()
    ) throws(SSHError) -> SSHSession {
        let deadline = Deadline.after(timeout)
        let key = try credentials.keyText()
        let socket = try TCP.connect(to: address, until: deadline, cancellation: cancellation)
        let session = try SSHSession(socket: socket, timeout: timeout, cancellation: cancellation)
        try session.handshake(until: deadline)
        try session.check(hostKey)
        try session.logIn(credentials.user, key: key, until: deadline)
        return session
    }

    /// Takes the socket, also when it throws.
    private init(socket: Int32, timeout: Duration, cancellation: SSHCancellation) throws(SSHError) {
        _ = SSHSession.library
        guard let handle = libssh2_session_init_ex(nil, nil, nil, nil) else {
            cancellation.detach()
            close(socket)
            throw .closed(reason: "no memory for an SSH session")
        }
        self.handle = handle
        self.socket = socket
        self.timeout = timeout
        self.cancellation = cancellation
        libssh2_session_set_blocking(handle, 0)
    }

    /// Once in a process, before any session (libssh2_init(3) is not thread-safe; this is).
    private static let library: Int32 = libssh2_init(0)

    deinit {
        if failure == nil { libssh2_session_disconnect_ex(handle, SSH_DISCONNECT_BY_APPLICATION, "", "") }
        // With the socket shut, nothing below can wait: every send and receive fails at once.
        _ = shutdown(socket, Int32(SHUT_RDWR))
        for _ in 0..<SSHSession.freeAttempts where libssh2_session_free(handle) != LIBSSH2_ERROR_EAGAIN { break }
        cancellation.detach()
        close(socket)
    }

    private static let freeAttempts = 1000

    /// Ends the connection. Any thread may do the same through ``cancellation``.
    package func cancel() { cancellation.cancel() }

    /// Declares the session dead, so that nothing waits for it any more.
    func fail(_ error: SSHError) -> SSHError {
        if let failure { return failure }
        failure = error
        _ = shutdown(socket, Int32(SHUT_RDWR))
        return error
    }
}
