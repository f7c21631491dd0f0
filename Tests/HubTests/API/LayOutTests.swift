import ControlAPI
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
                epoch: epoch ?? client.epoch, node: node.id.rawValue, sha256: content(text).digest.hex),
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
        #expect(hub.directory.text("share/a") == "one")
    }

    @Test func `what changed or moved on, or was changed in the share, is not laid out`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        #expect(code { try layOut(laptop, node, "two") } == .unknownPath)
        let unknown = Node(id: NodeID(99), location: node.location, content: node.content)
        #expect(code { try layOut(laptop, unknown, "one") } == .unknownPath)
        #expect(code { try layOut(laptop, node, "one", epoch: "another") } == .otherEpoch)
        hub.directory.write("two", to: "share/a")
        #expect(code { try layOut(laptop, node, "one") } == .unknownPath)
        #expect(hub.shareNames() == ["a"])
        // Only what the creation had uploaded.
        let staged = FleetFolder(hub.directory.path("staging/laptop")).names()
        #expect(staged.allSatisfy { $0.description.hasPrefix("pack-") })
    }
}
