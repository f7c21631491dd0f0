import Glibc

internal import CSSH2

/// Between libssh2 and the socket of a tunnel. Output that the socket does not take now is kept here, so that libssh2 never
/// stops in the middle of a packet: it would insist that the same call be made again before any other, and with several
/// channels that is a trap.
final class TunnelWire {
    private let socket: Int32
    private var output: [UInt8] = []
    /// How much of `output` is already sent.
    private var sent = 0
    /// Whether the socket has nothing more to read until `poll(2)` says otherwise.
    private var isDrained = false
    /// Grows with each byte that comes in, and with each that goes out after the socket had been full: the peer lives.
    private(set) var movement: UInt64 = 0
    /// Bytes that came in.
    private(set) var received: UInt64 = 0
    /// Why nothing will come any more.
    private(set) var ending: String?

    init(socket: Int32) { self.socket = socket }

    /// The wire must outlive the session: it becomes its companion.
    func install(on session: OpaquePointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        synchub_ssh_set_io(
            session, context,
            { _, bytes, count, _, abstract in
                // SAFETY: the context is the wire; libssh2 gives `count` readable bytes.
                let wire = Unmanaged<TunnelWire>.fromOpaque(abstract!.pointee!).takeUnretainedValue()
                return wire.take(UnsafeRawBufferPointer(start: bytes, count: count))
            },
            { _, buffer, count, _, abstract in
                // SAFETY: the context is the wire; libssh2 gives room for `count` bytes.
                let wire = Unmanaged<TunnelWire>.fromOpaque(abstract!.pointee!).takeUnretainedValue()
                return wire.give(UnsafeMutableRawBufferPointer(start: buffer, count: count))
            })
    }

    /// Bytes that wait for the socket.
    var waiting: Int { output.count - sent }

    /// The socket has something to read again.
    func refill() { isDrained = false }

    /// Sends what waits, as far as the socket takes it.
    func flush() {
        while waiting > 0, ending == nil {
            let count = output.withUnsafeBytes { send($0[sent...]) }
            guard count > 0 else { return }
            sent += count
            movement += 1
            if sent == output.count {
                output.removeAll(keepingCapacity: output.capacity <= TunnelWire.keptCapacity)
                sent = 0
            }
        }
    }

    private static let keptCapacity = 1 << 18

    /// libssh2 sends: all of it is accepted. Negative: an errno.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard ending == nil else { return -Int(EPIPE) }
        let count = waiting == 0 ? send(bytes[...]) : 0
        if ending != nil { return -Int(EPIPE) }
        output.append(contentsOf: bytes[count...])
        return bytes.count
    }

    /// libssh2 receives. Negative: an errno.
    private func give(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard ending == nil else { return -Int(ECONNRESET) }
        guard !isDrained else { return -Int(EAGAIN) }
        let count = recv(socket, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 {
            received += UInt64(count)
            movement += 1
            // Less than asked for: the rest can wait for poll, which saves a call that would find nothing.
            isDrained = count < buffer.count
            return count
        }
        if count < 0 && (errno == EAGAIN || errno == EINTR) {
            isDrained = true
            return -Int(EAGAIN)
        }
        ending = count == 0 ? "the other side hung up" : SystemError.text(errno)
        return -Int(ECONNRESET)
    }

    /// Bytes sent, 0 if the socket is full or broken.
    private func send(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let rest = UnsafeRawBufferPointer(rebasing: bytes)
        let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
        let count = Glibc.send(socket, rest.baseAddress, rest.count, flags)
        if count < 0 && errno != EAGAIN && errno != EINTR { ending = SystemError.text(errno) }
        return max(count, 0)
    }
}
