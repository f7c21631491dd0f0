import ControlAPI
import HTTPClient
import HTTPServer
import Hashing
import Processes
import SyncCore
import Testing

@testable import Hub

struct AllowanceTests {
    @Test func `what is not used is kept up to a limit, and what is gone comes back with time`() {
        var allowance = Allowance(at: 100)
        #expect(allowance.take(Allowance.most - 10, at: 100) == nil)
        #expect(allowance.take(10, at: 100) == nil)
        #expect(allowance.take(1, at: 100) == 1 / Allowance.rate)
        #expect(allowance.take(500, at: 100) == 500 / Allowance.rate)
        // What was refused has taken nothing.
        #expect(allowance.take(500, at: 100 + 500 / Allowance.rate) == nil)
        #expect(allowance.left == 0)
        #expect(allowance.take(Allowance.most, at: 1e6) == nil)
        #expect(allowance.take(1, at: 1e6) != nil)
        // A clock that went back gives nothing, and takes nothing.
        #expect(allowance.take(1, at: 0) != nil)
        // What costs more than there can be is one's whole allowance.
        #expect(allowance.take(10 * Allowance.most, at: 2e6) == nil)
        #expect(allowance.left == 0)
    }

    @Test func `every request costs something, and bytes cost too`() {
        for route in Route.allCases {
            #expect(route.units(body: 0) >= 1)
            #expect(route.units(body: 8 << 20) == route.units(body: 0) + 512)
        }
    }

    @Test func `who asks too much waits, and nobody else does`() throws {
        let time = Monitor<Nanoseconds>(0)
        let door = Door(bodyLimit: 1 << 20, uptime: { time.withLock { $0 } }, users: [])
        door.tokens.replace(
            ["a", "b", "admin"].map {
                (sha256(Array($0.utf8)), $0 == "admin" ? .administrator : .client($0))
            })
        func ask(_ token: String, length: Int = 0) -> HTTPResponse? {
            let request = HTTPRequest(
                method: "POST", path: "/v1/commit",
                headers: ["authorization": "Bearer \(token)", "content-length": "\(length)"])
            guard case .refused(let response) = door.admit(request) else { return nil }
            return response
        }
        var count = 0
        while ask("a", length: 1 << 20) == nil { count += 1 }
        #expect(count == Int(Allowance.most) / 66)
        let refused = try #require(ask("a", length: 8 << 20))
        #expect(refused.status == 429)
        #expect(refused.headers["Retry-After"] == "1")
        #expect(try WireFormat.decode(ErrorMessage.self, from: refused.body).code == .tooMany)
        #expect(ask("b") == nil)
        for _ in 0..<30_000 { #expect(ask("admin", length: 1 << 20) == nil) }
        time.withLock { $0 = .seconds(1) }
        #expect(ask("a", length: 1 << 20) == nil)
    }

    @Test func `the hub puts off who asks without end, goes on with others, and goes on with that one later`() throws {
        let clock = MovedClock()
        let hub = try HubFixture(clock: clock.clock)
        let (laptop, desk) = (try hub.join("laptop"), try hub.join("desk"))
        let connection = hub.connection()
        func ask() throws -> HTTPReply {
            try connection.send(
                HTTPCall(
                    "POST", "/v1/holds", headers: ["Authorization": "Bearer \(laptop.token)"], body: Array("{".utf8)))
        }
        var reply = try ask()
        var count = 1
        while reply.status == 400, count < 100_000 { (reply, count) = (try ask(), count + 1) }
        #expect(reply.status == 429)
        #expect(reply.headers["retry-after"] == "1")
        #expect(try desk.create("a", "one").applied != nil)
        clock.pass(1)
        #expect(try laptop.create("b", "two").applied != nil)
        #expect(hub.shareNames() == ["a", "b"])
    }
}

struct LimitsTests {
    private func code(_ reply: HTTPReply) -> ErrorCode? {
        (try? WireFormat.decode(ErrorMessage.self, from: reply.body))?.code
    }

    @Test func `so many requests of one client wait at a time, and those of others are others'`() throws {
        let hub = try HubFixture()
        let (laptop, desk) = (try hub.join("laptop"), try hub.join("desk"))
        func log(_ client: TestClient) -> Later<Result<[LogMessage], any Error>> {
            hub.later("GET", "/v1/log?after=0&wait=60", token: client.token, as: [LogMessage].self)
        }
        let open = (0..<HubDesk.mostPolls).map { _ in log(laptop) }
        while hub.core.inspect({ $0.polls.count }) < HubDesk.mostPolls, !open.contains(where: \.isDone) {}
        #expect(code(hub.send("GET", "/v1/log?after=0&wait=60", token: laptop.token)) == .tooMany)
        let wait = WireFormat.encode(WaitRequest(path: nil, on: nil, timeout: 60))
        let barrier = hub.core.inspect { $0.barrier }
        #expect(code(hub.send("POST", "/v1/wait", token: laptop.token, body: wait)) == .tooMany)
        #expect(hub.core.inspect { $0.barrier } == barrier)
        let other = log(desk)
        // What its agent does needs none of them.
        #expect(try laptop.create("a", "one").applied != nil)
        for poll in open + [other] { #expect(try poll.value()?.get().isEmpty == false) }
        #expect(hub.send("GET", "/v1/log?after=0", token: laptop.token).status == 200)
    }

    @Test func `of one client's questions for changes the oldest is answered when there is one too many`() throws {
        let hub = try HubFixture()
        let (laptop, desk) = (try hub.join("laptop"), try hub.join("desk"))
        let other = desk.changesLater(since: 0, wait: 60)
        func isOpen(_ count: Int) -> Bool { eventually { hub.core.inspect { $0.polls.count } == count } }
        #expect(isOpen(1))
        var open: [Later<Result<ChangesResponse, any Error>>] = []
        for count in 2...5 {
            open.append(laptop.changesLater(since: 0, wait: 60))
            #expect(isOpen(count))
        }
        let more = laptop.changesLater(since: 0, wait: 60)
        // Told of nothing: nothing has happened. The others, and those of other clients, wait on.
        #expect(try #require(open[0].value()).get().nodes.isEmpty)
        #expect(isOpen(5) && !other.isDone && !open.dropFirst().contains(where: \.isDone))
        #expect(try desk.create("a", "one").applied != nil)
        for poll in open.dropFirst() + [more] { #expect(try #require(poll.value()).get().nodes.count == 1) }
    }

    @Test
    func
        `sixteen commits of one client wait behind the one that is worked on, one more is refused, and all of them are answered`()
        throws
    {
        let hub = try HubFixture()
        let (laptop, desk) = (try hub.join("laptop"), try hub.join("desk"))
        let isOpen = Monitor(false)
        // All who verify are busy.
        hub.core.inspect { desk in
            for _ in 0..<desk.settings.verifiers {
                desk.verifiers.run { _ = isOpen.wait(timeout: .seconds(60)) { $0 ? true : nil } }
            }
        }
        func commit(_ client: TestClient, _ name: String) throws -> Later<Result<CommitResponse, any Error>> {
            let body = WireFormat.encode(client.request([try client.creation(name, name)]))
            return hub.later("POST", "/v1/commit", token: client.token, body: body, as: CommitResponse.self)
        }
        var waiting = [try commit(laptop, "0")]
        #expect(eventually { hub.core.inspect { $0.commitLines["laptop"]?.isEmpty == true } })
        for number in 1...16 {
            waiting.append(try commit(laptop, "\(number)"))
            #expect(eventually { hub.core.inspect { $0.commitLines["laptop"]?.count == number } })
        }
        let more = hub.send(
            "POST", "/v1/commit", token: laptop.token,
            body: WireFormat.encode(laptop.request([try laptop.creation("more", "more")])))
        #expect(more.status == 429 && code(more) == .tooMany)
        // Another's has a line of its own.
        let other = try commit(desk, "other")
        #expect(eventually { hub.core.inspect { $0.commitLines["desk"] != nil } })
        isOpen.withLock { $0 = true }
        for answer in waiting + [other] {
            let outcome = try #require(answer.value()).get().outcomes.first?.outcome()
            #expect(outcome?.applied != nil)
        }
        #expect(Set(hub.shareNames()) == Set((0...16).map { "\($0)" } + ["other"]))
        #expect(try laptop.create("again", "again").applied != nil)
    }

    @Test func `JSON of any depth is refused or passed over, and the hub goes on`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        for route in Route.allCases where route.method == "POST" && route != .join {
            for token in [laptop.token, HubFixture.adminToken] {
                for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
                    let depth = 100_000
                    for text in [
                        String(repeating: open, count: depth),
                        String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth),
                        #"{"x":"# + String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
                            + "}",
                    ] {
                        let reply = hub.send("POST", route.path, token: token, json: text)
                        #expect(400..<500 ~= reply.status, "\(route)")
                        #expect([.badJSON, .forbidden].contains(code(reply)), "\(route)")
                    }
                }
            }
        }
        // The boundary: 512 in one another are read, and one more is not.
        for (depth, isRead) in [(511, true), (512, false)] {
            let text =
                #"{"epoch":"\#(laptop.epoch)","generation":"laptop-1","acknowledged":0,"operations":[],"x":"#
                + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
            #expect(
                (hub.send("POST", "/v1/commit", token: laptop.token, json: text).status == 200) == isRead, "\(depth)")
        }
        #expect(try laptop.create("a", "one").applied != nil)
    }

    @Test func `a name has 255 bytes at most, in every field that holds one`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let text = String(repeating: "n", count: 255)
        #expect(try laptop.create(text, "one").applied != nil)
        var message = try laptop.creation("x", "two")
        let json = String(decoding: WireFormat.encode(laptop.request([message])), as: UTF8.self)
        #expect(json.contains(#""name":"x""#))
        let long = json.replacing(#""name":"x""#, with: #""name":"\#(text)n""#)
        #expect(code(hub.send("POST", "/v1/commit", token: laptop.token, json: long)) == .badName)
        message = laptop.operation(
            .create(in: .node(.root), name: try Name("y"), content: .file(content("two"))),
            .staged(file: text + "n", offset: 0))
        let staged = hub.send(
            "POST", "/v1/commit", token: laptop.token, body: WireFormat.encode(laptop.request([message])))
        #expect(staged.status == 400)
        #expect(hub.shareNames() == [text])
    }
}
