import ControlAPI
import SyncCore
import Testing

@testable import Hub

/// Questions of `once --dry-run`: answered like any other, and nothing is remembered of them.
@Suite struct DryTests {
    @Test func `a dry hello of who has joined and not said hello is refused, and leaves all as it is`() throws {
        let hub = try HubFixture()
        let invite = try hub.post("/v1/invite", InviteRequest(client: "new"), as: InviteResponse.self).invite!
        let token = try hub.join(invite).token
        // Who has joined and not said hello may do no more than that, and not without using the invite up.
        for path in ["/v1/hello?dry=1", "/v1/changes?since=0&wait=30&epoch=x&dry=1"] {
            let isHello = path.hasPrefix("/v1/hello")
            let reply = hub.send(
                isHello ? "POST" : "GET", path, token: token,
                body: isHello ? Array(#"{"version":"1","generation":"dry"}"#.utf8) : [])
            #expect(reply.status == 403 && String(decoding: reply.body, as: UTF8.self).contains("not said hello"))
        }
        let client = try #require(try hub.get("/v1/clients", as: [ClientMessage].self).first)
        #expect(client.lastSeen == nil && client.state == .offline)
        // The invite is still good: nobody has come with it.
        #expect(try hub.join(invite).client == "new")
        try hub.restart()
        let record = try #require(try hub.journal().client(named: "new"))
        #expect(record.generation == nil && record.lastSeen == nil && record.report == nil)
    }

    @Test func `dry questions of a client that is there leave the time at which it was seen as it is`() throws {
        let clock = MovedClock()
        let hub = try HubFixture(clock: clock.clock)
        let laptop = try hub.join("laptop")
        func seen() throws -> String? { try hub.get("/v1/clients", as: [ClientMessage].self).first?.lastSeen }
        let before = try #require(try seen())
        clock.pass(100)
        let request = HelloRequest(version: "1", generation: "dry")
        let hello = try hub.post("/v1/hello?dry=1", request, token: laptop.token, as: HelloResponse.self)
        let changes = try hub.get(
            "/v1/changes?since=0&wait=30&epoch=\(hello.epoch)&dry=1", token: laptop.token, as: ChangesResponse.self)
        #expect(changes.through == 0)
        #expect(try seen() == before)
        #expect(try hub.journal().client(named: "laptop")?.generation == "laptop-1")
        _ = try laptop.changes(since: 0)
        #expect(try seen() != before)
    }
}
