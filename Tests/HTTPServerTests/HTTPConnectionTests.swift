import Glibc
import HTTPClient
import HTTPServer
import Synchronization
import Testing

func pending(_ connection: HTTPConnection, _ call: HTTPCall) -> Pending<Result<HTTPReply, HTTPClientError>> {
    Pending {
        do throws(HTTPClientError) { return .success(try connection.send(call)) } catch { return .failure(error) }
    }
}

@Suite struct HTTPConnectionTests {
    @Test func `a request in flight is cancelled at once, and the connection can be used again`() throws {
        let held = Mailbox<HTTPResponder>()
        let server = try HTTPServer(.loopback(port: 0)) { request, responder in
            if request.path == "/wait" { held.put(responder) } else { echo(request, responder) }
        }
        defer { server.stop() }
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: try #require(server.port)))
        let reply = pending(connection, HTTPCall("GET", "/wait"))
        let responder = try #require(held.take())
        let closed = Event()
        responder.onClose { closed.happened() }
        let start = now()
        connection.cancel()
        #expect(reply.result()?.error == .cancelled)
        #expect(now() - start < 0.5)
        #expect(closed.wait())
        connection.cancel()
        #expect(try connection.send(HTTPCall("GET", "/")).status == 200)
    }

    @Test func `a closed connection ends its request and takes no other`() throws {
        let held = Mailbox<HTTPResponder>()
        let server = try HTTPServer(.loopback(port: 0)) { held.put($1) }
        defer { server.stop() }
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: try #require(server.port)))
        let reply = pending(connection, HTTPCall("GET", "/"))
        let responder = try #require(held.take())
        connection.close()
        #expect(reply.result()?.error == .cancelled)
        #expect(throws: HTTPClientError.cancelled) { try connection.send(HTTPCall("GET", "/")) }
        withExtendedLifetime(responder) {}
    }

    @Test func `a request that is still connecting is cancelled at once`() throws {
        // A listener whose queue is full does not answer.
        let server = ScriptedServer(backlog: 0)
        let queued = RawClient(port: server.port)
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: server.port))
        let reply = pending(connection, HTTPCall("GET", "/"))
        #expect(reply.result(within: 0.2) == nil)
        let start = now()
        connection.cancel()
        #expect(reply.result()?.error == .cancelled)
        #expect(now() - start < 0.5)
        withExtendedLifetime(queued) {}
    }

    @Test func `a server that does not answer in time is an error of its own`() throws {
        let held = Mailbox<HTTPResponder>()
        let server = try HTTPServer(.loopback(port: 0)) { held.put($1) }
        defer { server.stop() }
        let port = try #require(server.port)
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: port))
        let error = HTTPClientError.timedOut(target: "127.0.0.1:\(port)", seconds: 0.2)
        #expect(throws: error) { try connection.send(HTTPCall("GET", "/", timeout: 0.2)) }
        #expect(error.description.contains("did not answer within 0.2 s"))
    }

    @Test func `a port that nobody listens on is unreachable, with a reason`() throws {
        let port = { ScriptedServer().port }()
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: port))
        let error = #expect(throws: HTTPClientError.self) { try connection.send(HTTPCall("GET", "/")) }
        #expect(error?.isUnreachable == true)
        #expect(error?.description.hasPrefix("127.0.0.1:\(port) cannot be reached") == true)
    }

    @Test func `an answer larger than the limit is refused, one of the limit is taken`() throws {
        let server = try HTTPServer(.loopback(port: 0), handler: echo)
        defer { server.stop() }
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: try #require(server.port)), bodyLimit: 1000)
        #expect(try connection.send(HTTPCall("PUT", "/", body: [UInt8](repeating: 1, count: 1000))).body.count == 1000)
        #expect(throws: HTTPClientError.tooLarge(limit: 1000)) {
            try connection.send(HTTPCall("PUT", "/", body: [UInt8](repeating: 1, count: 1001)))
        }
    }

    @Test func `an answer that does not say its length is limited as well`() throws {
        let server = ScriptedServer()
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: server.port), bodyLimit: 1000)
        let reply = pending(connection, HTTPCall("GET", "/"))
        let peer = server.accept()
        _ = ScriptedServer.readRequest(peer)
        ScriptedServer.write(peer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + String(repeating: "x", count: 1001))
        #expect(reply.result()?.error == .tooLarge(limit: 1000))
        close(peer)
    }

    @Test func `redirects are answers`() throws {
        let server = try HTTPServer(.loopback(port: 0)) { _, responder in
            responder.respond(HTTPResponse(status: 302, headers: ["Location": "/elsewhere"]))
        }
        defer { server.stop() }
        let reply = try HTTPConnection(.tcp(host: "127.0.0.1", port: try #require(server.port))).send(
            HTTPCall("GET", "/"))
        #expect(reply.status == 302)
        #expect(reply.headers["location"] == "/elsewhere")
    }

    @Test(arguments: ["GET", "POST"])
    func `a kept connection that died is replaced once, when nothing of an answer had come`(method: String) throws {
        let server = ScriptedServer()
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: server.port))
        let first = pending(connection, HTTPCall(method, "/1"))
        let kept = server.accept()
        _ = ScriptedServer.readRequest(kept)
        ScriptedServer.write(kept, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(try first.result()?.get().status == 200)

        let second = pending(connection, HTTPCall(method, "/2"))
        #expect(ScriptedServer.readRequest(kept).hasPrefix("\(method) /2 "))
        close(kept)
        let fresh = server.accept()
        #expect(ScriptedServer.readRequest(fresh).hasPrefix("\(method) /2 "))
        ScriptedServer.write(fresh, "HTTP/1.1 204 No Content\r\n\r\n")
        #expect(try second.result()?.get().status == 204)
        close(fresh)
    }

    @Test func `a request is not repeated when part of an answer had come, nor on a fresh connection`() throws {
        let server = ScriptedServer()
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: server.port))
        for answer in ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Le"] {
            let reply = pending(connection, HTTPCall("GET", "/"))
            let peer = server.accept()
            _ = ScriptedServer.readRequest(peer)
            ScriptedServer.write(peer, answer)
            if answer.hasSuffix("\r\n\r\n") {
                #expect(try reply.result()?.get().status == 200)
                let second = pending(connection, HTTPCall("GET", "/"))
                _ = ScriptedServer.readRequest(peer)
                ScriptedServer.write(peer, "HTTP/1.1 200 OK\r\n")
                close(peer)
                #expect(second.result()?.error?.isUnreachable == true)
            } else {
                close(peer)
                #expect(reply.result()?.error?.isUnreachable == true)
            }
            #expect(server.accept(within: 0.1) == -1)
        }
    }

    @Test func `headers of an answer are lowercased, trimmed and joined`() throws {
        let server = ScriptedServer()
        let reply = pending(HTTPConnection(.tcp(host: "127.0.0.1", port: server.port)), HTTPCall("GET", "/"))
        let peer = server.accept()
        let request = ScriptedServer.readRequest(peer)
        #expect(!request.lowercased().contains("expect:"))
        ScriptedServer.write(
            peer,
            "HTTP/1.1 100 Continue\r\nInterim: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-A:  1 \r\nx-a: 2\r\nContent-Length: 1\r\n\r\nz"
        )
        let answer = try #require(try reply.result()?.get())
        #expect(answer.headers == ["x-a": "1, 2", "content-length": "1"])
        #expect(answer.body == [UInt8(ascii: "z")])
        close(peer)
    }
}

/// A connected pair: one end for the client, the other carried to the server by a thread, as a tunnel does.
private func tunnel(to port: UInt16) -> Int32 {
    var ends: [Int32] = [0, 0]
    precondition(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
    let near = ends[1]
    let far = connectedSocket(port: port)
    _ = Pending { carry(near, far) }
    return ends[0]
}

private func carry(_ a: Int32, _ b: Int32) {
    var block = [UInt8](repeating: 0, count: 65536)
    var events = [pollfd(fd: a, events: Int16(POLLIN), revents: 0), pollfd(fd: b, events: Int16(POLLIN), revents: 0)]
    while poll(&events, 2, 20_000) > 0 {
        for index in 0..<2 where events[index].revents != 0 {
            let count = recv(events[index].fd, &block, block.count, 0)
            guard count > 0, send(events[1 - index].fd, block, count, Int32(MSG_NOSIGNAL)) == count else {
                close(a)
                close(b)
                return
            }
        }
    }
}

@Suite struct OpenedConnectionTests {
    @Test func `requests travel over a stream that somebody else opened`() throws {
        let server = try HTTPServer(.loopback(port: 0), handler: echo)
        defer { server.stop() }
        let port = try #require(server.port)
        let opened = Mutex(0)
        let connection = HTTPConnection(
            .opened(authority: "127.0.0.1:\(port)") {
                opened.withLock { $0 += 1 }
                return tunnel(to: port)
            })
        let body = [UInt8](repeating: 9, count: 3 << 20)
        for _ in 0..<3 {
            let reply = try connection.send(HTTPCall("POST", "/x", body: body))
            #expect(reply.status == 200)
            #expect(reply.body == body)
        }
        #expect(opened.withLock { $0 } == 1)
    }

    @Test func `a stream that ended between requests is opened again`() throws {
        let server = ScriptedServer()
        let opened = Mutex(0)
        let connection = HTTPConnection(
            .opened(authority: "127.0.0.1:1") { [port = server.port] in
                opened.withLock { $0 += 1 }
                return tunnel(to: port)
            })
        for number in 1...3 {
            let reply = pending(connection, HTTPCall("GET", "/"))
            let peer = server.accept()
            #expect(ScriptedServer.readRequest(peer).contains("Host: 127.0.0.1:1\r\n"))
            ScriptedServer.write(peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            close(peer)
            #expect(try reply.result()?.get().status == 200)
            #expect(opened.withLock { $0 } == number)
        }
    }

    @Test func `what keeps the stream from opening is the reason`() {
        struct NoTunnel: Error, CustomStringConvertible { var description: String { "the tunnel is down" } }
        let connection = HTTPConnection(.opened(authority: "127.0.0.1:1") { throw NoTunnel() })
        #expect(
            throws: HTTPClientError.unreachable(target: "127.0.0.1:1 (through a tunnel)", reason: "the tunnel is down")
        ) {
            try connection.send(HTTPCall("GET", "/"))
        }
    }

    @Test func `a request over an opened stream is cancelled at once`() throws {
        let held = Mailbox<HTTPResponder>()
        let server = try HTTPServer(.loopback(port: 0)) { held.put($1) }
        defer { server.stop() }
        let port = try #require(server.port)
        let connection = HTTPConnection(.opened(authority: "127.0.0.1:\(port)") { tunnel(to: port) })
        let reply = pending(connection, HTTPCall("GET", "/"))
        let responder = try #require(held.take())
        let closed = Event()
        responder.onClose { closed.happened() }
        connection.cancel()
        #expect(reply.result(within: 0.5)?.error == .cancelled)
        #expect(closed.wait())
    }
}
