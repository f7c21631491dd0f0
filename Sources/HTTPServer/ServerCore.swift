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
    private let isStopping = Atomic(false)
    /// Written when a request completes while the server stops.
    let completion: Int32

    /// - Returns: nil when descriptors or threads cannot be had.
    init?(
        _ address: HTTPListenAddress, _ settings: HTTPServerSettings,
        _ handler: @escaping @Sendable (HTTPRequest, HTTPResponder) -> Void
    ) {
        self.settings = settings
        self.handler = handler
        hosts =
            switch address {
            case .loopback(let port): ["127.0.0.1:\(port)", "localhost:\(port)"]
            case .unix: ["localhost"]
            }
        connections = Connections(limits: settings)
        completion = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard completion >= 0 else { return nil }
        guard let watch = Watch(connections) else { close(completion); return nil }
        self.watch = watch
    }

    deinit { close(completion) }

    // MARK: Callbacks

    func connectionOpened(_ connection: OpaquePointer) -> ConnectionID {
        watch.expect(deadlineIn: settings.requestDeadline)
        return connections.opened(descriptor(connection))
    }

    func began(_ connection: OpaquePointer, target: [UInt8]) -> Exchange {
        let id = connectionID(connection)
        connections.receiving(id)
        watch.expect(deadlineIn: settings.requestDeadline)
        return Exchange(connection: id, target: target)
    }

    /// Called once with the head, then with parts of the body, then with nothing, and again when it is resumed.
    func access(
        _ exchange: Exchange, _ connection: OpaquePointer, method: String, upload: UnsafeBufferPointer<UInt8>
    ) -> MHD_Result {
        if !exchange.hasBegun {
            // For a good head the answer must wait for the next call: one that is queued now ends the connection.
            let head = RequestHead(method: method, target: exchange.target, fields: fields(connection))
            if let refusal = refusal(head, exchange.connection) { return refuse(head, refusal, exchange, connection) }
            connections.expecting(exchange.connection, bytes: head.contentLength)
            exchange.receive(head)
            return .YES
        }
        if exchange.isRefused { return upload.isEmpty ? .NO : .YES }
        if !upload.isEmpty {
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

    private func refusal(_ head: RequestHead, _ id: ConnectionID) -> Refusal? {
        if isStopping.load(ordering: .acquiring) { return .stopping }
        if connections.isExtra(id) { return .tooManyConnections }
        if let refusal = head.refusal(settings, hosts: hosts) { return refusal }
        return connections.reserve(id, bytes: head.contentLength) ? nil : .tooManyBodies
    }

    /// Whoever is still sending a body would be reset by a close, and might never see the answer: it is told at once,
    /// by ourselves, and listened to for as long as a request may take (RFC 9112 §9.6).
    private func refuse(
        _ head: RequestHead, _ refusal: Refusal, _ exchange: Exchange, _ connection: OpaquePointer
    ) -> MHD_Result {
        guard head.isFollowedByBody else { return queue(refusal.response, exchange, connection) }
        connections.refuse(exchange.connection, refusal)
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
        watch.expect(deadlineIn: settings.requestDeadline)
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
