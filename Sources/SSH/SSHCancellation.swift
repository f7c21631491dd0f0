import Glibc
import Synchronization

/// Ends a connection from any thread: a call that is blocked in it fails with ``SSHError/cancelled`` within milliseconds.
/// Made before the connection, so that connecting can be cancelled too. One for each connection; it cannot be undone.
package final class SSHCancellation: Sendable {
    private struct State {
        var isCancelled = false
        /// The socket while it is open. The owner takes it back before closing, so that its number never means another file.
        var socket: Int32?
    }

    private let state = Mutex(State())

    /// A connection's own, not used before.
    package init() {}

    /// Whether ``cancel()`` was called. Any thread.
    package var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Any thread, any number of times.
    package func cancel() {
        state.withLock {
            $0.isCancelled = true
            if let socket = $0.socket { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    func attach(_ socket: Int32) {
        state.withLock {
            $0.socket = socket
            if $0.isCancelled { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    func detach() { state.withLock { $0.socket = nil } }
}
