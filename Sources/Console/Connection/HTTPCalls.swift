import ControlAPI
import HTTPClient
import SyncCore

/// The control API over HTTP: loopback with the administrator's token, or the agent's socket.
final class HTTPCalls: Calls {
    private let target: Target
    private let connection: HTTPConnection
    /// What the address is called in messages.
    private let address: String
    private let token: String?
    /// Holds the directory open that leads to a socket with a long name.
    private let socket: AgentSocket?

    init(_ target: Target) throws(Failure) {
        self.target = target
        switch target {
        case .hub(let root):
            token = try HTTPCalls.secret("admin.token", root, target)
            let port = try HTTPCalls.port(root, target)
            socket = nil
            address = "127.0.0.1:\(port)"
            // While no hub runs, another user's program may listen there.
            let place = HTTPTarget.tcp(host: "127.0.0.1", port: port)
            connection = HTTPConnection(token.map { place.proving($0, timeout: 10) } ?? place)
        case .agent(let home), .agentByDefault(let home, _):
            address = shown(joined(home, AgentSocket.name))
            let socket = try HTTPCalls.socket(home, target)
            self.socket = socket
            token = nil
            connection = HTTPConnection(.unix(path: socket.path))
        }
    }

    func send(_ route: Route, query: String, body: [UInt8], seconds: Double) throws(Failure) -> [UInt8] {
        var call = HTTPCall(route.method, query.isEmpty ? route.path : "\(route.path)?\(query)", body: body)
        call.timeout = seconds
        if !body.isEmpty { call.headers["Content-Type"] = "application/json" }
        if let token { call.headers["Authorization"] = "Bearer \(token)" }
        let reply = try reply(to: call)
        guard (200..<300).contains(reply.status) else { throw failure(reply) }
        return reply.body
    }

    private func reply(to call: HTTPCall) throws(Failure) -> HTTPReply {
        do throws(HTTPClientError) {
            return try connection.send(call)
        } catch {
            switch error {
            case .unreachable(_, let reason): throw target.notAnswering(at: address, reason)
            case .timedOut(_, let seconds): throw target.notAnswering(at: address, "no answer within \(Int(seconds)) s")
            case .unproven:
                throw target.notAnswering(at: address, "what listens there has not shown that it is that hub")
            case .proofRefused(let reply):
                throw target.notAnswering(
                    at: address,
                    "what listens there answered with status \(reply.status) and has not shown that it is that hub: it is another "
                        + "program, or a hub with too much to do, one that was started with another admin.token, or one that answers only "
                        + "its own user and root"
                )
            case .cancelled, .tooLarge: throw .failed("\(error)")
            }
        }
    }

    private func failure(_ reply: HTTPReply) -> Failure {
        guard let answer = try? WireFormat.decode(AnyError.self, from: reply.body) else {
            return .failed("\(address) answered with status \(reply.status) and no reason; is it a SyncHub?")
        }
        return .answered(code: answer.error.code, message: answer.error.message)
    }

    // MARK: What the hub wrote down

    /// - Throws: also for a file that others may use: whoever has it steers the hub.
    private static func secret(_ name: String, _ root: [UInt8], _ target: Target) throws(Failure) -> String {
        let path = joined(root, name)
        if let mode = SmallFile.mode(path), mode & 0o077 != 0 {
            throw .failed(
                "\(shown(path)) is a secret, but its mode is 0\(String(mode, radix: 8)): others may use it. Make it private "
                    + "(chmod 600), and if they could have read it, put another one there and restart the hub")
        }
        return try word(name, root, target)
    }

    private static func word(_ name: String, _ root: [UInt8], _ target: Target) throws(Failure) -> String {
        do throws(SmallFile.Unreadable) {
            return try SmallFile.word(joined(root, name))
        } catch {
            throw target.unreadable(shown(joined(root, name)), error.code)
        }
    }

    private static func port(_ root: [UInt8], _ target: Target) throws(Failure) -> UInt16 {
        let text = try word("api.port", root, target)
        guard let port = UInt16(text), port > 0 else {
            throw .failed("\(shown(joined(root, "api.port"))) does not hold a port; restart the hub, which writes it")
        }
        return port
    }

    private static func socket(_ home: [UInt8], _ target: Target) throws(Failure) -> AgentSocket {
        do throws(SmallFile.Unreadable) {
            return try AgentSocket(home: home)
        } catch {
            throw target.notAnswering(at: shown(joined(home, AgentSocket.name)), errorText(error.code))
        }
    }
}

/// ``ControlAPI/ErrorMessage`` with whatever code.
private struct AnyError: Decodable {
    struct Body: Decodable {
        var code: String
        var message: String
    }
    var error: Body
}

/// Bytes for a message.
func shown(_ path: [UInt8]) -> String { SafeText.name(Escaping.text(path)) }
