internal import ControlAPI
internal import HTTPClient
internal import SSH
internal import Synchronization

/// The API through the tunnel: several kept-alive HTTP connections, each used by one caller at a time.
final class ControlChannel: Sendable {
    private let tunnel: SSHTunnel
    private let target: HTTPTarget
    private let token: String
    private let idle = Mutex<[HTTPConnection]>([])
    private let busy = Mutex<[ObjectIdentifier: HTTPConnection]>([:])

    init(_ tunnel: SSHTunnel, port: UInt16, token: String) {
        self.tunnel = tunnel
        self.token = token
        target = .opened(authority: "127.0.0.1:\(port)") { try tunnel.open(port: port, timeout: .seconds(20)) }
    }

    /// - Parameter timeout: seconds.
    func send(
        _ method: String, _ path: String, body: [UInt8] = [], type: String = "application/json", timeout: Double = 60
    ) throws(HubError) -> HTTPReply {
        let connection = idle.withLock { $0.popLast() } ?? HTTPConnection(target)
        busy.withLock { $0[ObjectIdentifier(connection)] = connection }
        defer { busy.withLock { $0[ObjectIdentifier(connection)] = nil } }
        var headers = ["Authorization": "Bearer \(token)"]
        if method != "GET" { headers["Content-Type"] = type }
        do {
            let reply = try connection.send(HTTPCall(method, path, headers: headers, body: body, timeout: timeout))
            idle.withLock { $0.append(connection) }
            return reply
        } catch {
            connection.close()
            if let failure = tunnel.failure { throw HubError(failure) }
            throw error == .cancelled ? .cancelled : .away("\(error)")
        }
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
        for connection in busy.withLock({ Array($0.values) }) { connection.cancel() }
        tunnel.close()
    }
}

extension HubError {
    init(_ error: SSHError) {
        switch error {
        case .hostKeyChanged: self = .hostKeyChanged("\(error)")
        case .refusedKey, .unusableKey: self = .refusedKey("\(error)")
        case .cancelled, .stopped: self = .cancelled
        case .sftp where error.isNotFound: self = .notFound("\(error)")
        case .sftp(.full, _): self = .noRoom("\(error)")
        case .sftp, .local: self = .transferFailed("\(error)")
        case .unreachable, .timedOut, .channelRefused, .closed, .protocolFailure: self = .away("\(error)")
        }
    }
}
