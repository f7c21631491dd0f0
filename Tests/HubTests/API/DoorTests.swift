import ControlAPI
import HTTPClient
import HTTPServer
import Hashing
import Processes
import SyncCore
import Testing

@testable import Hub

struct DoorTests {
    @Test func `a secret is found whole and only so`() {
        let table = TokenTable()
        let holders: [(String, TokenTable.Holder)] = [
            ("admin", .administrator), ("one", .client("one")), ("gone", .revoked), ("asked", .invite("two")),
        ]
        table.replace(holders.map { (sha256(Array($0.0.utf8)), $0.1) })
        for (secret, holder) in holders { #expect(table.holder(of: secret) == holder) }
        for secret in ["", "a", "admi", "adminn", "Admin", "on", "o", nil] { #expect(table.holder(of: secret) == nil) }
        table.replace([])
        #expect(table.holder(of: "admin") == nil)
    }

    private func code(_ reply: HTTPReply) -> ErrorCode? {
        (try? WireFormat.decode(ErrorMessage.self, from: reply.body))?.code
    }

    @Test(arguments: Route.allCases)
    func `who is unknown learns of no route more than of another`(route: Route) throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let expected: ErrorCode = route == .join ? .inviteUsed : .unauthorized
        for token in [nil, "", "wrong", "admin-toke", "admin-token1", String(laptop.token.dropLast()), "ä"] {
            let reply = hub.send(route.method, route.path, token: token, json: "{")
            #expect(code(reply) == expected, "\(token ?? "none")")
        }
        // A good token is nobody's invite.
        if route == .join {
            #expect(code(hub.send(route.method, route.path, token: laptop.token, json: "{}")) == .inviteUsed)
        }
    }

    @Test func `an invite's secret joins and does nothing else`() throws {
        let hub = try HubFixture()
        let invite = try #require(
            try hub.post("/v1/invite", InviteRequest(client: "laptop"), as: InviteResponse.self).invite)
        let secret = HubFixture.secret(of: invite)
        #expect(code(hub.send("GET", "/v1/status", token: secret)) == .unauthorized)
        #expect(code(hub.send("POST", "/v1/hello", token: secret, json: "{}")) == .unauthorized)
        let large = [UInt8](repeating: 32, count: Door.joinLimit + 1)
        #expect(code(hub.send("POST", "/v1/join", token: secret, body: large)) == .tooLarge)
        #expect(code(hub.send("POST", "/v1/join", token: secret, body: Array(large.dropLast()))) == .badJSON)
        let token = try hub.join(invite).token
        let again = try hub.join(invite).token
        // The first one's is nobody's any more.
        #expect(code(hub.send("POST", "/v1/hello", token: token, json: "{}")) == .unauthorized)
        let hello = HelloRequest(version: "1", generation: "laptop-1")
        _ = try hub.post("/v1/hello", hello, token: again, as: HelloResponse.self)
        #expect(code(hub.send("POST", "/v1/join", token: secret, body: WireFormat.encode(hello))) == .inviteUsed)
        _ = try hub.post("/v1/revoke", ClientRequest(client: "laptop"), as: ClientsTouchedResponse.self)
        #expect(code(hub.send("GET", "/v1/status", token: again)) == .revoked)
        try hub.restart()
        #expect(code(hub.send("GET", "/v1/status", token: again)) == .unauthorized)
    }

    @Test func `a journal that could not be read at a start keeps nobody out for long`() throws {
        struct Unreadable: Error {}
        let clock = MovedClock()
        let hub = try HubFixture(clock: clock.clock)
        let laptop = try hub.join("laptop")
        // As it is when a hub has just begun.
        hub.core.inspect { desk in
            desk.readTokens = { _ in throw Unreadable() }
            desk.gate.tokens = []
            desk.tellDoor()
        }
        #expect(hub.send("GET", "/v1/status", token: laptop.token).status == 401)
        clock.pass(6)
        hub.core.inspect { $0.settle() }
        #expect(hub.send("GET", "/v1/status", token: laptop.token).status == 401)
        hub.core.inspect { $0.readTokens = { try $0.tokens() } }
        clock.pass(6)
        hub.core.inspect { $0.settle() }
        #expect(hub.send("GET", "/v1/status", token: laptop.token).status == 200)
    }

    private func prove(_ hub: HubFixture, _ secret: String, nonce: String = SecretProof.nonce()) -> HTTPReply {
        hub.send("GET", SecretProof.path + SecretProof(of: secret).query(nonce), token: nil)
    }

    @Test func `the hub shows that it knows a secret to who has it, and learns nothing by that`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let invite = try #require(
            try hub.post("/v1/invite", InviteRequest(client: "other"), as: InviteResponse.self).invite)
        for secret in [HubFixture.adminToken, laptop.token, HubFixture.secret(of: invite)] {
            let (one, two) = (SecretProof.nonce(), SecretProof.nonce())
            #expect(prove(hub, secret, nonce: one).body == SecretProof(of: secret).answer(to: one))
            #expect(prove(hub, secret, nonce: two).body == SecretProof(of: secret).answer(to: two))
            for nonce in ["", "a", String(repeating: "A", count: 64), one + "0"] {
                #expect(code(prove(hub, secret, nonce: nonce)) == .unauthorized)
            }
        }
        #expect(code(prove(hub, "unknown")) == .unauthorized)
        #expect(code(hub.send("GET", SecretProof.path, token: laptop.token)) == .unauthorized)
        #expect(code(hub.send("POST", SecretProof.path, token: nil)) == .unauthorized)
        _ = try hub.post("/v1/revoke", ClientRequest(client: "laptop"), as: ClientsTouchedResponse.self)
        // Who was revoked hears it from who has shown that he is the hub, and from nobody else.
        let nonce = SecretProof.nonce()
        #expect(prove(hub, laptop.token, nonce: nonce).body == SecretProof(of: laptop.token).answer(to: nonce))
        let revoked = HTTPConnection(
            HTTPTarget.tcp(host: "127.0.0.1", port: hub.port).proving(laptop.token, timeout: 10))
        let told = try revoked.send(
            HTTPCall("GET", "/v1/status", headers: ["Authorization": "Bearer \(laptop.token)"]))
        #expect(code(told) == .revoked)
        // Who has asked has what every client of HTTP has.
        let connection = HTTPConnection(
            HTTPTarget.tcp(host: "127.0.0.1", port: hub.port).proving(HubFixture.adminToken, timeout: 10))
        let bearer = ["Authorization": "Bearer \(HubFixture.adminToken)"]
        for _ in 0..<3 { #expect(try connection.send(HTTPCall("GET", "/v1/status", headers: bearer)).status == 200) }
    }

    /// One who stands between a client and a hub that has just come back.
    @Test func `the hub shows nothing to another user of its machine`() {
        let users: [(LoopbackPeer, Bool)] = [
            (.user(0), true), (.user(7), true), (.user(8), false), (.gone, false), (.unknown, true),
        ]
        for (user, isShown) in users {
            let door = Door(bodyLimit: 1, uptime: { 0 }, users: [0, 7]) { port, server in
                port == 4_000 && server == 80 ? user : .user(0)
            }
            door.tokens.replace([(sha256(Array("one".utf8)), .client("one"))])
            let nonce = SecretProof.nonce()
            let admission = door.admit(
                HTTPRequest(
                    method: "GET", path: SecretProof.path,
                    query: [
                        HTTPQueryItem(name: "id", value: SecretProof(of: "one").id),
                        HTTPQueryItem(name: "nonce", value: nonce),
                    ], headers: ["host": "localhost:80"], peer: "127.0.0.1:4000"))
            switch admission {
            case .answered(let response):
                #expect(isShown && response.body == SecretProof(of: "one").answer(to: nonce))
            case .stranger: #expect(!isShown)
            case .admitted, .refused: Issue.record("\(user)")
            }
        }
        // The kernel is asked about 127.0.0.1, and another user may take the same port of any other address that leads here.
        let door = Door(bodyLimit: 1, uptime: { 0 }, users: [0]) { _, _ in .user(0) }
        #expect(door.isOurs("127.0.0.1:4000", 80))
        for elsewhere in ["127.0.0.2:4000", "127.0.0.10:4000", "127.1.0.0.1:4000", "uid 0, pid 1", "unknown", ""] {
            #expect(!door.isOurs(elsewhere, 80), "\(elsewhere)")
        }
    }

    @Test func `a web page that a browser on this machine shows can do nothing, whatever it knows`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let port = hub.port
        let pause = WireFormat.encode(ClientRequest(client: "laptop"))
        func ask(_ method: String, _ path: String, _ headers: [String: String], _ body: [UInt8] = []) throws
            -> HTTPReply
        {
            try hub.connection().send(HTTPCall(method, path, headers: headers, body: body))
        }
        let bearer = ["Authorization": "Bearer \(HubFixture.adminToken)"]
        // DNS rebinding: the page's own name leads here now.
        for host in [
            "evil.example", "evil.example:\(port)", "127.0.0.1.evil.example:\(port)", "127.0.0.1:1", "0.0.0.0:\(port)",
        ] {
            for (method, path, body) in [("GET", "/v1/status", []), ("POST", "/v1/pause", pause)] {
                let reply = try ask(method, path, bearer.merging(["Host": host]) { $1 }, body)
                #expect(reply.status == 403, "\(host)")
                #expect(!reply.headers.keys.contains { $0.hasPrefix("access-control") })
            }
        }
        // Cross-site requests, with and without a question before them.
        for origin in ["https://evil.example", "null", "http://127.0.0.1:\(port)", "http://localhost:\(port)"] {
            let reply = try ask(
                "POST", "/v1/pause", bearer.merging(["Origin": origin, "Content-Type": "text/plain"]) { $1 }, pause)
            #expect(reply.status == 403, "\(origin)")
            let question = try ask(
                "OPTIONS", "/v1/pause", ["Origin": origin, "Access-Control-Request-Method": "POST"])
            #expect(question.status == 403)
            #expect(!question.headers.keys.contains { $0.hasPrefix("access-control") })
        }
        // A browser sends cookies and passwords that it remembers, and no tokens.
        let form = try ask(
            "POST", "/v1/pause",
            [
                "Content-Type": "application/x-www-form-urlencoded", "Cookie": "token=\(HubFixture.adminToken)",
                "Authorization": "Basic YWRtaW46YWRtaW4tdG9rZW4=",
            ], pause)
        #expect(form.status == 401)
        let client = try #require(
            try hub.get("/v1/status", as: StatusResponse.self).clients.first { $0.name == laptop.name })
        #expect(client.state != .paused)
    }
}
