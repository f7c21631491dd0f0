import ControlAPI
import HTTPServer
import SSH
import Synchronization
import TestSupport
import Testing

@testable import Transport

struct ProofTests {
    /// A killed hub leaves sessions, and its port to whoever takes it.
    @Test(arguments: [401, 200, 500, 403, 410, 429])
    func `whoever listens at the port of a hub that is down gets no token, and nothing that he says counts`(
        status: Int
    ) throws {
        let asked = Mutex<[HTTPRequest]>([])
        let impostor = try HTTPServer(.loopback(port: 0)) { request, responder in
            asked.withLock { $0.append(request) }
            let proof = "{\"proof\":\"\(String(repeating: "0", count: 64))\"}\n"
            var response = HTTPResponse.json(status: status, Array(proof.utf8))
            if status != 200 { response.body = WireFormat.encode(ErrorMessage(.revoked, "so it says")) }
            response.headers["Retry-After"] = "60"
            responder.respond(response)
        }
        defer { impostor.stop() }
        let server = try SSHDServer()
        let key = String(decoding: server.directory.read("client") ?? [], as: UTF8.self)
        let address = HubAddress(
            hosts: [SSHAddress(host: "127.0.0.1", port: server.port)], user: server.user,
            hostKey: try HostKey(line: server.hostKeyLine), key: .text(key), apiPort: try #require(impostor.port),
            token: "the-token")
        let error = #expect(throws: HubError.self) {
            try SSHHubConnection.connect(to: address, hello: HelloRequest(version: "1", generation: "1")) { _ in }
        }
        // It may be the hub again at the next try.
        let begin = #expect(throws: HubError.self) { try Rotating.begin(address, publicKey: "ssh-ed25519 A") }
        let join = #expect(throws: HubError.self) {
            try Joining.join(address, publicKey: "ssh-ed25519 A", subtree: nil)
        }
        for error in [error, begin, join] {
            let error = try #require(error)
            #expect("\(error)".contains("has not shown that it is") && error.endsConnection && error.answer == nil)
            #expect(!"\(error)".contains("so it says"))
        }
        let requests = asked.withLock { $0 }
        #expect(requests.count == 3)
        for request in requests {
            #expect(request.method == "GET" && request.path == "/v1/proof" && request.body.isEmpty)
            #expect(!"\(request)".contains("the-token"))
        }
        withExtendedLifetime(server) {}
    }
}
