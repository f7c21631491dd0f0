import ControlAPI
import Glibc
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What the hub says of contents that a client may be about to remove.
struct HoldsTests {
    private func holds(_ client: TestClient, _ texts: String...) throws -> [String] {
        let keys = texts.map { ContentKey(sha256: content($0).digest.hex, size: Int64($0.utf8.count)) }
        let answer = try client.hub.post(
            "/v1/holds", HoldsMessage(contents: keys), token: client.token, as: HoldsMessage.self)
        return zip(texts, keys).filter { answer.contents.contains($0.1) }.map(\.0)
    }

    @Test func `contents of the share and of versions are there, by digest and size`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "old").applied)
        _ = try laptop.edit(node, "newer")
        #expect(try holds(laptop, "old", "newer", "never") == ["old", "newer"])
        let other = ContentKey(sha256: content("newer").digest.hex, size: 4)
        let answer = try hub.post(
            "/v1/holds", HoldsMessage(contents: [other]), token: laptop.token, as: HoldsMessage.self)
        #expect(answer.contents.isEmpty)
    }

    @Test func `what is not where the journal has it is not there`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        for name in ["a", "b"] {
            let node = try #require(try laptop.create(name, "old \(name)").applied)
            _ = try laptop.edit(node, "new \(name)")
        }
        let hex = content("old a").digest.hex
        #expect(unlink(hub.directory.path("versions/\(hex.prefix(2))/\(hex)")) == 0)
        // Nobody has looked at it yet: it settles for half a second.
        hub.directory.write("new c", to: "share/a")
        #expect(try holds(laptop, "old a", "new a", "old b", "new b") == ["old b", "new b"])
    }

    @Test func `what the share waits for is not there, until somebody has given it`() throws {
        var settings = HubCoreSettings()
        settings.shareSettle = 50
        settings.guardRule = MassChangeGuard(percent: 30, least: 2)
        let hub = try HubFixture(settings: settings)
        let laptop = try hub.join("laptop")
        for name in ["a", "b", "c"] { _ = try laptop.create(name, "of \(name)") }
        for name in ["a", "b"] { #expect(unlink(hub.directory.path("share/" + name)) == 0) }
        var held: [HeldMessage] = []
        try eventually("the deletions are held") {
            held = try hub.get("/v1/held", as: [HeldMessage].self)
            return !held.isEmpty
        }
        #expect(try holds(laptop, "of a", "of b", "of c") == ["of c"])
        for batch in held { _ = try hub.post("/v1/reject", HeldRequest(id: batch.id), as: HeldResponse.self) }
        #expect(try holds(laptop, "of a", "of b", "of c") == ["of c"])
        let key = ContentKey(sha256: content("of a").digest.hex, size: 4)
        try eventually("it is wanted") { try laptop.changes(since: 0).wanted?.contains(key) == true }
        _ = try hub.post(
            "/v1/offer", OfferRequest(content: key, staged: laptop.stage("of a")), token: laptop.token,
            as: EmptyResponse.self)
        #expect(try holds(laptop, "of a", "of b", "of c") == ["of a", "of c"])
        #expect(hub.directory.text("share/a") == "of a")
    }

    @Test(arguments: [ProtectSetting.off, .copy])
    func `a client of a part hears of what that part has and had`(_ protect: ProtectSetting) throws {
        var settings = HubCoreSettings()
        (settings.protect, settings.busyFrom) = (protect, 0)
        let hub = try HubFixture(settings: settings)
        let laptop = try hub.join("laptop")
        let outcome = try laptop.commit(
            laptop.operation(
                .create(in: .node(.root), name: try Name("photos"), content: .directory(Mode(0o755)))))
        let photos = try #require(outcome[0].applied)
        _ = try laptop.create("private", "outside")
        let gone = try #require(try laptop.create("private, too", "outside, once").applied)
        _ = try laptop.edit(gone, "outside, now")
        _ = try laptop.create("inside", "inside", in: photos.id)
        let edited = try #require(try laptop.create("edited", "inside, once", in: photos.id).applied)
        _ = try laptop.edit(edited, "inside, now")
        let deleted = try #require(try laptop.create("deleted", "inside, deleted", in: photos.id).applied)
        _ = try laptop.commit(
            laptop.operation(
                .delete(deleted.id, contentBase: deleted.contentVersion, locationBase: deleted.locationVersion)))
        let invite = try hub.post(
            "/v1/invite", InviteRequest(client: "frame", subtree: "photos"), as: InviteResponse.self
        ).invite!
        let token = try hub.join(invite).token
        let hello = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "frame-1"), token: token, as: HelloResponse.self)
        let frame = TestClient(hub: hub, name: "frame", token: token, epoch: hello.epoch)
        // What is outside lies in versions/ then, too, and was never displaced.
        if protect == .copy {
            try eventually("all is kept") {
                let count = try hub.journal().countCurrent()
                return count.all == count.kept
            }
            #expect(try hub.journal().hasVersion(content("outside").digest))
        }
        let inside = ["inside", "inside, once", "inside, now", "inside, deleted"]
        #expect(
            try holds(
                frame, "inside", "inside, once", "inside, now", "inside, deleted", "outside", "outside, once",
                "outside, now") == inside)
        #expect(try holds(laptop, "outside", "outside, once") == ["outside", "outside, once"])

        // Whoever has that name later, with another part, was told of nothing.
        _ = try laptop.commit(
            laptop.operation(.create(in: .node(.root), name: try Name("music"), content: .directory(Mode(0o755)))))
        _ = try hub.post("/v1/revoke", ClientRequest(client: "frame"), as: ClientsTouchedResponse.self)
        let second = try hub.post(
            "/v1/invite", InviteRequest(client: "frame", subtree: "music"), as: InviteResponse.self
        ).invite!
        let newToken = try hub.join(second).token
        let newHello = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "frame-2"), token: newToken, as: HelloResponse.self)
        let next = TestClient(hub: hub, name: "frame", token: newToken, epoch: newHello.epoch)
        let stolen = try next.commit(
            next.operation(
                .create(in: .node(.root), name: Name("stolen"), content: .file(content("inside, once"))), .known))[0]
        #expect(stolen == .contentMissing)
    }
}
