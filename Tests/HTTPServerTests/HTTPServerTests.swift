import Glibc
import HTTPClient
import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Answers every request with its body, the rest of it in headers.
func echo(_ request: HTTPRequest, _ responder: HTTPResponder) {
    let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    responder.respond(
        HTTPResponse(
            status: 200,
            headers: [
                "X-Method": request.method, "X-Path": request.path, "X-Query": query, "X-Peer": request.peer,
                "X-Token": request.bearerToken ?? "none",
            ], body: request.body))
}

@Suite struct HTTPServerTests {
    @Test func `a request reaches the handler whole and its answer comes back`() throws {
        let server = try HTTPServer(.loopback(port: 0), handler: echo)
        defer { server.stop() }
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: try #require(server.port)))
        let reply = try connection.send(
            HTTPCall(
                "POST", "/v1/x?since=7&name=a%20b+c&flag", headers: ["Authorization": "Bearer abc.DEF-1="],
                body: Array("hello".utf8)))
        #expect(reply.status == 200)
        #expect(reply.headers["x-method"] == "POST")
        #expect(reply.headers["x-path"] == "/v1/x")
        #expect(reply.headers["x-query"] == "since=7&name=a b+c&flag=")
        #expect(reply.headers["x-token"] == "abc.DEF-1=")
        #expect(reply.headers["x-peer"]?.hasPrefix("127.0.0.1:") == true)
        #expect(reply.body == Array("hello".utf8))
    }

    @Test(arguments: ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"])
    func `every method arrives as it was sent`(method: String) throws {
        let server = try HTTPServer(.loopback(port: 0), handler: echo)
        defer { server.stop() }
        let connection = HTTPConnection(.tcp(host: "localhost", port: try #require(server.port)))
        let reply = try connection.send(HTTPCall(method, "/"))
        #expect(reply.status == 200)
        #expect(reply.headers["x-method"] == method)
    }

    @Test func `a body of 16 MiB comes back byte for byte`() throws {
        let server = try HTTPServer(.loopback(port: 0), handler: echo)
        defer { server.stop() }
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: try #require(server.port)))
        let body = (0..<(16 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let reply = try connection.send(HTTPCall("PUT", "/", body: body))
        #expect(reply.status == 200)
        #expect(reply.body == body)
    }

    @Test func `one connection carries many requests`() throws {
        let server = try HTTPServer(.loopback(port: 0), handler: echo)
        defer { server.stop() }
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: try #require(server.port)))
        let peers = try (0..<20).map {
            try connection.send(HTTPCall($0 % 2 == 0 ? "GET" : "POST", "/")).headers["x-peer"]
        }
        #expect(Set(peers).count == 1)
    }

    @Test(arguments: ["Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer a,b", "Bearer ä"])
    func `what is not one well-formed token is none`(authorization: String) {
        #expect(HTTPRequest(method: "GET", path: "/", headers: ["authorization": authorization]).bearerToken == nil)
    }

    @Test func `a request that is dropped is answered 500`() throws {
        let server = try HTTPServer(.loopback(port: 0)) { _, _ in }
        defer { server.stop() }
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: try #require(server.port)))
        let reply = try connection.send(HTTPCall("GET", "/"))
        #expect(reply.status == 500)
        #expect(errorCode(reply.body) == "unanswered")
    }

    @Test func `only the first answer counts`() throws {
        let server = try HTTPServer(.loopback(port: 0)) { _, responder in
            responder.respond(HTTPResponse(status: 201))
            responder.respond(HTTPResponse(status: 202))
        }
        defer { server.stop() }
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: try #require(server.port)))
        #expect(try connection.send(HTTPCall("GET", "/")).status == 201)
        #expect(try connection.send(HTTPCall("GET", "/")).status == 201)
    }

    @Test func `a port that is taken is an error that says so`() throws {
        let server = try HTTPServer(.loopback(port: 0), handler: echo)
        defer { server.stop() }
        let port = try #require(server.port)
        #expect(throws: HTTPServerError.cannotListen(on: .loopback(port: port), call: "bind", errno: EADDRINUSE)) {
            _ = try HTTPServer(.loopback(port: port), handler: echo)
        }
    }
}

@Suite struct UnixSocketTests {
    let directory = TemporaryDirectory()
    var path: String { directory.path("agent.sock") }

    @Test func `a server on a unix socket knows its peer, and its file is private`() throws {
        let server = try HTTPServer(.unix(path: path), handler: echo)
        defer { server.stop() }
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let connection = HTTPConnection(.unix(path: path))
        let reply = try connection.send(HTTPCall("POST", "/x", body: Array("hi".utf8)))
        #expect(reply.status == 200)
        #expect(reply.body == Array("hi".utf8))
        #expect(reply.headers["x-peer"] == "uid \(geteuid()), pid \(getpid())")
        let large = [UInt8](repeating: 7, count: 4 << 20)
        #expect(try connection.send(HTTPCall("PUT", "/", body: large)).body == large)
    }

    @Test func `its file goes away with it`() throws {
        let server = try HTTPServer(.unix(path: path), handler: echo)
        server.stop()
        #expect(directory.names() == [])
        #expect(throws: HTTPClientError.self) { try HTTPConnection(.unix(path: path)).send(HTTPCall("GET", "/")) }
    }

    @Test func `a socket that a crash left behind is replaced, a served one is not`() throws {
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let result = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(stale, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        close(stale)
        #expect(result == 0)
        let server = try HTTPServer(.unix(path: path), handler: echo)
        defer { server.stop() }
        #expect(throws: HTTPServerError.alreadyServed(path: path)) {
            _ = try HTTPServer(.unix(path: path), handler: echo)
        }
        #expect(try HTTPConnection(.unix(path: path)).send(HTTPCall("GET", "/")).status == 200)
    }

    @Test func `a file that is no socket stays where it is`() {
        directory.write("precious", to: "agent.sock")
        #expect(throws: HTTPServerError.occupied(path: path)) { _ = try HTTPServer(.unix(path: path), handler: echo) }
        #expect(directory.text("agent.sock") == "precious")
    }

    @Test func `a name too long for a socket file is refused`() {
        let long = directory.path(String(repeating: "x", count: 120))
        #expect(throws: HTTPServerError.pathTooLong(path: long)) {
            _ = try HTTPServer(.unix(path: long), handler: echo)
        }
    }

    @Test func `on a unix socket only the host localhost is answered`() throws {
        let server = try HTTPServer(.unix(path: path), handler: echo)
        defer { server.stop() }
        let reply = try HTTPConnection(.unix(path: path)).send(HTTPCall("GET", "/", headers: ["Host": "127.0.0.1"]))
        #expect(reply.status == 403)
        #expect(errorCode(reply.body) == "wrong_host")
    }
}
