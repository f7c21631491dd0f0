import ControlAPI
import Glibc
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What a client is still sending can be read by others meanwhile, and nothing of it is anybody's content before it was verified.
struct ComingTests {
    private let clock = MovedClock()
    private let text = "many bytes"

    private func hub() throws -> HubFixture { try HubFixture(clock: clock.clock) }
    private var digest: Digest { content(text).digest }
    private var file: String { StagedResponse.prefix + digest.hex }

    /// As agents do it: so many bytes of the text have come.
    private func grow(
        _ client: TestClient, to count: Int, size: Int? = nil, in parent: NodeID = .root, as path: String = "a"
    ) throws {
        client.hub.directory.write(String(text.prefix(count)), to: "staging/\(client.name)/\(file)")
        let coming = ComingMessage(
            sha256: digest.hex, size: Int64(size ?? text.utf8.count), through: Int64(count), parent: parent.rawValue,
            path: path)
        try say(client, PrepareRequest(growing: file, coming: coming))
    }

    private func say(_ client: TestClient, _ request: PrepareRequest) throws {
        _ = try client.hub.post("/v1/prepare", request, token: client.token, as: PrepareResponse.self)
    }

    /// All of it has come.
    private func end(_ client: TestClient) -> PrepareRequest {
        client.hub.directory.write(text, to: "staging/\(client.name)/\(file)")
        return PrepareRequest(
            epoch: client.epoch, content: ContentKey(sha256: digest.hex, size: Int64(text.utf8.count)),
            source: SourceMessage(.staged(file: file, offset: 0)), wait: 20)
    }

    private func finish(_ client: TestClient) throws -> Bool {
        try client.hub.post("/v1/prepare", end(client), token: client.token, as: PrepareResponse.self).isReady
    }

    private func path(_ client: TestClient, after mark: Int64, wait: Int) -> String {
        client.changesPath(since: 0, wait: wait) + "&coming=\(mark)"
    }

    private func told(_ client: TestClient, after mark: Int64 = 0) throws -> ChangesResponse {
        try client.hub.get(path(client, after: mark, wait: 0), token: client.token, as: ChangesResponse.self)
    }

    private func toldLater(_ client: TestClient, after mark: Int64) -> Later<Result<ChangesResponse, any Error>> {
        client.hub.later("GET", path(client, after: mark, wait: 20), token: client.token, as: ChangesResponse.self)
    }

    private func readable(_ hub: HubFixture, _ client: String = "desk") -> [String] {
        hub.core.inspect { _ in hub.directory.names(in: ".synchub/coming/\(client)") }
    }

    @Test func `what one client sends can be read by the others until it was verified, and is placed under one name`()
        throws
    {
        let hub = try hub()
        let (laptop, desk) = (try hub.join("laptop"), try hub.join("desk"))
        #expect(try told(desk).coming == [])
        let waiting = toldLater(desk, after: 0)
        try grow(laptop, to: 4)
        let answer = try #require(waiting.value()).get()
        let place = ".synchub/coming/desk/\(digest.hex)"
        #expect(
            answer.coming == [
                ComingMessage(sha256: digest.hex, size: 10, through: 4, parent: 1, path: "a", file: place)
            ])
        #expect(hub.directory.text(place) == "many")
        // Not to the one that sends it, and not to those that do not ask.
        #expect(try told(laptop).coming == [])
        #expect(try desk.changes(since: 0).coming == nil)

        let more = toldLater(desk, after: try #require(answer.comingMark))
        try grow(laptop, to: 6)
        let next = try #require(more.value()).get()
        #expect(next.coming?.map(\.through) == [6])
        #expect(hub.directory.text(place) == "many b")

        let gate = ReadingGate(hub)
        let last = toldLater(desk, after: try #require(next.comingMark))
        let ready = hub.later(
            "POST", "/v1/prepare", token: laptop.token, body: WireFormat.encode(end(laptop)), as: PrepareResponse.self)
        #expect(gate.isReached())
        #expect(try #require(last.value()).get().coming?.map(\.through) == [10])
        #expect(hub.directory.text(place) == text)
        gate.open()
        #expect(try #require(ready.value()).get().isReady)
        // Whoever has fetched it keeps it: it has not been named yet.
        let whole = try told(desk)
        #expect(whole.coming?.map(\.file) == [nil] && readable(hub) == [])

        let named = toldLater(desk, after: try #require(whole.comingMark))
        let outcome = try laptop.commit(
            laptop.operation(
                .create(in: .node(.root), name: Name("a"), content: .file(content(text))),
                .staged(file: file, offset: 0)))
        #expect(outcome[0].applied != nil)
        let end = try #require(named.value()).get()
        #expect(end.coming == [] && end.nodes.count == 1)
        var status = stat()
        #expect(lstat(hub.directory.path("share/a"), &status) == 0 && status.st_nlink == 1)
    }

    @Test func `a name that the hub did not give keeps a staged file from being taken, also beside those that it gave`()
        throws
    {
        let hub = try hub()
        let (laptop, desk) = (try hub.join("laptop"), try hub.join("desk"))
        try grow(laptop, to: 10)
        #expect(try told(desk).coming?.count == 1)
        let staged = hub.directory.path("staging/laptop/\(file)")
        #expect(link(staged, staged + "-other") == 0)
        #expect(throws: ErrorMessage.self) { try finish(laptop) }
        #expect(unlink(staged + "-other") == 0)
        #expect(try told(desk).coming?.first?.file != nil)
        #expect(try finish(laptop))
    }

    @Test func `a client of a part hears of what is to lie in it, and of nothing else`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        func make(_ name: String) throws -> NodeID {
            let outcome = try laptop.commit(
                laptop.operation(
                    .create(in: .node(.root), name: Name(name), content: .directory(Mode(0o755)))))
            return try #require(outcome[0].applied).id
        }
        let (photos, other) = (try make("photos"), try make("other"))
        func part(_ name: String, _ subtree: String) throws -> TestClient {
            let invite = try hub.post(
                "/v1/invite", InviteRequest(client: name, subtree: subtree), as: InviteResponse.self
            ).invite!
            let token = try hub.join(invite).token
            let hello = try hub.post(
                "/v1/hello", HelloRequest(version: "1", generation: "\(name)-1"), token: token, as: HelloResponse.self)
            return TestClient(hub: hub, name: name, token: token, epoch: hello.epoch)
        }
        let (frame, shelf) = (try part("frame", "photos"), try part("shelf", "other"))
        try grow(laptop, to: 4, in: photos, as: "new/a")
        #expect(try told(frame).coming?.map(\.parent) == [1])
        #expect(try told(shelf).coming == [] && told(shelf).comingMark == 0)
        #expect(readable(hub, "shelf") == [])
        // Its directory goes elsewhere.
        let made = try laptop.commit(
            laptop.operation(
                .create(in: .node(photos), name: Name("album"), content: .directory(Mode(0o755)))))
        let album = try #require(made[0].applied)
        try grow(laptop, to: 5, in: album.id)
        #expect(try told(frame).coming?.map(\.through) == [5])
        #expect(readable(hub, "frame").count == 1)
        let moved = try laptop.commit(
            laptop.operation(.move(album.id, base: album.locationVersion, to: .node(.root), name: Name("album"))))
        #expect(moved[0].applied != nil)
        #expect(try told(frame).coming == [] && readable(hub, "frame") == [])
        try grow(laptop, to: 6, in: photos)
        #expect(try told(frame).coming?.map(\.through) == [6])
        try say(laptop, PrepareRequest(only: []))
        #expect(try told(frame).coming == [] && readable(hub, "frame") == [])
        // The other way round: its root is that directory.
        hub.directory.makeDirectory("staging/shelf")
        try grow(shelf, to: 4, in: .root)
        #expect(try told(laptop).coming?.map(\.parent) == [other.rawValue])
        #expect(try told(frame).coming == [])
    }

    @Test func `what is not sent any more can be read by nobody`() throws {
        let hub = try hub()
        let (laptop, desk, other) = (try hub.join("laptop"), try hub.join("desk"), try hub.join("other"))
        func begin() throws {
            try grow(laptop, to: 4)
            for client in [desk, other] { #expect(try told(client).coming?.count == 1) }
            #expect(readable(hub).count == 1 && readable(hub, "other").count == 1)
        }
        try begin()
        clock.pass(Int(ComingTable.silence / .seconds(1)) + 1)
        #expect(try told(desk).coming == [] && readable(hub) == [] && readable(hub, "other") == [])
        // A reader that is revoked.
        try begin()
        _ = try hub.post("/v1/revoke", ClientRequest(client: "other"), as: ClientsTouchedResponse.self)
        #expect(readable(hub, "other") == [] && readable(hub).count == 1)
        // A start.
        try hub.restart()
        #expect(readable(hub) == [])
        #expect(hub.directory.text("staging/laptop/\(file)") == "many")
        // Its sender is revoked.
        try grow(laptop, to: 5)
        #expect(try told(desk).coming?.count == 1)
        _ = try hub.post("/v1/revoke", ClientRequest(client: "laptop"), as: ClientsTouchedResponse.self)
        #expect(try told(desk).coming == [] && readable(hub) == [])
    }

    @Test func `what makes no sense is refused`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        for coming in [
            ComingMessage(sha256: "x", size: 10, through: 1, parent: 1, path: "a"),
            ComingMessage(sha256: digest.hex, size: 10, through: 11, parent: 1, path: "a"),
            ComingMessage(sha256: digest.hex, size: 10, through: 1, parent: 1, path: ""),
            ComingMessage(sha256: digest.hex, size: 10, through: 1, parent: 1, path: "../a"),
            ComingMessage(sha256: content("other").digest.hex, size: 10, through: 1, parent: 1, path: "a"),
        ] {
            #expect(throws: ErrorMessage.self) { try say(laptop, PrepareRequest(growing: file, coming: coming)) }
        }
        // A directory that is not there is nobody's business.
        try grow(laptop, to: 4, in: NodeID(77))
        #expect(try told(try hub.join("desk")).coming == [])
    }
}
