internal import ControlAPI
internal import HTTPClient
internal import SSH
internal import Synchronization

/// The API through the tunnel: several kept-alive HTTP connections, each used by one caller at a time.
final class ControlChannel: Sendable {
    /// Nil only in tests.
    private let tunnel: SSHTunnel?
    private let target: HTTPTarget
    private let token: String
    private let idle = Mutex<[HTTPConnection]>([])
    private let busy = Mutex<[ObjectIdentifier: HTTPConnection]>([:])
    private let rest = Rest()

    init(_ tunnel: SSHTunnel, port: UInt16, token: String) {
        self.tunnel = tunnel
        self.token = token
        // While no hub runs, another program of its machine may listen there.
        target = HTTPTarget.opened(authority: "127.0.0.1:\(port)") {
            try tunnel.open(port: port, timeout: .seconds(20))
        }.proving(token, timeout: 20)
    }

    /// A hub that has too much to do says when to come again: that is no failure, and is waited for.
    /// - Parameter timeout: seconds that may pass without a byte sent or received: a line may be slow.
    func send(
        _ method: String, _ path: String, body: [UInt8] = [], type: String = "application/json", timeout: Double = 60
    ) throws(HubError) -> HTTPReply {
        while true {
            let reply = try sendOnce(method, path, body: body, type: type, timeout: timeout)
            guard let seconds = ControlChannel.pause(status: reply.status, after: reply.headers["retry-after"])
            else { return reply }
            guard rest.wait(seconds: seconds) else { throw .cancelled }
        }
    }

    /// Seconds until a request may be sent again that the hub would not take; nil for every other answer.
    /// - Parameter text: of the header Retry-After.
    static func pause(status: Int, after text: String?) -> Int? {
        guard status == 429, let text, let seconds = Int(text) else { return nil }
        return min(max(seconds, 1), 60)
    }

    /// For tests: without a tunnel.
    init(_ target: HTTPTarget, token: String) {
        (tunnel, self.target, self.token) = (nil, target, token)
    }

    private func sendOnce(
        _ method: String, _ path: String, body: [UInt8], type: String, timeout: Double
    ) throws(HubError) -> HTTPReply {
        let connection = idle.withLock { $0.popLast() } ?? HTTPConnection(target)
        busy.withLock { $0[ObjectIdentifier(connection)] = connection }
        defer { busy.withLock { $0[ObjectIdentifier(connection)] = nil } }
        var headers = ["Authorization": "Bearer \(token)"]
        if method != "GET" { headers["Content-Type"] = type }
        do {
            let reply = try connection.send(
                HTTPCall(method, path, headers: headers, body: body, timeout: .infinity, silence: timeout))
            idle.withLock { $0.append(connection) }
            return reply
        } catch {
            connection.close()
            if let failure = tunnel?.failure { throw HubError(failure) }
            switch error {
            case .cancelled: throw .cancelled
            // Whoever is not the hub could say so, too.
            case .proofRefused(let reply): throw .unproven(ControlChannel.unproven(reply.status))
            default: throw .away("\(error)")
            }
        }
    }

    private static func unproven(_ status: Int) -> String {
        "what listens at the hub's port on its machine has not shown that it is the hub (it answered with status \(status)), and was "
            + "sent nothing; it is another program there, or the hub has too much to do or does not know this machine's token"
    }

    func message<Message: Decodable>(
        _ type: Message.Type, _ route: Route, query: String = "", body: [UInt8] = [],
        as contentType: String = "application/json", timeout: Double = 60
    ) throws(HubError) -> Message {
        let reply = try send(route.method, route.path + query, body: body, type: contentType, timeout: timeout)
        guard reply.status == 200 else { throw .refused(ControlChannel.error(reply)) }
        do { return try WireFormat.decode(type, from: reply.body) } catch {
            throw .away("the hub's answer to \(route.path) is not what this version expects: \(error)")
        }
    }

    /// The same for an answer that may have bytes behind it.
    /// - Parameter measured: called with the bytes of an answer, and how long they took from the first to the last.
    func messageWithBytes<Message: Decodable>(
        _ type: Message.Type, _ route: Route, query: String = "", body: [UInt8] = [], timeout: Double,
        measured: (Int, Duration) -> Void = { _, _ in }
    ) throws(HubError) -> (Message, BytesBehind?) {
        let reply = try send(route.method, route.path + query, body: body, timeout: timeout)
        measured(reply.body.count, reply.bodyTime)
        guard reply.status == 200 else { throw .refused(ControlChannel.error(reply)) }
        do {
            guard reply.headers["content-type"] == MessageWithBytes.contentType else {
                return (try WireFormat.decode(type, from: reply.body), nil)
            }
            let (message, start) = try MessageWithBytes.decode(type, from: reply.body)
            return (message, BytesBehind(body: reply.body, start: start))
        } catch {
            throw .away("the hub's answer to \(route.path) is not what this version expects: \(error)")
        }
    }

    static func error(_ reply: HTTPReply) -> ErrorMessage {
        (try? WireFormat.decode(ErrorMessage.self, from: reply.body))
            ?? ErrorMessage(.internalError, "the hub answered with status \(reply.status)")
    }

    func close() {
        rest.end()
        for connection in busy.withLock({ Array($0.values) }) { connection.cancel() }
        tunnel?.close()
    }
}

extension HubError {
    init(_ error: SSHError) {
        switch error {
        case .hostKeyChanged: self = .hostKeyChanged("\(error)")
        case .refusedKey: self = .refusedKey("\(error)")
        case .unusableKey: self = .unusable("\(error)")
        case .cancelled, .stopped: self = .cancelled
        case .sftp where error.isNotFound: self = .notFound("\(error)")
        case .sftp(.full, _): self = .noRoom("\(error)")
        case .sftp, .local: self = .transferFailed("\(error)")
        case .unreachable, .timedOut, .channelRefused, .closed, .protocolFailure: self = .away("\(error)")
        }
    }
}
