/// The way to answer one request: once, now or later, from any thread. Dropped without an answer, it answers 500.
package final class HTTPResponder: Sendable {
    private let exchange: Exchange
    private let connections: Connections

    init(_ exchange: Exchange, _ connections: Connections) {
        self.exchange = exchange
        self.connections = connections
    }

    deinit { exchange.answer(Refusal.unanswered.response) }

    /// Sends the answer. Calls after the first do nothing, and neither do calls after the client has gone or the server
    /// has stopped. Never blocks.
    package func respond(_ response: HTTPResponse) { exchange.answer(response) }

    /// Whether nobody waits for an answer any more. Best effort: a client that vanished without a word still counts.
    package var isClosed: Bool { exchange.isClosed }

    /// Bytes of answers, to anybody, that the server holds until they are sent.
    package var bytesBeingSent: Int { connections.bytesBeingSent }

    /// Calls `listener` when the client goes, or the server stops, before the answer; at once if that has happened; not
    /// at all if the answer comes first. On a thread of the server: it must not block.
    package func onClose(_ listener: @escaping @Sendable () -> Void) { exchange.onClose(listener) }
}
