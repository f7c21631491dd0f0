import Arguments
import ControlAPI
import Glibc
import HTTPServer
import Hashing
import Synchronization
import TestSupport

@testable import Console

/// A control API over real HTTP that answers as it is told to, and remembers what it was asked.
final class FakeHub: Sendable {
    typealias Answers = @Sendable (Route, HTTPRequest) -> HTTPResponse

    let directory = TemporaryDirectory()
    private let server: HTTPServer
    private let seen: Recorder

    private final class Recorder: Sendable {
        let requests = Mutex<[HTTPRequest]>([])
    }

    private static let token = "secret-token"

    /// The hub of a root, on loopback.
    init(answers: @escaping Answers) throws {
        let seen = Recorder()
        self.seen = seen
        server = try HTTPServer(.loopback(port: 0), handler: FakeHub.handler(seen, answers))
        chmod(directory.write(FakeHub.token + "\n", to: "admin.token"), 0o600)
        directory.write("\(server.port ?? 0)\n", to: "api.port")
    }

    /// The agent of a home, on a unix socket.
    init(agentAt socket: String, answers: @escaping Answers) throws {
        let seen = Recorder()
        self.seen = seen
        server = try HTTPServer(.unix(path: socket), handler: FakeHub.handler(seen, answers))
    }

    deinit { server.stop() }

    var requests: [HTTPRequest] { seen.requests.withLock { $0 } }

    private static func handler(
        _ seen: Recorder, _ answers: @escaping Answers
    ) -> @Sendable (HTTPRequest, HTTPResponder) -> Void {
        { request, responder in
            if request.path == SecretProof.path, let nonce = request.query("nonce") {
                return responder.respond(.json(SecretProof(of: token).answer(to: nonce)))
            }
            seen.requests.withLock { $0.append(request) }
            switch Route.find(method: request.method, path: request.path) {
            case .success(let route): responder.respond(answers(route, request))
            case .failure(let error): responder.respond(.error(error))
            }
        }
    }

    /// Runs a command against this hub's root.
    func run(_ line: String, _ output: any Output, extra: [[UInt8]] = []) -> ExitCode {
        Syncctl.run(words("--root \(directory.path) \(line)") + extra, Surroundings(), output)
    }
}

extension HTTPResponse {
    static func error(_ error: ErrorMessage) -> HTTPResponse {
        .json(status: error.code.status, WireFormat.encode(error))
    }

    static func message(_ message: some Encodable) -> HTTPResponse { .json(WireFormat.encode(message)) }
}

/// The control API in memory, for what needs no HTTP.
final class FakeCalls: Calls {
    private let answers: (Route) -> [UInt8]
    private(set) var asked: [Route] = []

    init(answers: @escaping (Route) -> [UInt8]) { self.answers = answers }

    func send(_ route: Route, query: String, body: [UInt8], seconds: Double) throws(Failure) -> [UInt8] {
        asked.append(route)
        return answers(route)
    }
}
