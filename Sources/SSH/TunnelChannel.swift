import Glibc

internal import CSSH2

/// One connection through a tunnel: bytes between our end of a socket pair and a channel. Each direction ends on its own
/// (half-close), and holds at most one buffer that its destination has not taken yet: then its source is not read.
final class TunnelChannel {
    let pointer: OpaquePointer
    /// Our end of the socket pair; -1 when closed.
    private(set) var local: Int32

    /// Towards the channel: read from `local`, not yet taken by libssh2.
    private var up: [UInt8] = []
    private var isLocalReadable = true
    private var hasLocalEnded = false
    private var isEOFSent = false

    /// Towards `local`: read from the channel, not yet taken by the socket.
    private var down: [UInt8] = []
    private var hasRemoteEnded = false
    private var isLocalShut = false
    /// The owner closed its end: nobody will read what still comes.
    private var isOwnerGone = false

    init(_ pointer: OpaquePointer, local: Int32) {
        self.pointer = pointer
        self.local = local
    }

    deinit { closeLocal() }

    func closeLocal() {
        if local >= 0 { close(local) }
        local = -1
    }

    /// Nothing more will pass: time to close the channel.
    var isFinished: Bool { isEOFSent && (isOwnerGone || (hasRemoteEnded && down.isEmpty)) }

    /// What to watch `local` for; `nil` if it must not be watched now.
    func interest(mayRead: Bool) -> Int16? {
        guard !isOwnerGone else { return nil }
        var events: Int16 = 0
        if mayRead && !isLocalReadable && !hasLocalEnded && up.isEmpty { events |= Int16(POLLIN) }
        if !down.isEmpty { events |= Int16(POLLOUT) }
        return events
    }

    func note(_ events: Int16) {
        if events & Int16(POLLIN) != 0 { isLocalReadable = true }
        if events & Int16(POLLHUP | POLLERR) != 0 {
            // What the owner wrote before it closed is still read, and sent.
            isOwnerGone = true
            isLocalReadable = true
            down = []
        }
    }

    // MARK: Up

    /// Moves up to one block from the local end into the channel, as much as the server's window takes.
    /// - Returns: whether anything moved.
    func pumpUp(_ session: SSHSession, scratch: UnsafeMutableRawBufferPointer) throws(SSHError) -> Bool {
        var hasMoved = false
        if !up.isEmpty {
            let count = try up.withUnsafeBufferPointer { bytes throws(SSHError) in
                try write(session, UnsafeRawBufferPointer(bytes))
            }
            up.removeFirst(count)
            hasMoved = count > 0
        }
        if up.isEmpty, isLocalReadable, !hasLocalEnded, try pumpOnce(session, scratch) { hasMoved = true }
        if hasLocalEnded && up.isEmpty && !isEOFSent { try sendEOF(session) }
        return hasMoved
    }

    private func pumpOnce(_ session: SSHSession, _ scratch: UnsafeMutableRawBufferPointer) throws(SSHError) -> Bool {
        let window = Int(libssh2_channel_window_write_ex(pointer, nil))
        guard window > 0 else { return false }
        let count = recv(local, scratch.baseAddress, min(window, TunnelChannel.upBlock), Int32(MSG_DONTWAIT))
        guard count > 0 else {
            isLocalReadable = false
            hasLocalEnded = count == 0 || (errno != EAGAIN && errno != EINTR)
            return false
        }
        let taken = try write(session, UnsafeRawBufferPointer(rebasing: scratch[..<count]))
        up = Array(scratch[taken..<count])
        return true
    }

    private func write(_ session: SSHSession, _ bytes: UnsafeRawBufferPointer) throws(SSHError) -> Int {
        var done = 0
        while done < bytes.count {
            // SAFETY: the rest of the bytes and their count.
            let rest = bytes.baseAddress!.assumingMemoryBound(to: CChar.self) + done
            let count = libssh2_channel_write_ex(pointer, 0, rest, bytes.count - done)
            if count == 0 || count == Int(LIBSSH2_ERROR_EAGAIN) { break }
            if count < 0 { throw session.error(count) }
            done += count
        }
        return done
    }

    private func sendEOF(_ session: SSHSession) throws(SSHError) {
        let code = libssh2_channel_send_eof(pointer)
        if code == LIBSSH2_ERROR_EAGAIN { return }
        if code < 0 && code != LIBSSH2_ERROR_CHANNEL_CLOSED { throw session.error(Int(code)) }
        isEOFSent = true
    }

    // MARK: Down

    /// Moves bytes from the channel to the local end.
    /// - Returns: whether anything moved.
    func pumpDown(_ session: SSHSession, scratch: UnsafeMutableRawBufferPointer) throws(SSHError) -> Bool {
        if !down.isEmpty {
            let count = down.withUnsafeBytes { send($0) }
            down.removeFirst(count)
        }
        var hasMoved = false
        while down.isEmpty, !hasRemoteEnded, !isOwnerGone, try receive(session, scratch) { hasMoved = true }
        if hasRemoteEnded && down.isEmpty && !isLocalShut {
            shutdown(local, Int32(SHUT_WR))
            isLocalShut = true
        }
        return hasMoved
    }

    private func receive(_ session: SSHSession, _ scratch: UnsafeMutableRawBufferPointer) throws(SSHError) -> Bool {
        guard try grantWindow(session, scratch.count) else { return false }
        // SAFETY: no more than the scratch buffer holds.
        let buffer = scratch.baseAddress!.assumingMemoryBound(to: CChar.self)
        let count = libssh2_channel_read_ex(pointer, 0, buffer, scratch.count)
        if count == Int(LIBSSH2_ERROR_EAGAIN) { return false }
        if count < 0 { throw session.error(count) }
        guard count > 0 else {
            hasRemoteEnded = libssh2_channel_eof(pointer) != 0
            return false
        }
        let sent = send(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
        if !isOwnerGone { down = Array(scratch[sent..<count]) }
        return true
    }

    /// Lets the server send at least `size` bytes, so that libssh2's read has no reason to grant anything on its own: when
    /// a key exchange comes between, it computes the grant below zero, and the server ends the session over 4 GiB.
    /// As nothing is granted but here, what waits inside libssh2 for a slow reader stays below three times ``downWindow``, and
    /// at least that much is on its way on a long line.
    /// - Returns: false if it must be tried again.
    private func grantWindow(_ session: SSHSession, _ size: Int) throws(SSHError) -> Bool {
        let granted = max(size, TunnelChannel.downWindow)
        guard libssh2_channel_window_read_ex(pointer, nil, nil) < UInt(granted) else { return true }
        let code = libssh2_channel_receive_window_adjust2(pointer, UInt(granted), 1, nil)
        if code == LIBSSH2_ERROR_EAGAIN { return false }
        if code < 0 { throw session.error(Int(code)) }
        return true
    }

    /// How many bytes the local end took.
    private func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
        let count = Glibc.send(local, bytes.baseAddress, bytes.count, flags)
        if count < 0 && errno != EAGAIN && errno != EINTR { note(Int16(POLLHUP)) }
        return min(max(count, 0), bytes.count)
    }

    /// In bytes: see ``grantWindow(_:_:)``. Twice that is on its way, so that an answer with small files behind it (4 MiB and what tells of
    /// them) takes one round trip.
    private static let downWindow = 5 << 19
    /// In bytes: what is read from the local end at once.
    private static let upBlock = 1 << 16
}
