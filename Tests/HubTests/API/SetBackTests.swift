import ControlAPI
import Journal
import SyncCore
import Testing

@testable import Hub

/// Indexes and journals that were set back.
struct SetBackTests {
    private func hello(
        _ client: TestClient, next: Int64?, generation: String? = nil, since: Int64? = nil, chain: String? = nil
    )
        throws -> HelloResponse
    {
        try client.hub.post(
            "/v1/hello",
            HelloRequest(
                version: "1", generation: generation ?? "\(client.name)-1", since: since, chain: chain, next: next),
            token: client.token, as: HelloResponse.self)
    }

    @Test func `a client whose next number was used is told that its index was set back, and nothing else happens`()
        throws
    {
        let hub = try HubFixture()
        let desk = try hub.join("desk")
        _ = try desk.create("a", "a")
        _ = try desk.create("b", "b")
        try desk.report(cursor: 2, barrier: 0)
        #expect(try !hello(desk, next: 3).setBack)
        #expect(try hello(desk, next: 2).setBack)
        #expect(hub.core.inspect { $0.clients["desk"]?.record.cursor } == Sequence(2))
        #expect(try !hello(desk, next: 2, generation: "desk-2").setBack)
        // Also after a restart, when the outcomes are forgotten.
        _ = try hub.post(
            "/v1/commit",
            CommitRequest(epoch: desk.epoch, generation: "desk-1", acknowledged: 2, operations: []), token: desk.token,
            as: CommitResponse.self)
        try hub.restart()
        #expect(try hello(desk, next: 2).setBack)
        let error = #expect(throws: ErrorMessage.self) { try hello(desk, next: 0) }
        #expect(error?.code == .badValue)
    }

    @Test func `another operation under a used number is refused as an index that was set back`() throws {
        let hub = try HubFixture()
        let desk = try hub.join("desk")
        var message = try desk.creation("a", "a")
        let number = message.number
        _ = try desk.commit(message)
        message = try desk.creation("b", "b")
        message.number = number
        let error = #expect(throws: ErrorMessage.self) { try desk.commit(message) }
        #expect(error?.code == .indexSetBack)
        #expect(hub.shareNames() == ["a"])
    }

    @Test func `the answer to a commit tells where the history is, and a journal without that place is not known`()
        throws
    {
        let hub = try HubFixture()
        let desk = try hub.join("desk")
        let answer = try hub.post(
            "/v1/commit", desk.request([desk.creation("a", "a")]), token: desk.token, as: CommitResponse.self)
        let chain = try #require(answer.chain)
        #expect(answer.head == 1)
        #expect(try desk.changes(since: 0).chain == chain)
        #expect(try hello(desk, next: 2, since: 1, chain: chain).known)
        #expect(try !hello(desk, next: 2, since: 1, chain: String(chain.reversed())).known)
    }

    @Test func `what is there already needs no bytes, in directories of the same commit too`() throws {
        let hub = try HubFixture()
        let desk = try hub.join("desk")
        let directory = try #require(
            try desk.commit(
                desk.operation(.create(in: .node(.root), name: Name("d"), content: .directory(Mode(0o755)))))[0]
                .applied)
        _ = try desk.create("f", "f", in: directory.id)
        let laptop = try hub.join("laptop")
        let made = laptop.operation(.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o700))))
        let inside = laptop.operation(
            .create(
                in: .created(by: OperationID(generation: "laptop-1", number: made.number)), name: try Name("f"),
                content: .file(content("f"))), .staged(file: "nowhere", offset: 0))
        let outcomes = try laptop.commit(made, inside)
        guard case .merged = outcomes[0], case .merged = outcomes[1] else {
            Issue.record("\(outcomes)")
            return
        }
    }
}
