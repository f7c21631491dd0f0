import Glibc
import HTTPClient
import HTTPServer
import Synchronization
import Testing

/// A server whose requests wait until the test takes them out of the mailbox and answers.
private struct Waiting {
    let requests = Mailbox<(HTTPRequest, HTTPResponder)>()
    let server: HTTPServer
    let port: UInt16

    init(_ settings: HTTPServerSettings = HTTPServerSettings()) throws {
        let requests = requests
        server = try HTTPServer(.loopback(port: 0), settings: settings) { requests.put(($0, $1)) }
        port = try #require(server.port)
    }

    /// Sends a request from a thread of its own.
    func ask(_ path: String, over connection: HTTPConnection? = nil) -> Pending<Result<HTTPReply, HTTPClientError>> {
        let connection = connection ?? HTTPConnection(.tcp(host: "127.0.0.1", port: port))
        return Pending {
            do throws(HTTPClientError) {
                return .success(try connection.send(HTTPCall("GET", path, timeout: 20)))
            } catch { return .failure(error) }
        }
    }
}

@Suite struct LongPollTests {
    @Test func `a request is answered later by another thread`() throws {
        let waiting = try Waiting()
        defer { waiting.server.stop() }
        let reply = waiting.ask("/changes")
        let (request, responder) = try #require(waiting.requests.take())
        #expect(request.path == "/changes")
        #expect(!responder.isClosed)
        responder.respond(HTTPResponse(status: 200, body: [1, 2, 3]))
        #expect(try reply.result()?.get().body == [1, 2, 3])
    }

    @Test func `a hundred requests that wait at once each get their own answer`() throws {
        let waiting = try Waiting()
        defer { waiting.server.stop() }
        for _ in 0..<3 {
            let replies = (0..<100).map { waiting.ask("/\($0)") }
            let held = try (0..<100).map { _ in try #require(waiting.requests.take()) }
            let answers = Pending {
                for (request, responder) in held {
                    responder.respond(HTTPResponse(status: 200, body: Array(request.path.utf8)))
                }
            }
            for (number, reply) in replies.enumerated() {
                #expect(try reply.result()?.get().body == Array("/\(number)".utf8))
            }
            _ = answers.result()
        }
    }

    @Test func `answers that race with the suspension are never lost`() throws {
        // The answer comes from another thread at the same time as the handler returns.
        let requests = Mailbox<HTTPResponder>()
        let server = try HTTPServer(.loopback(port: 0)) { _, responder in requests.put(responder) }
        defer { server.stop() }
        let rounds = 2000
        let answering = Pending {
            for _ in 0..<rounds { requests.take()?.respond(HTTPResponse(status: 200)) }
        }
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: try #require(server.port)))
        for _ in 0..<rounds { #expect(try connection.send(HTTPCall("GET", "/")).status == 200) }
        #expect(answering.result() != nil)
    }

    @Test func `a client that goes while it waits is noticed`() throws {
        let waiting = try Waiting()
        defer { waiting.server.stop() }
        let closed = Event()
        var client: RawClient? = RawClient(port: waiting.port)
        client?.send("GET / HTTP/1.1\r\nHost: localhost:\(waiting.port)\r\n\r\n")
        let (_, responder) = try #require(waiting.requests.take())
        responder.onClose { closed.happened() }
        #expect(!responder.isClosed)
        client = nil
        #expect(closed.wait())
        #expect(responder.isClosed)
        responder.respond(HTTPResponse(status: 200))
        let late = Event()
        responder.onClose { late.happened() }
        #expect(late.wait(within: 1))
    }

    @Test func `clients that go while they wait leave room for others`() throws {
        var settings = HTTPServerSettings()
        settings.connectionLimit = 4
        settings.connectionReserve = 1
        let waiting = try Waiting(settings)
        defer { waiting.server.stop() }
        for _ in 0..<20 {
            let client = RawClient(port: waiting.port)
            client.send("GET / HTTP/1.1\r\nHost: localhost:\(waiting.port)\r\n\r\n")
            let (_, responder) = try #require(waiting.requests.take())
            let closed = Event()
            responder.onClose { closed.happened() }
            _ = consume client
            #expect(closed.wait())
        }
    }

    @Test func `the listener of an answered request is not called`() throws {
        let waiting = try Waiting()
        let called = Event()
        let reply = waiting.ask("/")
        let (_, responder) = try #require(waiting.requests.take())
        responder.onClose { called.happened() }
        responder.respond(HTTPResponse(status: 204))
        #expect(try reply.result()?.get().status == 204)
        waiting.server.stop()
        #expect(!called.wait(within: 0))
    }

    @Test func `a server that stops answers those who wait`() throws {
        let waiting = try Waiting()
        let replies = (0..<20).map { waiting.ask("/\($0)") }
        let held = try (0..<20).map { _ in try #require(waiting.requests.take()) }
        let closed = Event()
        for (_, responder) in held { responder.onClose { closed.happened() } }
        waiting.server.stop()
        #expect(closed.wait(20))
        for reply in replies {
            let reply = try #require(try reply.result()?.get())
            #expect(reply.status == 503)
            #expect(errorCode(reply.body) == "stopping")
        }
        waiting.server.stop()
        for (_, responder) in held { responder.respond(HTTPResponse(status: 200)) }
        #expect(waiting.ask("/").result()?.error?.isUnreachable == true)
    }

    @Test func `a server stops while requests come and go`() throws {
        for round in 0..<20 {
            let waiting = try Waiting()
            let requests = waiting.requests
            let answering = Pending {
                while let (_, responder) = requests.take(within: 0.3) { responder.respond(HTTPResponse(status: 200)) }
            }
            let clients = (0..<8).map { _ in
                let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: waiting.port))
                return Pending { () -> Int in
                    var count = 0
                    while (try? connection.send(HTTPCall("GET", "/", timeout: 5)))?.status == 200 { count += 1 }
                    return count
                }
            }
            _ = Event().wait(within: 0.001 * Double(round))
            waiting.server.stop()
            for client in clients { #expect(client.result() != nil) }
            #expect(answering.result() != nil)
        }
    }
}

extension Result {
    var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}

extension HTTPClientError {
    var isUnreachable: Bool {
        if case .unreachable = self { true } else { false }
    }
}
