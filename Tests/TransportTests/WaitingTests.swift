import ControlAPI
import HTTPClient
import HTTPServer
import Synchronization
import Testing

@testable import Transport

struct WaitingTests {
    @Test(arguments: [
        (429, "1", 1), (429, "7", 7), (429, "0", 1), (429, "-3", 1), (429, "100000", 60), (429, "soon", nil),
        (429, nil, nil), (503, "1", nil), (200, "1", nil),
    ])
    func `only a hub that says when is waited for`(status: Int, after: String?, seconds: Int?) {
        #expect(ControlChannel.pause(status: status, after: after) == seconds)
    }

    @Test func `a request that the hub puts off is sent again, the same, and is no failure`() throws {
        let bodies = Mutex<[[UInt8]]>([])
        let server = try HTTPServer(.loopback(port: 0)) { request, responder in
            let count = bodies.withLock { bodies in
                bodies.append(request.body)
                return bodies.count
            }
            responder.respond(
                count == 1
                    ? HTTPResponse(status: 429, headers: ["Retry-After": "1"], body: Array("{}".utf8))
                    : .json(Array("{}".utf8)))
        }
        defer { server.stop() }
        let channel = ControlChannel(.tcp(host: "127.0.0.1", port: try #require(server.port)), token: "t")
        _ = try channel.message(EmptyResponse.self, .report, body: Array("abc".utf8))
        #expect(bodies.withLock { $0 } == [Array("abc".utf8), Array("abc".utf8)])
    }

    @Test func `who ends a channel does not wait for the hub's time`() throws {
        let asked = Mutex(0)
        let server = try HTTPServer(.loopback(port: 0)) { _, responder in
            asked.withLock { $0 += 1 }
            responder.respond(HTTPResponse(status: 429, headers: ["Retry-After": "60"]))
        }
        defer { server.stop() }
        let channel = ControlChannel(.tcp(host: "127.0.0.1", port: try #require(server.port)), token: "t")
        channel.close()
        for _ in 0..<3 { #expect(throws: HubError.self) { try channel.send("GET", "/v1/status") } }
        #expect(asked.withLock { $0 } == 3)
    }
}
