import ControlAPI
import SyncCore
import Testing

@testable import Hub

/// Questions of `once --dry-run`: answered like any other, and nothing is remembered of them.
@Suite struct DryTests {
    @Test func `a dry hello leaves cursor, generation, invite and the time as they are`() throws {
        let hub = try HubFixture()
        let invite = try hub.post("/v1/invite", InviteRequest(client: "new"), as: InviteResponse.self).invite!
        let token = try hub.join(invite).token
        let request = HelloRequest(version: "1", generation: "dry")
        let hello = try hub.post("/v1/hello?dry=1", request, token: token, as: HelloResponse.self)
        #expect(hello.client == "new" && hello.known)
        let changes = try hub.get(
            "/v1/changes?since=0&wait=30&epoch=\(hello.epoch)&dry=1", token: token, as: ChangesResponse.self)
        #expect(changes.through == 0)
        let client = try #require(try hub.get("/v1/clients", as: [ClientMessage].self).first)
        #expect(client.lastSeen == nil && client.state == .offline)
        // The invite is still good: nobody has come with it.
        #expect(try hub.join(invite).client == "new")
        try hub.restart()
        let record = try #require(try hub.journal().client(named: "new"))
        #expect(record.generation == nil && record.lastSeen == nil && record.report == nil)
    }
}
