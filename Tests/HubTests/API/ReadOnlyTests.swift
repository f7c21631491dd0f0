import ControlAPI
import Glibc
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What a key opens follows the journal; who is read-only changes nothing.
struct ReadOnlyTests {
    @Test func `a read-only client looks at everything and receives, and its commits are refused`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        _ = try laptop.create("file", "text")
        let invite = try #require(
            try hub.post("/v1/invite", InviteRequest(client: "frame", readOnly: true), as: InviteResponse.self).invite)
        let joined = try hub.join(invite)
        #expect(joined.readOnly == true)
        let hello = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "frame-1"), token: joined.token, as: HelloResponse.self)
        hub.directory.makeDirectory("staging/frame")
        let frame = TestClient(hub: hub, name: "frame", token: joined.token, epoch: hello.epoch)
        #expect(try frame.changes(since: 0).nodes.count == 1)
        let refused = #expect(throws: ErrorMessage.self) { try frame.create("mine", "mine") }
        #expect(refused?.code == .forbidden && refused?.message.contains("'member'") == true)
        #expect(hub.shareNames() == ["file"])
        #expect(hub.keys.keys.first { $0.client.text == "frame" }?.reach == ShareReach(isReadOnly: true))
        let client = try #require(
            try hub.get("/v1/clients", as: [ClientMessage].self).first { $0.name == "frame" })
        #expect(client.role == "read-only")
        try hub.restart()
        #expect(hub.keys.keys.first { $0.client.text == "frame" }?.reach.isReadOnly == true)
    }

    @Test func `what is read-only steers nobody, and changes nothing by any route`() {
        let frame = Caller.client(name: "frame", isAdmin: true, isReadOnly: true)
        for route in [Route.commit, .offer, .prepare, .invite, .revoke, .approve, .reject] {
            #expect(AccessTable.refusal(route, frame)?.code == .forbidden, "\(route)")
        }
        for route in [Route.hello, .changes, .snapshot, .layOut, .report, .holds, .recipe, .status, .log] {
            #expect(AccessTable.refusal(route, frame) == nil, "\(route)")
        }
    }

    @Test func `read-only and admin do not go together`() throws {
        let hub = try HubFixture()
        let reply = hub.send("POST", "/v1/invite", json: #"{"client":"x","admin":true,"read_only":true}"#)
        #expect(reply.status == 400)
    }

    @Test func `the key of a device of a part names its directory, and follows it`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let photos = try #require(
            try laptop.commit(
                laptop.operation(
                    .create(in: .node(.root), name: try Name("photos"), content: .directory(Mode(0o755)))))[0].applied)
        _ = try hub.post(
            "/v1/invite",
            InviteRequest(client: "phone", sftpOnly: true, key: HubFixture.otherKey("B"), subtree: "photos"),
            as: InviteResponse.self)
        let before = try #require(part(of: "phone", hub))
        #expect(before.path.description == "photos" && before.directory != nil)
        _ = try laptop.commit(
            laptop.operation(
                .move(photos.id, base: photos.locationVersion, to: .node(.root), name: try Name("pictures"))))
        _ = try hub.get("/v1/status", as: StatusResponse.self)
        let after = try #require(part(of: "phone", hub))
        #expect(after.path.description == "pictures" && after.directory == before.directory)
        // A hub whose journal is lost finds it there.
        #expect(
            try ClientsFile.read(hub.layout.clients).first { $0.name == "phone" }?.subtree?.description == "pictures")
    }

    @Test func `when another directory stands for the part, the sessions of before are ended`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        func make() throws -> Node {
            let change = Change.create(in: .node(.root), name: try Name("photos"), content: .directory(Mode(0o755)))
            return try #require(try laptop.commit(laptop.operation(change))[0].applied)
        }
        let photos = try make()
        let key = HubFixture.otherKey("B")
        _ = try hub.post(
            "/v1/invite", InviteRequest(client: "phone", sftpOnly: true, key: key, subtree: "photos"),
            as: InviteResponse.self)
        let before = try #require(part(of: "phone", hub)?.directory)
        // As a session does: its number is not given again.
        let held = open(hub.layout.share + "/photos", O_RDONLY)
        try #require(held >= 0)
        defer { close(held) }
        _ = try laptop.commit(
            laptop.operation(
                .delete(photos.id, contentBase: photos.contentVersion, locationBase: photos.locationVersion)))
        _ = try make()
        _ = try hub.get("/v1/status", as: StatusResponse.self)
        let after = try #require(part(of: "phone", hub))
        #expect(after.path.description == "photos" && after.directory != nil && after.directory != before)
        #expect(hub.keys.waitForEnd(of: try PublicKey(line: key)))
    }

    private func part(of name: String, _ hub: HubFixture) -> SharePart? {
        hub.keys.keys.first { $0.client.text == name }?.reach.part
    }
}
