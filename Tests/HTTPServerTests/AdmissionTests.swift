import Glibc
import HTTPClient
import HTTPServer
import Synchronization
import TestSupport
import Testing

/// Tokens are names of parties; whose begins with `x` is nobody's.
private func admit(_ request: HTTPRequest) -> HTTPAdmission {
    guard let token = request.bearerToken, !token.hasPrefix("x") else {
        return .stranger(HTTPResponse(status: 401, headers: ["X-Why": "stranger"]))
    }
    if token == "banned" { return .refused(HTTPResponse(status: 403)) }
    return .admitted(HTTPParty(token, bodyLimit: token == "small" ? 10 : .max))
}

private func head(_ port: UInt16, _ token: String?, _ method: String = "GET", length: Int? = nil) -> String {
    "\(method) / HTTP/1.1\r\nHost: localhost:\(port)\r\n"
        + (token.map { "Authorization: Bearer \($0)\r\n" } ?? "") + (length.map { "Content-Length: \($0)\r\n" } ?? "")
        + "\r\n"
}

@Suite struct AdmissionTests {
    @Test(arguments: ["x", nil, "banned", "small"])
    func `who may not come in is told so before a byte of the body is sent, and no handler hears of it`(
        token: String?
    ) throws {
        let handled = Event()
        let server = try HTTPServer(.loopback(port: 0), admit: admit) { _, responder in
            handled.happened()
            responder.respond(HTTPResponse(status: 200))
        }
        defer { server.stop() }
        let client = RawClient(port: server.port!)
        client.send(head(server.port!, token, "POST", length: 1 << 20))
        let answer = try #require(client.receive())
        #expect(answer.status == (token == "banned" ? 403 : token == "small" ? 413 : 401))
        #expect(client.isEnded)
        #expect(!handled.wait(within: 0))
    }

    @Test func `what is within a party's limit is taken whole`() throws {
        let server = try HTTPServer(.loopback(port: 0), admit: admit, handler: echo)
        defer { server.stop() }
        let client = RawClient(port: server.port!)
        client.send(head(server.port!, "small", "POST", length: 10))
        client.send("0123456789")
        #expect(try #require(client.receive()).text == "0123456789")
        client.send(head(server.port!, "small"))
        #expect(try #require(client.receive()).status == 200)
    }

    @Test func `strangers wait for their answers while those who are known do not`() throws {
        var settings = HTTPServerSettings()
        (settings.strangerPace.burst, settings.strangerPace.interval) = (1, 1_000)
        settings.strangerPace.longest = 1_000
        let server = try HTTPServer(.loopback(port: 0), settings: settings, admit: admit, handler: echo)
        let port = server.port!
        let first = RawClient(port: port)
        first.send(head(port, "x"))
        #expect(try #require(first.receive()).status == 401)
        let waiting = [nil, 5, 1_000].map { length in
            let client = RawClient(port: port)
            client.send(head(port, "x1", length == nil ? "GET" : "POST", length: length))
            if length == 5 { client.send("abcde") }
            return client
        }
        for number in 0..<50 {
            let known = RawClient(port: port)
            known.send(head(port, "client\(number)"))
            #expect(try #require(known.receive()).status == 200)
        }
        #expect(waiting.allSatisfy { !$0.hasBytes })
        server.stop()
        // Whoever was to wait longer than the server lived is let go.
        for client in waiting { #expect([503, nil].contains(client.receive()?.status)) }
        #expect(waiting.allSatisfy { $0.isEnded })
    }

    @Test(arguments: [nil, 5, 1_000, -5])
    func `a stranger who has waited is answered, and its connection ends`(length: Int?) throws {
        var settings = HTTPServerSettings()
        (settings.strangerPace.burst, settings.strangerPace.interval) = (0, 0.05)
        settings.headDeadline = 1
        let server = try HTTPServer(.loopback(port: 0), settings: settings, admit: admit, handler: echo)
        defer { server.stop() }
        let client = RawClient(port: server.port!)
        var text = head(server.port!, "x", length == nil ? "GET" : "POST", length: length.map { abs($0) })
        // Nobody is asked for a body that nobody takes.
        if length == -5 { text = text.replacing("\r\n\r\n", with: "\r\nExpect: 100-continue\r\n\r\n") }
        client.send(text)
        if length == 5 { client.send("abcde") }
        let answer = try #require(client.receive())
        #expect(answer.status == 401)
        #expect(answer.head.contains("X-Why: stranger"))
        #expect(client.isEnded)
    }

    @Test func `a stranger who goes while it waits leaves nothing`() throws {
        var settings = HTTPServerSettings()
        (settings.strangerPace.burst, settings.strangerPace.interval) = (0, 0.05)
        settings.strangerLimit = 2
        let server = try HTTPServer(.loopback(port: 0), settings: settings, admit: admit, handler: echo)
        defer { server.stop() }
        for number in 0..<40 {
            let client = RawClient(port: server.port!)
            client.send(head(server.port!, "x", number % 2 == 0 ? "GET" : "POST", length: number % 2 == 0 ? nil : 100))
        }
        // As long as the server has not heard that they have gone, who has said nothing yet makes way for them.
        try eventually("there is room for who is known") {
            let known = RawClient(port: server.port!)
            known.send(head(server.port!, "known"))
            return known.receive()?.status == 200
        }
    }

    @Test func `too many strangers end the oldest of them, and nobody who is known`() throws {
        var settings = HTTPServerSettings()
        settings.strangerLimit = 4
        // None of them is to be cut for its slowness: that is another test's.
        settings.headDeadline = 60
        let server = try HTTPServer(.loopback(port: 0), settings: settings, admit: admit, handler: echo)
        defer { server.stop() }
        let port = server.port!
        let known = (0..<20).map { number in
            let client = RawClient(port: port)
            client.send(head(port, "client\(number)"))
            #expect(client.receive()?.status == 200)
            return client
        }
        let silent = (0..<8).map { _ in RawClient(port: port) }
        for client in silent.prefix(4) {
            #expect(client.receive()?.code == "too_many_connections")
            #expect(client.isEnded)
        }
        for client in known { client.send(head(port, "client")) }
        #expect(known.allSatisfy { $0.receive()?.status == 200 })
        // The youngest are still welcome.
        let last = try #require(silent.last)
        last.send(head(port, "late"))
        #expect(last.receive()?.status == 200)
    }

    @Test func `strangers from elsewhere, and those who have said nothing, take nobody else's place`() throws {
        var settings = HTTPServerSettings()
        settings.strangerLimit = 4
        // None of them is to be cut for its slowness: that is another test's.
        settings.headDeadline = 60
        let ours = Mutex<Set<String>>([])
        let server = try HTTPServer(
            .loopback(port: 0), settings: settings, admit: admit,
            isOurs: { peer, port in port != 0 && ours.withLock { $0.contains(peer) } }, handler: echo)
        defer { server.stop() }
        let port = server.port!
        func opened(isOurs: Bool, saying text: String = "") -> RawClient {
            // What is connected is accepted in this order.
            let client = ours.withLock { ours in
                let client = RawClient(port: port)
                if isOurs { ours.insert(client.address) }
                return client
            }
            client.send(text)
            return client
        }
        let honest = (0..<3).map { _ in opened(isOurs: true) }
        let foreign = (0..<50).map { _ in opened(isOurs: false) }
        for client in foreign.dropLast() { #expect(client.receive()?.code == "too_many_connections") }
        for client in honest { client.send(head(port, "honest")) }
        #expect(honest.allSatisfy { $0.receive()?.status == 200 })
        // Among our own: who has begun to speak stays.
        let begun = opened(isOurs: true, saying: "GET / HTTP/1.1\r\n")
        // The server reads in turns: after some more of another's it has read that line.
        for _ in 0..<5 {
            honest[0].send(head(port, "honest"))
            #expect(honest[0].receive()?.status == 200)
        }
        let silent = (0..<20).map { _ in opened(isOurs: true) }
        for client in silent.prefix(17) { #expect(client.receive()?.code == "too_many_connections") }
        begun.send("Host: localhost:\(port)\r\nAuthorization: Bearer begun\r\n\r\n")
        #expect(begun.receive()?.status == 200)
    }

    @Test func `one party has so many connections, and the idle ones of it go first`() throws {
        var settings = HTTPServerSettings()
        settings.partyConnectionLimit = 2
        let held = Mailbox<HTTPResponder>()
        let server = try HTTPServer(.loopback(port: 0), settings: settings, admit: admit) { request, responder in
            if request.bearerToken == "a" { held.put(responder) } else { echo(request, responder) }
        }
        defer { server.stop() }
        let port = server.port!
        func ask(_ token: String) -> RawClient {
            let client = RawClient(port: port)
            client.send(head(port, token))
            return client
        }
        let two = [ask("a"), ask("a")]
        let responders = try [#require(held.take()), #require(held.take())]
        let third = ask("a")
        let refused = try #require(third.receive())
        #expect(refused.status == 429)
        #expect(refused.code == "too_many")
        #expect(refused.head.contains("Retry-After: 1\r\n"))
        // That is nobody else's affair.
        #expect(ask("b").receive()?.status == 200)
        for responder in responders { responder.respond(HTTPResponse(status: 200)) }
        #expect(two.allSatisfy { $0.receive()?.status == 200 })
        let fourth = ask("a")
        try #require(held.take()).respond(HTTPResponse(status: 200))
        #expect(fourth.receive()?.status == 200)
        #expect(two.count { $0.hasEnded } == 1)
    }

    @Test func `the bodies of one party leave room for those of others`() throws {
        var settings = HTTPServerSettings()
        settings.partyBodyLimit = 1_500
        let server = try HTTPServer(.loopback(port: 0), settings: settings, admit: admit, handler: echo)
        defer { server.stop() }
        let port = server.port!
        let body = [UInt8](repeating: 65, count: 1_000)
        let first = RawClient(port: port)
        first.send(
            head(port, "a", "POST", length: 1_000).replacing("\r\n\r\n", with: "\r\nExpect: 100-continue\r\n\r\n"))
        #expect(first.receive(interim: true)?.status == 100)
        let second = RawClient(port: port)
        second.send(head(port, "a", "POST", length: 1_000))
        let refused = try #require(second.receive())
        #expect(refused.status == 429)
        #expect(refused.code == "too_many")
        let other = RawClient(port: port)
        other.send(head(port, "b", "POST", length: 1_000))
        other.send(body)
        #expect(other.receive()?.body == body)
        first.send(body)
        #expect(first.receive()?.body == body)
    }

    @Test func `fifty clients go on while slow senders of heads and bodies are cut`() throws {
        var settings = HTTPServerSettings()
        (settings.headDeadline, settings.requestDeadline) = (0.5, 0.5)
        let server = try HTTPServer(.loopback(port: 0), settings: settings, admit: admit, handler: echo)
        defer { server.stop() }
        let port = server.port!
        let over = Flag()
        let clients = (0..<50).map { number in
            let client = Held(RawClient(port: port))
            return Pending { () -> Int? in
                var count = 0
                while true {
                    let isLast = over.isSet
                    client.value.send(head(port, "client\(number)", "POST", length: 5) + "hello")
                    guard let answer = client.value.receive(), answer.status == 200, answer.text == "hello"
                    else { return nil }
                    count += 1
                    if isLast { return count }
                    _ = Event().wait(within: 0.005)
                }
            }
        }
        let beginnings =
            [String](repeating: "GET / HTTP/1.1\r\nHost: loc", count: 15)
            + (0..<30).map { head(port, "slow\($0 % 2)", "POST", length: 100_000) }
        let slow = beginnings.map { beginning in
            let client = Held(RawClient(port: port))
            client.value.send(beginning)
            return Pending { () -> Int? in
                while client.value.send("x") { _ = Event().wait(within: 0.02) }
                return client.value.receive()?.status
            }
        }
        for client in slow { #expect(client.result() == 408) }
        over.set()
        for client in clients { #expect(try #require(client.result()) != nil) }
    }
}

@Suite struct StrangerPaceTests {
    @Test func `so many are answered at once, then one after the other, and nobody waits longer than the longest time`()
    {
        var pace = StrangerPace()
        (pace.burst, pace.interval, pace.longest) = (3, 1, 4)
        let delays = (0..<10).map { _ in pace.delay(at: 100) }
        #expect(delays == [0, 0, 0, 1, 2, 3, 4, 4, 4, 4])
        // A moment later one more has its turn.
        #expect(pace.delay(at: 101) == 4)
        // Who comes after a while finds nobody waiting.
        #expect((0..<5).map { _ in pace.delay(at: 1_000) } == [0, 0, 0, 1, 2])
    }

    @Test func `a clock that begins anywhere is the same`() {
        for start in [0.0, -50, 1e9] {
            var pace = StrangerPace()
            (pace.burst, pace.interval, pace.longest) = (1, 2, 100)
            #expect((0..<4).map { _ in pace.delay(at: start) } == [0, 2, 4, 6])
        }
    }
}

/// Handed to one thread, which is the only one that uses it.
// SAFETY: whoever made it does not touch it any more.
private struct Held<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

private final class Flag: Sendable {
    private let state = Atomic(false)
    var isSet: Bool { state.load(ordering: .acquiring) }
    func set() { state.store(true, ordering: .releasing) }
}
