internal import CMicroHTTPD
import Glibc
import Synchronization

/// What the daemon's callbacks work on; retained for it until it has stopped. All of it runs on the server's thread.
final class ServerCore: Sendable {
    let settings: HTTPServerSettings
    let connections: Connections
    let watch: Watch
    private let hosts: Set<String>
    private let handler: @Sendable (HTTPRequest, HTTPResponder) -> Void
    /// Nil where everybody is welcome.
    private let admit: (@Sendable (HTTPRequest) -> HTTPAdmission)?
    private let pace: Mutex<StrangerPace>
    private let isStopping = Atomic(false)
    /// Written when a request completes while the server stops.
    let completion: Int32

    /// - Returns: nil when descriptors or threads cannot be had.
    init?(
        _ address: HTTPListenAddress, _ settings: HTTPServerSettings,
        _ admit: (@Sendable (HTTPRequest) -> HTTPAdmission)?,
        _ isOurs: @escaping @Sendable (String, UInt16) -> Bool,
        _ handler: @escaping @Sendable (HTTPRequest, HTTPResponder) -> Void
    ) {
        self.settings = settings
        self.handler = handler
        self.admit = admit
        pace = Mutex(settings.strangerPace)
        let isOursHere: @Sendable (String) -> Bool
        switch address {
        case .loopback(let port):
            hosts = ["127.0.0.1:\(port)", "localhost:\(port)"]
            isOursHere = { isOurs($0, port) }
        case .unix:
            hosts = ["localhost"]
            isOursHere = { _ in true }
        }
        connections = Connections(limits: settings, isGuarded: admit != nil, isOurs: isOursHere)
        completion = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard completion >= 0 else { return nil }
        guard let watch = Watch(connections) else { close(completion); return nil }
        self.watch = watch
    }

    deinit { close(completion) }

    // MARK: Callbacks

    func connectionOpened(_ connection: OpaquePointer) -> ConnectionID {
        let id = connections.opened(descriptor(connection))
        // After it is known: who looks for the next deadline before finds none, and sleeps on beside one that never says more.
        watch.expect(deadlineIn: min(settings.requestDeadline, settings.headDeadline))
        return id
    }

    func began(_ connection: OpaquePointer, target: [UInt8]) -> Exchange {
        let id = connectionID(connection)
        connections.receiving(id)
        watch.expect(deadlineIn: min(settings.requestDeadline, settings.headDeadline))
        return Exchange(connection: id, target: target)
    }

    /// Called once with the head, then with parts of the body, then with nothing, and again when it is resumed.
    func access(
        _ exchange: Exchange, _ connection: OpaquePointer, method: String, upload: UnsafeBufferPointer<UInt8>
    ) -> MHD_Result {
        if !exchange.hasBegun {
            // For a good head the answer must wait for the next call: one that is queued now ends the connection.
            let head = RequestHead(method: method, target: exchange.target, fields: fields(connection))
            if let refusal = overload(exchange.connection) ?? refusal(head) {
                return refuse(head, refusal.response, exchange, connection)
            }
            switch admit?(head.request(body: [], peer: connections.peer(exchange.connection))) {
            case nil: break
            case .refused(let response): return refuse(head, response, exchange, connection)
            case .stranger(let response): return turnDown(head, response, exchange, connection)
            case .answered(let response):
                guard head.contentLength == 0, connections.isFresh(exchange.connection) else {
                    return refuse(head, Refusal.notFirst.response, exchange, connection)
                }
                exchange.answerNow(response)
                return .YES
            case .admitted(let party):
                if let refusal = refusal(head, of: party, exchange.connection) {
                    return refuse(head, refusal.response, exchange, connection)
                }
            }
            if let refusal = connections.reserve(exchange.connection, bytes: head.contentLength) {
                return refuse(head, refusal.response, exchange, connection)
            }
            connections.expecting(exchange.connection)
            exchange.receive(head)
            return .YES
        }
        if exchange.isRefused { return upload.isEmpty ? .NO : .YES }
        if exchange.isPostponed, !upload.isEmpty { return .YES }
        if !upload.isEmpty {
            connections.received(exchange.connection, bytes: upload.count)
            exchange.receive(Array(upload), limit: settings.bodyLimit)
            return .YES
        }
        return received(exchange, connection)
    }

    func completed(_ exchange: Exchange) {
        connections.completed(exchange.connection)
        watch.expect(deadlineIn: settings.idleLimit)
        exchange.finish()
        if isStopping.load(ordering: .acquiring) { signalCompletion() }
    }

    // MARK: Steps

    private func refusal(_ head: RequestHead) -> Refusal? { head.refusal(settings, hosts: hosts) }

    private func overload(_ id: ConnectionID) -> Refusal? {
        if isStopping.load(ordering: .acquiring) { return .stopping }
        return connections.isExtra(id) ? .tooManyConnections : nil
    }

    private func refusal(_ head: RequestHead, of party: HTTPParty, _ id: ConnectionID) -> Refusal? {
        if head.contentLength > party.bodyLimit { return RequestHead.bodyTooLarge(party.bodyLimit) }
        return connections.admit(id, party.name)
    }

    /// A stranger waits the longer the more of them there are. Its connection sleeps meanwhile: what it sends stays where it is.
    private func turnDown(
        _ head: RequestHead, _ response: HTTPResponse, _ exchange: Exchange, _ connection: OpaquePointer
    ) -> MHD_Result {
        let delay = pace.withLock { $0.delay(at: monotonicSeconds()) }
        guard delay > 0 else { return refuse(head, response, exchange, connection) }
        exchange.postpone()
        var response = response
        response.headers["Connection"] = "close"
        connections.postpone(
            exchange.connection, exchange, response, isFollowedByBody: head.contentLength > 0, by: delay)
        // As for requests that are handled: who stops looks at the connections after saying so.
        if isStopping.load(ordering: .sequentiallyConsistent) { exchange.end(with: Refusal.stopping.response) }
        watch.expect(deadlineIn: delay)
        switch exchange.settle(connection, watch: { watch.lookOut(for: exchange.connection, descriptor(connection)) }) {
        case .send(let response): return queue(response, exchange, connection)
        case .wait: return .YES
        case .close: return .NO
        }
    }

    /// Whoever is still sending a body would be reset by a close, and might never see the answer: it is told at once,
    /// by ourselves, and listened to for as long as a request may take (RFC 9112 §9.6).
    private func refuse(
        _ head: RequestHead, _ response: HTTPResponse, _ exchange: Exchange, _ connection: OpaquePointer
    ) -> MHD_Result {
        guard head.isFollowedByBody else { return queue(response, exchange, connection) }
        connections.refuse(exchange.connection, response)
        exchange.refuse()
        return .YES
    }

    private func received(_ exchange: Exchange, _ connection: OpaquePointer) -> MHD_Result {
        if let request = exchange.takeRequest(peer: connections.peer(exchange.connection)) {
            connections.handling(exchange.connection, exchange)
            // Whoever stops looks at the connections after saying so: one of us sees the other.
            if isStopping.load(ordering: .sequentiallyConsistent) {
                exchange.end(with: Refusal.stopping.response)
            } else {
                handler(request, HTTPResponder(exchange, connections))
            }
        }
        let next = exchange.settle(connection) { watch.lookOut(for: exchange.connection, descriptor(connection)) }
        switch next {
        case .send(let response): return queue(response, exchange, connection)
        case .wait: return .YES
        case .close: return .NO
        }
    }

    private func queue(_ response: HTTPResponse, _ exchange: Exchange, _ connection: OpaquePointer) -> MHD_Result {
        connections.answering(exchange.connection, bytes: response.body.count)
        watch.expect(deadlineIn: min(settings.requestDeadline, settings.lookAgain))
        guard let answer = makeResponse(response) else { return .NO }
        defer { MHD_destroy_response(answer) }
        return MHD_queue_response(connection, UInt32(response.status), answer)
    }

    private func makeResponse(_ response: HTTPResponse) -> OpaquePointer? {
        var body = response.body
        let made = body.withUnsafeMutableBytes {
            MHD_create_response_from_buffer($0.count, $0.baseAddress, .RESPMEM_MUST_COPY)
        }
        for (name, value) in response.headers {
            // The library refuses line breaks, so that no value can add a header or a body of its own.
            _ = MHD_add_response_header(made, name, value)
        }
        return made
    }

    // MARK: Stopping

    /// From now on requests are refused; those that wait are answered.
    func endRequests() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        for exchange in connections.exchanges { exchange.end(with: Refusal.stopping.response) }
    }

    /// Waits until all answers are sent, or for ``HTTPServerSettings/stopGrace``.
    func drain() {
        let deadline = monotonicSeconds() + settings.stopGrace
        while connections.isBusy {
            let left = deadline - monotonicSeconds()
            guard left > 0 else { return }
            var event = pollfd(fd: completion, events: Int16(POLLIN), revents: 0)
            poll(&event, 1, Int32(left * 1000) + 1)
            var count: UInt64 = 0
            _ = read(completion, &count, 8)
        }
    }

    private func signalCompletion() {
        var one: UInt64 = 1
        _ = write(completion, &one, 8)
    }
}
