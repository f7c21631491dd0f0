import Glibc
import Synchronization

/// A small HTTP/1.1 server for this machine: on the loopback interface or on a unix socket.
///
/// It turns down what a well-behaved client never sends (DESIGN §7) with `{"error":{"code","message"}}`. Routing and
/// authentication are the handler's. What libmicrohttpd itself cannot parse (no Host at all, a length that is no number,
/// a head beyond its memory), it answers with a 4xx status and a page of its own.
package final class HTTPServer: Sendable {
    /// With the port that was found.
    package let address: HTTPListenAddress
    private let core: ServerCore
    private let file: SocketFile?
    private let daemon: Mutex<Daemon?>

    /// Listens and serves from now on, until ``stop()`` or the end of this object.
    /// - Parameters:
    ///   - admit: asked on that thread too, with the head of each request (its body is empty), who it is; without it everybody is
    ///     welcome. It must not block.
    ///   - isOurs: asked when there are too many strangers, with ``HTTPRequest/peer`` and this server's port: whether they come from
    ///     those that the server is for. One who does not is ended first, then one who has said nothing yet; of several the oldest.
    ///   - handler: called on the server's one thread for each request that has arrived whole. It must not
    ///     block: whatever takes time answers later, through the responder.
    package init(
        _ address: HTTPListenAddress, settings: HTTPServerSettings = HTTPServerSettings(),
        admit: (@Sendable (HTTPRequest) -> HTTPAdmission)? = nil,
        isOurs: @escaping @Sendable (_ peer: String, _ port: UInt16) -> Bool = { _, _ in true },
        handler: @escaping @Sendable (HTTPRequest, HTTPResponder) -> Void
    ) throws(HTTPServerError) {
        let socket = try ListeningSocket.open(address)
        guard let core = ServerCore(socket.address, settings, admit, isOurs, handler) else {
            close(socket.descriptor)
            socket.file?.remove()
            throw .cannotStart(address)
        }
        guard let daemon = Daemon(core, listening: socket.descriptor) else {
            core.watch.stop()
            close(socket.descriptor)
            socket.file?.remove()
            throw .cannotStart(address)
        }
        self.address = socket.address
        self.core = core
        self.file = socket.file
        self.daemon = Mutex(daemon)
    }

    deinit { stop() }

    /// The TCP port, nil on a unix socket.
    package var port: UInt16? {
        if case .loopback(let port) = address { port } else { nil }
    }

    /// Takes no more requests, answers those that wait with 503 `stopping`, gives the answers
    /// ``HTTPServerSettings/stopGrace`` to leave, and ends. Repeated calls do nothing (and wait for the first).
    /// Blocks; not to be called from the handler or a listener of a responder.
    package func stop() {
        daemon.withLock { slot in
            guard let daemon = slot.take() else { return }
            daemon.quiesce()
            file?.remove()
            core.endRequests()
            core.drain()
            daemon.stop()
            core.watch.stop()
        }
    }
}
