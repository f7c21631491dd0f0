import HTTPServer
import TestSupport
import Testing

/// Who is sent an answer, and does not read it, or slowly.
@Suite struct ReaderTests {
    /// More than kernels keep for one connection, in bytes.
    private static let large = 32 << 20

    /// Asks for a large answer, and returns when it comes.
    private func ask(_ settings: HTTPServerSettings) throws -> (HTTPServer, RawClient, HTTPResponder) {
        let responders = Mailbox<HTTPResponder>()
        let server = try HTTPServer(.loopback(port: 0), settings: settings) { _, responder in
            responders.put(responder)
            responder.respond(HTTPResponse(status: 200, body: [UInt8](repeating: 65, count: Self.large)))
        }
        let client = RawClient(port: try #require(server.port))
        client.send("GET / HTTP/1.1\r\nHost: localhost:\(server.port!)\r\n\r\n")
        let responder = try #require(responders.take())
        try eventually("the answer comes") { client.hasBytes }
        return (server, client, responder)
    }

    @Test func `an answer that nobody reads is given up, hours before it could have been taken`() throws {
        var settings = HTTPServerSettings()
        settings.stillLimit = 0.5
        let (server, client, responder) = try ask(settings)
        defer { server.stop() }
        try eventually("it is not kept any more") { responder.bytesBeingSent == 0 }
        #expect(client.receive() == nil)
    }

    /// The kernels of both ends keep some MiB, and move them in steps of up to a third of one.
    @Test func `who takes a few bytes at a time goes on for many times as long as nobody may stand still`() throws {
        var settings = HTTPServerSettings()
        settings.stillLimit = 0.5
        let (server, client, responder) = try ask(settings)
        defer { server.stop() }
        client.take(2 << 20)
        for _ in 0..<60 {
            client.take(1_000)
            _ = Event().wait(within: 0.05)
        }
        #expect(responder.bytesBeingSent > 0)
        #expect(client.receive()?.body.count == Self.large)
    }

    @Test func `who takes a few bytes at a time has the time that a slow line takes for all of them, and no more`()
        throws
    {
        var settings = HTTPServerSettings()
        (settings.requestDeadline, settings.slowest) = (0.5, 1e9)
        let (server, client, responder) = try ask(settings)
        defer { server.stop() }
        try eventually("it is not kept any more") {
            client.take(1_000)
            return responder.bytesBeingSent == 0
        }
        #expect(client.receive() == nil)
    }
}
