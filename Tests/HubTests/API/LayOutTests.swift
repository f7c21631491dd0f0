import ControlAPI
import HTTPClient
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What SFTP cannot name is laid out where the client can read it.
struct LayOutTests {
    private func layOut(_ client: TestClient, _ node: Node, _ text: String, epoch: String? = nil) throws
        -> LayOutResponse
    {
        try client.hub.post(
            "/v1/layout",
            LayOutRequest(
                epoch: epoch ?? client.epoch, items: [.init(node: node.id.rawValue, sha256: content(text).digest.hex)]),
            token: client.token, as: LayOutResponse.self)
    }

    private func code(_ body: () throws -> LayOutResponse) -> ErrorCode? {
        do { _ = try body() } catch { return (error as? ErrorMessage)?.code }
        return nil
    }

    @Test func `a file of the share is copied into the staging of who asks for its bytes`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        let answer = try layOut(laptop, node, "one")
        #expect(hub.directory.text("staging/laptop/\(answer.file)") == "one")
        #expect(answer.offsets == [0])
        #expect(hub.directory.text("share/a") == "one")
    }

    @Test func `many are laid out one after the other, without those that are others now`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let texts = ["one", "second", "", "fourth"]
        let nodes = try texts.map { try #require(try laptop.create("file-\($0)", $0).applied) }
        hub.directory.write("others", to: "share/file-second")
        hub.directory.write("longer than it was", to: "share/file-fourth")
        let items = zip(nodes, texts).map {
            LayOutRequest.Item(node: $0.id.rawValue, sha256: content($1).digest.hex)
        }
        let answer = try hub.post(
            "/v1/layout", LayOutRequest(epoch: laptop.epoch, items: items), token: laptop.token,
            as: LayOutResponse.self)
        // Equal in size, so that only its digest tells: who fetches it compares that.
        #expect(hub.directory.text("staging/laptop/\(answer.file)") == "oneothers")
        #expect(answer.offsets == [0, 3, 9, -1])
    }

    @Test func `a pack lies in memory for who can read it there, as far as there is room`() throws {
        var settings = HubCoreSettings()
        settings.packMemory = 8
        let hub = try HubFixture(settings: settings)
        defer { hub.core.stop() }
        let laptop = try hub.join("laptop")
        let items = try ["one", "four"].map {
            LayOutRequest.Item(
                node: try #require(try laptop.create("file-\($0)", $0).applied).id.rawValue,
                sha256: content($0).digest.hex)
        }
        func ask(anywhere: Bool) throws -> LayOutResponse {
            try hub.post(
                "/v1/layout", LayOutRequest(epoch: laptop.epoch, items: items, anywhere: anywhere), token: laptop.token,
                as: LayOutResponse.self)
        }
        #expect(try ask(anywhere: true).directory == nil)
        let own = try #require(PackMemory.directory(of: ClientName("laptop"), root: hub.layout.root))
        #expect(try ask(anywhere: false).directory == nil)
        let answer = try ask(anywhere: true)
        #expect(answer.directory == own)
        #expect(answer.offsets == [0, 3])
        #expect(try HubFile.read("\(own)/\(answer.file)") == "onefour")
        // The first one lies there still.
        #expect(try ask(anywhere: true).directory == nil)
        _ = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "laptop-1"), token: laptop.token,
            as: HelloResponse.self)
        #expect(try ask(anywhere: true).directory == own)
    }

    @Test func `a pack comes behind the answer for who can take it so, while memory is given for packs`() throws {
        var settings = HubCoreSettings()
        settings.packMemory = 1 << 20
        let hub = try HubFixture(settings: settings)
        defer { hub.core.stop() }
        let laptop = try hub.join("laptop")
        let items = try makeItems(laptop, ["one", "four"])
        let reply = askBehind(laptop, items)
        #expect(reply.headers["content-type"] == MessageWithBytes.contentType)
        let (message, start) = try MessageWithBytes.decode(LayOutResponse.self, from: reply.body)
        #expect(message.offsets == [0, 3])
        #expect(Array(reply.body[start...]) == Array("onefour".utf8))
        // Of what is others now, nothing comes.
        hub.directory.write("longer than it was", to: "share/file-one")
        let rest = try MessageWithBytes.decode(LayOutResponse.self, from: askBehind(laptop, items).body)
        #expect(rest.message.offsets == [-1, 0])
    }

    @Test func `a hub that gives no memory for packs lays out a file, whatever is asked`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let reply = askBehind(laptop, try makeItems(laptop, ["one", "four"]))
        let answer = try WireFormat.decode(LayOutResponse.self, from: reply.body)
        #expect(hub.directory.text("staging/laptop/\(answer.file)") == "onefour")
    }

    private func makeItems(_ client: TestClient, _ texts: [String]) throws -> [LayOutRequest.Item] {
        try texts.map { text in
            let node = try #require(try client.create("file-\(text)", text).applied)
            return LayOutRequest.Item(node: node.id.rawValue, sha256: content(text).digest.hex)
        }
    }

    private func askBehind(_ client: TestClient, _ items: [LayOutRequest.Item]) -> HTTPReply {
        let request = LayOutRequest(epoch: client.epoch, items: items, behind: true)
        return client.hub.send("POST", "/v1/layout", token: client.token, body: WireFormat.encode(request))
    }

    @Test func `more than a pack may hold is refused with what to do`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        let item = LayOutRequest.Item(node: node.id.rawValue, sha256: content("one").digest.hex)
        let items = [LayOutRequest.Item](repeating: item, count: LayOutRequest.limit + 1)
        #expect(
            code {
                try hub.post(
                    "/v1/layout", LayOutRequest(epoch: laptop.epoch, items: items), token: laptop.token,
                    as: LayOutResponse.self)
            } == .tooLarge)
    }

    @Test func `what a broken connection left laid out is gone with the next hello, uploads are not`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        let answer = try layOut(laptop, node, "one")
        hub.directory.write("begun", to: "staging/laptop/pack-begun")
        _ = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "laptop-1"), token: laptop.token,
            as: HelloResponse.self)
        #expect(hub.directory.text("staging/laptop/\(answer.file)") == nil)
        #expect(hub.directory.text("staging/laptop/pack-begun") == "begun")
    }

    @Test func `what changed or moved on, or was changed in the share, is not laid out`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        #expect(code { try layOut(laptop, node, "two") } == .unknownPath)
        let unknown = Node(id: NodeID(99), location: node.location, content: node.content)
        #expect(code { try layOut(laptop, unknown, "one") } == .unknownPath)
        #expect(code { try layOut(laptop, node, "one", epoch: "another") } == .otherEpoch)
        hub.directory.write("three", to: "share/a")
        #expect(code { try layOut(laptop, node, "one") } == .unknownPath)
        #expect(hub.shareNames() == ["a"])
        // Only what the creation had uploaded.
        let staged = FleetFolder(hub.directory.path("staging/laptop")).names()
        #expect(staged.allSatisfy { $0.description.hasPrefix("pack-") })
    }
}
