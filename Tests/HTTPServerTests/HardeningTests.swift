import Glibc
import HTTPClient
import HTTPServer
import Testing

/// A request that the server turns down, and how.
struct BadRequest: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    let status: Int
    let code: String
    var testDescription: String { name }

    /// `PORT` stands for the server's.
    static let all: [BadRequest] = [
        .init("two hosts", "GET / HTTP/1.1\r\nHost: localhost:PORT\r\nHost: localhost:PORT\r\n\r\n", 400, "bad_host"),
        .init("a foreign host", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, "wrong_host"),
        .init("our host at another port", "GET / HTTP/1.1\r\nHost: localhost:1\r\n\r\n", 403, "wrong_host"),
        .init("our host without a port", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 403, "wrong_host"),
        .init("no host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 400, "bad_host"),
        .init(
            "an origin", "GET / HTTP/1.1\r\nHost: localhost:PORT\r\nOrigin: http://localhost:PORT\r\n\r\n", 403,
            "origin_refused"),
        .init(
            "two lengths",
            "POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400,
            "bad_length"),
        .init(
            "the same length twice",
            "POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400,
            "bad_length"),
        .init(
            "a length and an encoding",
            "POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400, "bad_length"),
        .init(
            "an encoding", "POST / HTTP/1.1\r\nHost: localhost:PORT\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            411, "length_required"),
        .init(
            "a body over the limit", "POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 1025\r\n\r\n", 413,
            "too_large"),
        .init(
            "a large header",
            "GET / HTTP/1.1\r\nHost: localhost:PORT\r\nX: \(String(repeating: "x", count: 4096))\r\n\r\n", 431,
            "headers_too_large"),
        .init(
            "a long target", "GET /\(String(repeating: "x", count: 4096)) HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
            431, "headers_too_large"),
        .init(
            "many headers", "GET / HTTP/1.1\r\nHost: localhost:PORT\r\n\(String(repeating: "X: y\r\n", count: 64))\r\n",
            431, "headers_too_large"),
        .init(
            "an absolute target", "GET http://localhost/ HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 400, "bad_target"),
        .init("a target that is no path", "OPTIONS * HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 400, "bad_target"),
        .init("bytes above ASCII in the target", "GET /ä HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 400, "bad_target"),
        .init("a broken escape in the query", "GET /?a=%4 HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 400, "bad_target"),
        .init("a query that is not UTF-8", "GET /?a=%FF HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 400, "bad_target"),
    ]

    init(_ name: String, _ text: String, _ status: Int, _ code: String) {
        self.name = name
        self.text = text
        self.status = status
        self.code = code
    }
}

@Suite struct HardeningTests {
    static var tight: HTTPServerSettings {
        var settings = HTTPServerSettings()
        settings.bodyLimit = 1024
        settings.headerLimit = 4096
        return settings
    }

    @Test(arguments: BadRequest.all)
    func `what no honest client sends is refused, and the connection ends`(request: BadRequest) throws {
        let handled = Event()
        let server = try HTTPServer(.loopback(port: 0), settings: Self.tight) {
            handled.happened()
            echo($0, $1)
        }
        defer { server.stop() }
        let client = RawClient(port: try #require(server.port))
        client.send(request.text.replacing("PORT", with: "\(server.port!)"))
        let answer = try #require(client.receive())
        #expect(answer.status == request.status)
        #expect(answer.code == request.code)
        #expect(client.isEnded)
        #expect(!handled.wait(within: 0))
    }

    @Test(arguments: [4096, 8192, 32768])
    func `the limits themselves are accepted`(headerLimit: Int) throws {
        var settings = Self.tight
        settings.headerLimit = headerLimit
        let server = try HTTPServer(.loopback(port: 0), settings: settings, handler: echo)
        defer { server.stop() }
        let client = RawClient(port: try #require(server.port))
        let head = "POST / HTTP/1.1\r\nHost: localhost:\(server.port!)\r\nContent-Length: 1024\r\n"
        client.send(head + "X: \(String(repeating: "x", count: headerLimit - head.utf8.count - 7))\r\n\r\n")
        client.send([UInt8](repeating: 65, count: 1024))
        let answer = try #require(client.receive())
        #expect(answer.status == 200)
        #expect(answer.body.count == 1024)
    }

    @Test func `a client learns the limit of the body though it is still sending`() throws {
        let server = try HTTPServer(.loopback(port: 0), settings: Self.tight, handler: echo)
        defer { server.stop() }
        for _ in 0..<50 {
            let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: server.port!))
            let reply = try connection.send(HTTPCall("POST", "/", body: [UInt8](repeating: 0, count: 4 << 20)))
            #expect(reply.status == 413)
            #expect(errorBody(reply.body)?.message.contains("1024 bytes") == true)
        }
    }

    /// The library answers these itself, with a page and without our JSON.
    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: localhost:PORT\r\nX: \(String(repeating: "x", count: 200_000))\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413),
    ])
    func `what the library cannot parse never reaches a handler`(text: String, status: Int) throws {
        let handled = Event()
        let server = try HTTPServer(.loopback(port: 0)) {
            handled.happened()
            echo($0, $1)
        }
        defer { server.stop() }
        let client = RawClient(port: try #require(server.port))
        client.send(text.replacing("PORT", with: "\(server.port!)"))
        #expect(try #require(client.receive()).status == status)
        #expect(client.isEnded)
        #expect(!handled.wait(within: 0))
    }

    @Test func `bodies under way are limited together, and make room when they are done`() throws {
        var settings = HTTPServerSettings()
        settings.totalBodyLimit = 1500
        let server = try HTTPServer(.loopback(port: 0), settings: settings, handler: echo)
        defer { server.stop() }
        let head = "POST / HTTP/1.1\r\nHost: localhost:\(server.port!)\r\nContent-Length: 1000\r\n"
        let body = [UInt8](repeating: 65, count: 1000)
        let first = RawClient(port: server.port!)
        // The interim answer says that the head was accepted.
        first.send(head + "Expect: 100-continue\r\n\r\n")
        #expect(first.receive(interim: true)?.status == 100)
        let second = RawClient(port: server.port!)
        second.send(head + "\r\n")
        let refused = try #require(second.receive())
        #expect(refused.status == 503)
        #expect(refused.code == "too_many_bodies")
        first.send(body)
        #expect(try #require(first.receive()).body == body)
        let third = RawClient(port: server.port!)
        third.send(head + "\r\n")
        third.send(body)
        #expect(try #require(third.receive()).status == 200)
    }

    @Test(arguments: ["/admin%00/public", "/%2e%2e%2f%2e%2e/etc/passwd", "/../../etc/passwd", "/a//b/./c", "/a%2Fb"])
    func `a path reaches the handler raw`(path: String) throws {
        let server = try HTTPServer(.loopback(port: 0), handler: echo)
        defer { server.stop() }
        let client = RawClient(port: try #require(server.port))
        client.send("GET \(path)?q=%41 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port!)\r\n\r\n")
        let answer = try #require(client.receive())
        #expect(answer.status == 200)
        #expect(answer.head.contains("X-Path: \(path)\r\n"))
        #expect(answer.head.contains("X-Query: q=A\r\n"))
    }

    @Test func `a page of a site that is named may ask, no other, and none is told that it may read the answer`() throws
    {
        var settings = HTTPServerSettings()
        settings.origins = ["https://pi.home:8443"]
        let server = try HTTPServer(.loopback(port: 0), settings: settings, handler: echo)
        defer { server.stop() }
        func ask(_ origins: String...) throws -> Answer {
            let client = RawClient(port: try #require(server.port))
            let lines = origins.map { "Origin: \($0)\r\n" }.joined()
            client.send("GET / HTTP/1.1\r\nHost: localhost:\(server.port!)\r\n\(lines)\r\n")
            return try #require(client.receive())
        }
        let named = try ask("https://pi.home:8443")
        #expect(named.status == 200 && !named.head.lowercased().contains("access-control"))
        for other in ["http://pi.home:8443", "https://pi.home", "https://pi.home:8443.evil.example", "null", ""] {
            #expect(try ask(other).status == 403, "\(other)")
        }
        #expect(try ask("https://pi.home:8443", "https://evil.example").status == 403)
    }

    @Test func `cookies are not passed on and no answer allows other origins`() throws {
        let server = try HTTPServer(.loopback(port: 0)) { request, responder in
            responder.respond(HTTPResponse(status: request.headers["cookie"] == nil ? 200 : 500))
        }
        defer { server.stop() }
        let client = RawClient(port: try #require(server.port))
        client.send("GET / HTTP/1.1\r\nHost: localhost:\(server.port!)\r\nCookie: a=b\r\n\r\n")
        let answer = try #require(client.receive())
        #expect(answer.status == 200)
        #expect(!answer.head.lowercased().contains("access-control"))
    }

    @Test(arguments: [
        "GET / HT", "GET / HTTP/1.1\r\nHost: lo",
        "POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 1000\r\n\r\n",
    ])
    func `a request that drips is cut at the deadline`(beginning: String) throws {
        var settings = HTTPServerSettings()
        settings.requestDeadline = 0.5
        let server = try HTTPServer(.loopback(port: 0), settings: settings, handler: echo)
        defer { server.stop() }
        let client = RawClient(port: try #require(server.port))
        let start = now()
        client.send(beginning.replacing("PORT", with: "\(server.port!)"))
        while now() - start < 5, client.send("x") { _ = Event().wait(within: 0.02) }
        #expect(now() - start < 3)
        // The rest that was sent before the cut may have reset the connection, but what had arrived can still be read.
        let answer = try #require(client.receive())
        #expect(answer.status == 408)
        #expect(answer.code == "too_slow")
    }

    @Test func `a deadline does not hurt who waits for an answer`() throws {
        var settings = HTTPServerSettings()
        settings.requestDeadline = 0.1
        let requests = Mailbox<HTTPResponder>()
        let server = try HTTPServer(.loopback(port: 0), settings: settings) { requests.put($1) }
        defer { server.stop() }
        let client = RawClient(port: try #require(server.port))
        client.send("GET / HTTP/1.1\r\nHost: localhost:\(server.port!)\r\n\r\n")
        let responder = try #require(requests.take())
        let closed = Event()
        responder.onClose { closed.happened() }
        #expect(!closed.wait(within: 0.5))
        responder.respond(HTTPResponse(status: 200))
        #expect(try #require(client.receive()).status == 200)
    }

    @Test func `a kept connection that stays idle is closed without a word`() throws {
        var settings = HTTPServerSettings()
        settings.idleLimit = 0.1
        let server = try HTTPServer(.loopback(port: 0), settings: settings, handler: echo)
        defer { server.stop() }
        let client = RawClient(port: try #require(server.port))
        client.send("GET / HTTP/1.1\r\nHost: localhost:\(server.port!)\r\n\r\n")
        #expect(try #require(client.receive()).status == 200)
        #expect(client.receive() == nil)
        #expect(client.isEnded)
    }

    @Test func `idle connections do not starve a live one`() throws {
        var settings = HTTPServerSettings()
        settings.connectionLimit = 8
        settings.connectionReserve = 2
        let server = try HTTPServer(.loopback(port: 0), settings: settings, handler: echo)
        defer { server.stop() }
        let idle = (0..<60).map { _ in RawClient(port: server.port!) }
        let live = HTTPConnection(.tcp(host: "127.0.0.1", port: server.port!))
        #expect(try live.send(HTTPCall("GET", "/", timeout: 5)).status == 200)
        withExtendedLifetime(idle) {}
    }

    @Test func `when all connections wait for answers, one more is told so`() throws {
        var settings = HTTPServerSettings()
        settings.connectionLimit = 3
        settings.connectionReserve = 2
        let requests = Mailbox<HTTPResponder>()
        let server = try HTTPServer(.loopback(port: 0), settings: settings) { requests.put($1) }
        defer { server.stop() }
        var clients: [RawClient] = []
        var held: [HTTPResponder] = []
        for _ in 0..<3 {
            let client = RawClient(port: server.port!)
            clients.append(client)
            client.send("GET / HTTP/1.1\r\nHost: localhost:\(server.port!)\r\n\r\n")
            held.append(try #require(requests.take()))
        }
        let extra = RawClient(port: server.port!)
        extra.send("GET / HTTP/1.1\r\nHost: localhost:\(server.port!)\r\n\r\n")
        let answer = try #require(extra.receive())
        #expect(answer.status == 503)
        #expect(answer.code == "too_many_connections")
        for responder in held { responder.respond(HTTPResponse(status: 200)) }
        #expect(clients.allSatisfy { $0.receive()?.status == 200 })
    }
}
