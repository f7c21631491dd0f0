import HTTPClient
import HTTPServer
import Testing

@Suite struct HTTPServerTests {
    @Test func `a server answers what its handler says`() throws {
        let server = try HTTPServer(.loopback(port: 0)) { request, responder in
            responder.respond(HTTPResponse(status: 200, body: Array("\(request.method) \(request.path) ".utf8) + request.body))
        }
        defer { server.stop() }
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: server.port!))
        #expect(try connection.send(HTTPCall("GET", "/a/../b")).body == Array("GET /a/../b ".utf8))
        let reply = try connection.send(HTTPCall("POST", "/c", body: Array("hello".utf8)))
        #expect(reply.status == 200)
        #expect(reply.body == Array("POST /c hello".utf8))
    }
}
