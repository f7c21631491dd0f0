internal import CMicroHTTPD
import Synchronization

/// One request and its answer, from the request line to the last byte sent. The daemon holds it (retained) as the
/// request's context; a responder holds it until it answers.
///
/// `receive…` and `settle` belong to the server's thread, `answer`, `abandon` and the rest to any.
final class Exchange: Sendable {
    /// Which connection it came on.
    let connection: ConnectionID
    let target: [UInt8]
    private let state = Mutex(State())

    fileprivate struct State {
        /// The head has come and is a good one.
        var hasBegun = false
        /// The server itself has answered; the rest of the body is read only to be thrown away.
        var isRefused = false
        var isPostponed = false
        /// Until the handler gets it.
        var head: RequestHead?
        var body: [UInt8] = []
        var phase = Phase.open
        var onClose: [@Sendable () -> Void] = []
    }

    fileprivate enum Phase {
        /// No answer yet, and the server's thread will look for one.
        case open
        /// No answer yet, and whoever has one must resume this connection.
        case suspended(OpaquePointer)
        case answered(HTTPResponse)
        /// The client has gone.
        case abandoned
        /// Sent, or given up: the connection must not be touched any more.
        case finished
    }

    init(connection: ConnectionID, target: [UInt8]) {
        self.connection = connection
        self.target = target
    }

    // MARK: Receiving

    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    func receive(_ head: RequestHead) {
        state.withLock {
            $0.hasBegun = true
            $0.head = head
            // Not what the sender promises, only what is likely: memory is given as bytes arrive.
            $0.body.reserveCapacity(min(head.contentLength, 64 << 10))
        }
    }

    /// Nothing of the body is kept any more.
    var isRefused: Bool { state.withLock { $0.isRefused } }
    /// A stranger waits for its answer: nothing of the body is taken.
    var isPostponed: Bool { state.withLock { $0.isPostponed } }

    func postpone() {
        state.withLock {
            $0.hasBegun = true
            $0.isPostponed = true
        }
    }

    /// Answers what has no body and is for no handler.
    func answerNow(_ response: HTTPResponse) {
        state.withLock { $0.hasBegun = true }
        answer(response)
    }

    /// A stranger has waited long enough.
    /// - Parameter isSaid: the answer was given past the daemon; the rest is thrown away.
    func release(with response: HTTPResponse, isSaid: Bool) {
        guard isSaid else { return answer(response) }
        state.withLock { state in
            state.isRefused = true
            state.leave(for: .open)
        }
    }

    func refuse() {
        state.withLock {
            $0.hasBegun = true
            $0.isRefused = true
        }
    }

    /// - Parameter limit: bytes of the body so far and these. The length was checked before, and libmicrohttpd reads no
    ///   more than it.
    func receive(_ bytes: [UInt8], limit: Int) {
        let count = state.withLock {
            $0.body += bytes
            return $0.body.count
        }
        precondition(count <= limit, "more of a body than its Content-Length")
    }

    /// The request for the handler, once. It moves out, so that a long poll keeps none of it.
    func takeRequest(peer: String) -> HTTPRequest? {
        state.withLock {
            guard let head = $0.head else { return nil }
            let body = $0.body
            $0.body = []
            $0.head = nil
            return head.request(body: body, peer: peer)
        }
    }

    // MARK: Answering

    enum Next: Sendable { case send(HTTPResponse), wait, close }

    /// What the server's thread has to do now; suspends the connection when there is no answer yet.
    /// - Parameter watch: called before a suspension, while the connection is certainly open.
    func settle(_ connection: OpaquePointer, watch: () -> Void) -> Next {
        let daemonConnection = UInt(bitPattern: connection)
        return state.withLock { state in
            switch state.phase {
            case .answered(let response): return .send(response)
            case .abandoned, .finished: return .close
            // It was released before it slept.
            case .open where state.isRefused: return .wait
            case .open, .suspended:
                guard let connection = OpaquePointer(bitPattern: daemonConnection) else { return .close }
                watch()
                state.phase = .suspended(connection)
                MHD_suspend_connection(connection)
                return .wait
            }
        }
    }

    /// The first answer counts.
    func answer(_ response: HTTPResponse) {
        let unused = state.withLock { state in
            state.leave(for: .answered(response)) ? state.takeListeners() : []
        }
        // Freed here, outside of the lock: what they hold may be a responder, whose end comes back to this exchange.
        _ = unused
    }

    /// Nobody waits for the answer any more.
    func abandon() {
        let listeners = state.withLock { state in
            state.leave(for: .abandoned) ? state.takeListeners() : []
        }
        for listener in listeners { listener() }
    }

    /// Answers, and tells whoever works on another answer that it is not needed.
    func end(with response: HTTPResponse) {
        let listeners = state.withLock { state in
            state.leave(for: .answered(response)) ? state.takeListeners() : []
        }
        for listener in listeners { listener() }
    }

    /// The daemon is done with this request; after this the connection may be gone at any time.
    func finish() {
        let listeners = state.withLock { state in
            defer { state.phase = .finished }
            return state.isUnanswered ? state.takeListeners() : []
        }
        for listener in listeners { listener() }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    func onClose(_ listener: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if state.isUnanswered { state.onClose.append(listener) }
            return state.isClosed
        }
        if isClosed { listener() }
    }
}

extension Exchange.State {
    var isUnanswered: Bool {
        switch phase {
        case .open, .suspended: true
        case .answered, .abandoned, .finished: false
        }
    }

    var isClosed: Bool {
        switch phase {
        case .abandoned, .finished: true
        case .open, .suspended, .answered: false
        }
    }

    /// - Returns: whether there was no answer before.
    @discardableResult
    mutating func leave(for next: Exchange.Phase) -> Bool {
        switch phase {
        case .open: phase = next
        case .suspended(let connection):
            phase = next
            // The daemon keeps a suspended connection until it is resumed, and we resume it once: the pointer is valid.
            MHD_resume_connection(connection)
        case .answered, .abandoned, .finished: return false
        }
        return true
    }

    /// They hold what the waiting request needed: they must not outlive it.
    mutating func takeListeners() -> [@Sendable () -> Void] {
        defer { onClose = [] }
        return onClose
    }
}
