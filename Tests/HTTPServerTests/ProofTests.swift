import Glibc
import HTTPClient
import HTTPServer
import Hashing
import Synchronization
import Testing

/// A server that knows secrets shows it.
private func admit(_ request: HTTPRequest) -> HTTPAdmission {
    guard request.bearerToken == nil else { return .admitted(HTTPParty("known")) }
    let proof = SecretProof(of: "secret")
    guard request.path == SecretProof.path, request.query("id") == proof.id, let nonce = request.query("nonce") else {
        return .stranger(HTTPResponse(status: 401))
    }
    return .answered(.json(proof.answer(to: nonce)))
}

@Suite struct ProofTests {
    @Test func `a server that knows the secret is sent requests on the connection where it has shown it`() throws {
        let seen = Mutex<[String]>([])
        let server = try HTTPServer(.loopback(port: 0), admit: admit) { request, responder in
            seen.withLock { $0.append(request.peer) }
            echo(request, responder)
        }
        defer { server.stop() }
        let port = try #require(server.port)
        let plain = HTTPTarget.tcp(host: "127.0.0.1", port: port)
        for target in [plain, .opened(authority: "127.0.0.1:\(port)") { connectedSocket(port: port) }] {
            let connection = HTTPConnection(target.proving("secret", timeout: 10))
            let call = HTTPCall("POST", "/x", headers: ["Authorization": "Bearer secret"], body: [1, 2, 3])
            for _ in 0..<3 { #expect(try connection.send(call).body == [1, 2, 3]) }
        }
        #expect(Set(seen.withLock { $0 }).count == 2)
    }

    @Test func `each new connection has to show it before anything is sent`() throws {
        let server = ScriptedServer()
        let connection = HTTPConnection(
            HTTPTarget.tcp(host: "127.0.0.1", port: server.port).proving("secret", timeout: 10))
        let call = HTTPCall("POST", "/x", headers: ["Authorization": "Bearer secret"], body: Array("body".utf8))
        func prove(_ peer: Int32) -> String {
            let question = ScriptedServer.readRequest(peer)
            let nonce = String(question.split(separator: "nonce=")[1].prefix(64))
            let answer = String(decoding: SecretProof(of: "secret").answer(to: nonce), as: UTF8.self)
            ScriptedServer.write(peer, "HTTP/1.1 200 OK\r\nContent-Length: \(answer.utf8.count)\r\n\r\n\(answer)")
            return question
        }
        let first = pending(connection, call)
        let honest = server.accept()
        let question = prove(honest)
        #expect(!question.contains("secret") && !question.lowercased().contains("authorization"))
        #expect(ScriptedServer.readRequest(honest).contains("Bearer secret"))
        ScriptedServer.write(honest, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(try first.result()?.get().status == 200)
        close(honest)
        // It ends, and another one has its place, which says again what the first one said.
        let answer = String(decoding: SecretProof(of: "secret").answer(to: SecretProof.nonce()), as: UTF8.self)
        let second = pending(connection, call)
        let impostor = server.accept()
        let other = ScriptedServer.readRequest(impostor)
        #expect(other.contains("nonce=") && other != question && !other.contains("secret"))
        ScriptedServer.write(impostor, "HTTP/1.1 200 OK\r\nContent-Length: \(answer.utf8.count)\r\n\r\n\(answer)")
        #expect(second.result()?.error == .unproven(target: "127.0.0.1:\(server.port)"))
        #expect(ScriptedServer.readRequest(impostor).isEmpty)
        close(impostor)
    }

    @Test func `who is answered so is a stranger still, and is answered once`() throws {
        var settings = HTTPServerSettings()
        settings.headDeadline = 0.5
        let server = try HTTPServer(.loopback(port: 0), settings: settings, admit: admit, handler: echo)
        defer { server.stop() }
        let port = server.port!
        let question = "GET \(SecretProof.path)\(SecretProof(of: "secret").query(SecretProof.nonce())) HTTP/1.1\r\n"
        let host = "Host: localhost:\(port)\r\n"
        let twice = RawClient(port: port)
        twice.send(question + host + "\r\n")
        #expect(twice.receive()?.status == 200)
        twice.send(question + host + "\r\n")
        #expect(twice.receive()?.code == "not_first")
        #expect(twice.isEnded)
        let body = RawClient(port: port)
        body.send(question + host + "Content-Length: 3\r\n\r\nabc")
        #expect(body.receive()?.code == "not_first")
        // Who says no more than that has as little time as who says nothing.
        let silent = RawClient(port: port)
        silent.send(question + host + "\r\n")
        #expect(silent.receive()?.status == 200)
        #expect(silent.isEnded)
    }
}

@Suite struct SlowLineTests {
    private static var settings: HTTPServerSettings {
        var settings = HTTPServerSettings()
        (settings.requestDeadline, settings.headDeadline, settings.slowest) = (0.5, 0.5, 100)
        return settings
    }

    private func head(_ port: UInt16, _ length: Int) -> String {
        "POST / HTTP/1.1\r\nHost: localhost:\(port)\r\nAuthorization: Bearer a\r\nContent-Length: \(length)\r\n\r\n"
    }

    @Test func `a body on a slow line has the time that it takes, and one that stands still has not`() throws {
        let server = try HTTPServer(.loopback(port: 0), settings: Self.settings, admit: admit, handler: echo)
        defer { server.stop() }
        let client = RawClient(port: server.port!)
        client.send(head(server.port!, 400))
        let began = now()
        // 200 bytes a second.
        for _ in 0..<40 {
            client.send([UInt8](repeating: 65, count: 10))
            _ = Event().wait(within: 0.05)
        }
        #expect(client.receive()?.body.count == 400)
        #expect(now() - began > 1.5)
        // Much at once gives no time to stand still.
        let still = RawClient(port: server.port!)
        still.send(head(server.port!, 100_001))
        still.send([UInt8](repeating: 65, count: 100_000))
        #expect(still.receive()?.code == "too_slow")
        #expect(still.isEnded)
    }

    @Test func `a call that is timed by silence goes on as long as bytes come, and no longer`() throws {
        let server = ScriptedServer()
        let connection = HTTPConnection(.tcp(host: "127.0.0.1", port: server.port))
        let reply = pending(connection, HTTPCall("GET", "/", timeout: .infinity, silence: 0.5))
        let peer = server.accept()
        _ = ScriptedServer.readRequest(peer)
        ScriptedServer.write(peer, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n")
        let began = now()
        for _ in 0..<30 {
            ScriptedServer.write(peer, "x")
            _ = Event().wait(within: 0.05)
        }
        #expect(try reply.result()?.get().body.count == 30)
        #expect(now() - began > 1)
        let second = pending(connection, HTTPCall("GET", "/", timeout: .infinity, silence: 0.5))
        _ = ScriptedServer.readRequest(peer)
        ScriptedServer.write(peer, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nxxx")
        #expect(
            second.result()?.error == .timedOut(target: "127.0.0.1:\(server.port)", seconds: 0.5))
        close(peer)
    }
}
