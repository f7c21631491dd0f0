internal import HTTPServer
import Synchronization

extension HubProgram {
    /// The engine that `run` serves with.
    static let engineMaker: HubEngineMaker = { _, configuration, _ in DoorOnly(port: configuration.apiPort) }
}

/// Until the sync core is there: an API that knows nobody.
private final class DoorOnly: HubEngine {
    private let port: UInt16
    private let server = Mutex<HTTPServer?>(nil)

    init(port: UInt16) { self.port = port }

    func start() throws {
        let started = try HTTPServer(.loopback(port: port)) { _, responder in
            responder.respond(.json(status: 401, Array("{\"error\":{\"code\":\"unauthorized\",\"message\":\"unknown token\"}}".utf8)))
        }
        server.withLock { $0 = started }
    }

    func stop() { server.withLock { $0?.stop() } }
}
