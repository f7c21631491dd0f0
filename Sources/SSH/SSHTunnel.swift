/// TCP connections through one SSH connection (`direct-tcpip` channels), many at once. Any thread may use it; one thread of
/// its own does the work and sleeps while nothing moves.
package final class SSHTunnel: Sendable {
    private let mailbox: TunnelMailbox
    private let cancellation: SSHCancellation

    /// Connects and logs in (blocking, on the caller's thread), then starts the tunnel's thread.
    /// - Parameters:
    ///   - timeout: for connecting as a whole.
    ///   - interval: of silence from the server, before it is asked for a sign of life.
    ///   - patience: from that question to the end of the tunnel.
    ///   - cancellation: ends the tunnel, or connecting, from any thread.
    ///   - onClose: called once, on the tunnel's thread, when the tunnel has ended and all descriptors are closed;
    ///     ``SSHError/cancelled`` after ``close()``. Not called when connecting fails.
    /// - Throws: as ``SSHSession/connect(to:expecting:credentials:timeout:cancellation:)``
    package static func connect(
        to address: SSHAddress, expecting hostKey: HostKey, credentials: SSHCredentials, timeout: Duration,
        interval: Duration = .seconds(15), patience: Duration = .seconds(15),
        cancellation: SSHCancellation = SSHCancellation(), onClose: @escaping @Sendable (SSHError) -> Void
    ) throws(SSHError) -> SSHTunnel {
        let mailbox = try TunnelMailbox()
        let session = try SSHSession.connect(
            to: address, expecting: hostKey, credentials: credentials, timeout: timeout, cancellation: cancellation)
        let loop = TunnelLoop(session, mailbox, interval: interval, patience: patience)
        let start = Handover(loop)
        try OSThread.start("ssh-tunnel") {
            let reason = start.run()
            mailbox.ended.raise()
            onClose(reason)
        }
        return SSHTunnel(mailbox: mailbox, cancellation: cancellation)
    }

    private init(mailbox: TunnelMailbox, cancellation: SSHCancellation) {
        self.mailbox = mailbox
        self.cancellation = cancellation
    }

    deinit { mailbox.askToClose() }

    /// Opens a connection from the server to an address as the server sees it. `permitopen` compares the host literally:
    /// `127.0.0.1` is not `localhost`.
    /// - Parameter timeout: how long the server may take.
    /// - Returns: one end of a connected, non-blocking Unix stream socket; the caller closes it. Shutting down one direction
    ///   reaches the other side, and its end of stream comes back as one. When the tunnel dies it reads as ended.
    /// - Throws: `channelRefused`, `timedOut` (the tunnel goes on), or why the tunnel ended.
    package func open(host: String = "127.0.0.1", port: UInt16, timeout: Duration) throws(SSHError) -> Int32 {
        let request = try TunnelRequest(host: host, port: port)
        try mailbox.post(request)
        return try request.wait(until: .after(timeout))
    }

    /// Why the tunnel ended, `nil` while it lives.
    package var failure: SSHError? { mailbox.ending }

    /// Ends the tunnel and everything that goes through it; returns when its descriptors are closed. Also from `onClose`.
    package func close() {
        mailbox.askToClose()
        _ = mailbox.ended.wait(until: .after(.seconds(5)))
    }

    /// Carries the loop to its thread, and lets go of it there, so that the session is freed by the thread that used it.
    private final class Handover: @unchecked Sendable {
        // SAFETY: made by one thread, and from its start on used by the tunnel's thread alone.
        private var loop: TunnelLoop?

        init(_ loop: TunnelLoop) { self.loop = loop }

        func run() -> SSHError {
            defer { loop = nil }
            return loop?.run() ?? .cancelled
        }
    }
}
