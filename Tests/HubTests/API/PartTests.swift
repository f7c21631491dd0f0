import ControlAPI
import HTTPClient
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// A client that maps a part of the share, and all the ways in which it could reach beyond that.
struct PartTests {
    /// A laptop that has everything, and a frame that has `photos`.
    private struct Part {
        let hub: HubFixture
        let laptop: TestClient
        let frame: TestClient
        /// As the laptop knows it.
        let photos: Node

        init() throws {
            hub = try HubFixture()
            laptop = try hub.join("laptop")
            photos = try Part.make("photos", laptop)
            let invite = try hub.post(
                "/v1/invite", InviteRequest(client: "frame", subtree: "photos"), as: InviteResponse.self
            ).invite!
            let token = try hub.join(invite).token
            let hello = try hub.post(
                "/v1/hello", HelloRequest(version: "1", generation: "frame-1"), token: token, as: HelloResponse.self)
            hub.directory.makeDirectory("staging/frame")
            frame = TestClient(hub: hub, name: "frame", token: token, epoch: hello.epoch)
        }

        static func make(_ name: String, _ client: TestClient, in parent: NodeID = .root) throws -> Node {
            let change = Change.create(in: .node(parent), name: try Name(name), content: .directory(Mode(0o755)))
            return try #require(try client.commit(client.operation(change))[0].applied)
        }

        func node(_ path: String) throws -> Node {
            try #require(try hub.journal().node(at: RelativePath(bytes: Array(path.utf8))))
        }
    }

    @Test func `an invite for a part lets nobody into more than that part`() throws {
        let part = try Part()
        _ = try Part.make("albums", part.laptop, in: part.photos.id)
        _ = try Part.make("other", part.laptop)
        let invite = try part.hub.post(
            "/v1/invite", InviteRequest(client: "guest", subtree: "photos"), as: InviteResponse.self
        ).invite!
        func join(_ subtree: String?) -> HTTPReply {
            let request = JoinRequest(publicKey: HubFixture.key(of: "guest"), subtree: subtree)
            return part.hub.send(
                "POST", "/v1/join", token: HubFixture.secret(of: invite), body: WireFormat.encode(request))
        }
        func reach() throws -> String? { try part.hub.journal().client(named: "guest")?.subtree?.path.description }
        for more in ["", "/", "//", "other", "photosx", "photos/..", "photos/../other", "."] {
            #expect([400, 403].contains(join(more).status), "\(more)")
            #expect(try part.hub.journal().client(named: "guest") == nil, "\(more)")
        }
        #expect(try WireFormat.decode(ErrorMessage.self, from: join("").body).message.contains("'photos' only"))
        #expect(join(nil).status == 200)
        #expect(try reach() == "photos")
        #expect(join("photos/albums").status == 200)
        #expect(try reach() == "photos/albums")
    }

    @Test(arguments: ["", "/"])
    func `an invite for a part that names none is refused`(_ nothing: String) throws {
        let hub = try HubFixture()
        for request in [
            InviteRequest(client: "guest", subtree: nothing),
            InviteRequest(client: "guest", sftpOnly: true, key: HubFixture.otherKey("B"), subtree: nothing),
        ] {
            let error = #expect(throws: ErrorMessage.self) {
                try hub.post("/v1/invite", request, as: InviteResponse.self)
            }
            #expect(error?.code == .badValue && error?.message.contains("whole share") == true)
        }
        #expect(try hub.journal().client(named: "guest") == nil)
    }

    @Test func `what has the name and the bytes of something at the top of the share arrives`() throws {
        let part = try Part()
        _ = try #require(try part.laptop.create("LICENSE", "same").applied)
        #expect(try part.frame.create("LICENSE", "same").applied != nil)
        #expect(part.hub.directory.text("share/photos/LICENSE") == "same")
    }

    @Test func `nothing is told of what lies at the top of the share, and nothing made of it`() throws {
        let part = try Part()
        _ = try #require(try part.laptop.create("secret", "the secret").applied)
        let guess = Change.create(in: .node(.root), name: try Name("secret"), content: .file(content("the secret")))
        #expect(try part.frame.commit(part.frame.operation(guess, .known)) == [.contentMissing])
        #expect(part.hub.shareNames("photos").isEmpty)
    }

    @Test func `a directory that was made in the part and moved out of it is out of reach by its operation too`() throws
    {
        let part = try Part()
        let made = part.frame.operation(
            .create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755))))
        let directory = try #require(try part.frame.commit(made)[0].applied)
        let mine = try #require(try part.frame.create("mine", "mine").applied)
        let inside = try part.node("photos/d")
        _ = try part.laptop.commit(
            part.laptop.operation(
                .move(directory.id, base: inside.locationVersion, to: .node(.root), name: try Name("private"))))
        #expect(part.hub.shareNames() == ["photos", "private"])
        let reference = ParentReference.created(by: OperationID(generation: "frame-1", number: made.number))
        let file = part.frame.stage("planted")
        let planted = part.frame.operation(
            .create(in: reference, name: try Name("planted"), content: .file(content("planted"))),
            .staged(file: file, offset: 0))
        let moved = part.frame.operation(
            .move(mine.id, base: mine.locationVersion, to: reference, name: try Name("planted")))
        let outcomes = try part.frame.commit(planted, moved)
        #expect(outcomes[0] == .refused(.orphaned, current: nil))
        guard case .refused(.orphaned, let current) = outcomes[1] else {
            Issue.record("it was \(outcomes[1])")
            return
        }
        #expect(current?.id == mine.id && current?.parent == .root)
        #expect(part.hub.shareNames("private").isEmpty)
        #expect(part.hub.shareNames("photos") == ["mine"])
    }

    @Test func `a directory that an earlier operation made in the part is reached by it`() throws {
        let part = try Part()
        let made = part.frame.operation(
            .create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755))))
        _ = try part.frame.commit(made)
        let reference = ParentReference.created(by: OperationID(generation: "frame-1", number: made.number))
        let file = part.frame.stage("a")
        let inside = part.frame.operation(
            .create(in: reference, name: try Name("a"), content: .file(content("a"))), .staged(file: file, offset: 0))
        #expect(try part.frame.commit(inside)[0].applied != nil)
        #expect(part.hub.directory.text("share/photos/d/a") == "a")
    }

    @Test func `a deleted file does not come back with old bytes of somebody else`() throws {
        let part = try Part()
        let secret = try #require(try part.laptop.create("secret", "the secret").applied)
        _ = try part.laptop.edit(secret, "another")
        let mine = try #require(try part.frame.create("mine", "mine").applied)
        let deletion = Change.delete(
            mine.id, contentBase: mine.contentVersion, locationBase: mine.locationVersion)
        _ = try part.frame.commit(part.frame.operation(deletion))
        try eventually("all that was displaced is written down as kept") {
            let journal = try part.hub.journal()
            return try journal.holds(.file(content("the secret"))) && journal.holds(.file(content("mine")))
        }
        func revive(_ text: String) throws -> Outcome {
            try part.frame.commit(
                part.frame.operation(
                    .edit(mine.id, base: mine.contentVersion, content: .file(content(text))), .known))[0]
        }
        #expect(try revive("the secret") == .contentMissing)
        #expect(part.hub.shareNames("photos").isEmpty)
        // Its own bytes it may have again; the laptop any that the hub has kept.
        #expect(try revive("mine").applied != nil)
        #expect(part.hub.directory.text("share/photos/mine") == "mine")
        let again = try part.node("photos/mine")
        _ = try part.laptop.commit(
            part.laptop.operation(
                .delete(again.id, contentBase: again.contentVersion, locationBase: again.locationVersion)))
        let revived = try part.laptop.commit(
            part.laptop.operation(
                .edit(again.id, base: again.contentVersion, content: .file(content("the secret"))), .known))
        #expect(revived[0].applied != nil)
        #expect(part.hub.directory.text("share/photos/mine") == "the secret")
    }
}
