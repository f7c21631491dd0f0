import Glibc

internal import CSSH2

/// The thread of a tunnel: the only one that touches its session. Sleeps in `poll(2)` while nothing moves.
final class TunnelLoop {
    private let session: SSHSession
    private let wire: TunnelWire
    private let mailbox: TunnelMailbox
    private let pulse: TunnelPulse
    private var channels: [TunnelChannel] = []
    /// Waiting for their turn: libssh2 opens one channel at a time.
    private var requests: [TunnelRequest] = []
    private var opening: (request: TunnelRequest, message: [UInt8])?
    /// Channels that are closed here, and wait for the server's word.
    private var closing: [OpaquePointer] = []
    /// Its size is also the window that a channel gives the server.
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

    init(
        _ session: SSHSession, _ mailbox: TunnelMailbox, interval: Duration, patience: Duration
    ) {
        self.session = session
        self.mailbox = mailbox
        wire = TunnelWire(socket: session.socket)
        pulse = TunnelPulse(wire, interval: interval, patience: patience)
        wire.install(on: session.handle)
        session.companion = wire
    }

    deinit { scratch.deallocate() }

    /// Until the tunnel ends; afterwards every descriptor but the session's own socket is closed.
    /// - Returns: why it ended.
    func run() -> SSHError {
        do throws(SSHError) {
            while true {
                requests += try mailbox.collect()
                try work()
                try sleep()
            }
        } catch {
            finish(error)
            return error
        }
    }

    private func finish(_ reason: SSHError) {
        if reason == .cancelled { wire.flush() }
        _ = reason == .cancelled ? reason : session.fail(reason)
        mailbox.end(reason)
        for request in requests + [opening?.request].compactMap(\.self) { _ = request.answer(.failure(reason)) }
        for channel in channels { channel.closeLocal() }
        channels = []
    }

    // MARK: Working

    /// Moves all that can be moved now.
    private func work() throws(SSHError) {
        var received: UInt64
        var hasMoved: Bool
        repeat {
            received = wire.received
            hasMoved = try pass()
            // A channel that was served early in the pass may have got something later in it.
        } while hasMoved || wire.received != received
        wire.flush()
        try pulse.beat(session)
        if let ending = wire.ending { throw session.fail(.closed(reason: ending)) }
    }

    private func pass() throws(SSHError) -> Bool {
        try pulse.drain(session)
        try openNext()
        var hasMoved = false
        for channel in channels {
            if mayRead, try channel.pumpUp(session, scratch: scratch) { hasMoved = true }
            if try channel.pumpDown(session, scratch: scratch) { hasMoved = true }
        }
        retireFinished()
        try freeClosed()
        return hasMoved
    }

    /// Whether more may be put on the wire: behind a slow line the local ends are not read.
    private var mayRead: Bool { wire.waiting < TunnelLoop.wireLimit }
    private static let wireLimit = 1 << 18

    // MARK: Opening and closing

    private func openNext() throws(SSHError) {
        if pulse.isOpening { try pulse.open(session) }
        while !pulse.isOpening {
            if opening == nil, !requests.isEmpty {
                let request = requests.removeFirst()
                opening = (request, request.message)
            }
            guard let (request, message) = opening else { return try pulse.open(session) }
            guard let result = try open(message) else { return }
            opening = nil
            conclude(request, result)
        }
    }

    /// The channel starts with a window of 0: it grants its own, see ``TunnelChannel``.
    /// - Returns: `nil` while the server has not answered; a channel, or `nil` inside if it refused.
    private func open(_ message: [UInt8]) throws(SSHError) -> OpaquePointer?? {
        let pointer = message.withUnsafeBytes { bytes in
            // SAFETY: the message with its length; libssh2 copies it into the packet.
            libssh2_channel_open_ex(
                session.handle, "direct-tcpip", 12, 0, UInt32(LIBSSH2_CHANNEL_PACKET_DEFAULT),
                bytes.baseAddress!.assumingMemoryBound(to: CChar.self), UInt32(bytes.count))
        }
        if let pointer { return .some(pointer) }
        switch libssh2_session_last_errno(session.handle) {
        case LIBSSH2_ERROR_EAGAIN: return nil
        case LIBSSH2_ERROR_CHANNEL_FAILURE: return .some(nil)
        case let code: throw session.error(Int(code))
        }
    }

    private func conclude(_ request: TunnelRequest, _ pointer: OpaquePointer?) {
        guard let pointer else {
            _ = request.answer(.failure(.channelRefused(host: request.host, port: request.port)))
            return
        }
        var ends: (Int32, Int32) = (-1, -1)
        let code = withUnsafeMutableBytes(of: &ends) {
            // SAFETY: two Int32, one after the other, as socketpair(2) wants them.
            synchub_socket_pair($0.baseAddress!.assumingMemoryBound(to: Int32.self))
        }
        guard code == 0 else {
            _ = request.answer(.failure(.closed(reason: SystemError.text(errno))))
            closing.append(pointer)
            return
        }
        if request.answer(.success(ends.1)) {
            channels.append(TunnelChannel(pointer, local: ends.0))
        } else {
            close(ends.0)
            close(ends.1)
            closing.append(pointer)
        }
    }

    private func retireFinished() {
        for channel in channels where channel.isFinished {
            channel.closeLocal()
            closing.append(channel.pointer)
        }
        channels.removeAll { $0.isFinished }
    }

    private func freeClosed() throws(SSHError) {
        closing = closing.filter { libssh2_channel_free($0) == LIBSSH2_ERROR_EAGAIN }
    }

    // MARK: Sleeping

    /// Whether what the server sends is taken in: with no channel at all it waits.
    private var isReading: Bool {
        pulse.isReading || opening != nil || !channels.isEmpty || !closing.isEmpty
    }

    private func sleep() throws(SSHError) {
        let events = (isReading ? POLLIN : 0) | (wire.waiting > 0 ? POLLOUT : 0)
        // poll(2) skips negative descriptors.
        var entries = [
            pollfd(fd: events == 0 ? -1 : session.socket, events: Int16(events), revents: 0),
            pollfd(fd: mailbox.wake.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        for channel in channels {
            let interest = channel.interest(mayRead: mayRead)
            entries.append(pollfd(fd: interest == nil ? -1 : channel.local, events: interest ?? 0, revents: 0))
        }
        let count = poll(&entries, nfds_t(entries.count), pulse.deadline.milliseconds)
        if count < 0 && errno != EINTR { throw session.fail(.closed(reason: SystemError.text(errno))) }
        guard count > 0 else { return }
        if entries[0].revents != 0 { wire.refill() }
        for (channel, entry) in zip(channels, entries.dropFirst(2)) { channel.note(entry.revents) }
    }
}
