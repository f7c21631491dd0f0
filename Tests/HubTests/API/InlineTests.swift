import ControlAPI
import Glibc
import HTTPClient
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Small contents that travel in a message itself, and clients that lie about them.
struct InlineTests {
    private func creation(_ client: TestClient, _ name: String, _ promised: String, sending bytes: String? = nil) throws
        -> OperationMessage
    {
        client.operation(
            .create(in: .node(.root), name: try Name(name), content: .file(content(promised))),
            .inline(Array((bytes ?? promised).utf8)))
    }

    private func refusal(_ client: TestClient, _ operations: [OperationMessage]) throws -> ErrorCode {
        let reply = client.hub.send(
            "POST", "/v1/commit", token: client.token, body: WireFormat.encode(client.request(operations)))
        return try WireFormat.decode(ErrorMessage.self, from: reply.body).code
    }

    @Test func `bytes in the request are committed as staged ones are`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        #expect(try laptop.commit(creation(laptop, "a", "hello"))[0].applied?.content == .file(content("hello")))
        #expect(hub.directory.text("share/a") == "hello")
        // The same bytes a second time need not be sent again, in the same request either.
        let two = try laptop.commit(
            creation(laptop, "b", "twice"),
            laptop.operation(.create(in: .node(.root), name: Name("c"), content: .file(content("twice"))), .known))
        #expect(two.allSatisfy { $0.applied != nil })
        #expect(hub.directory.text("share/b") == "twice" && hub.directory.text("share/c") == "twice")
        #expect(hub.directory.names(in: ".synchub/incoming").isEmpty)
    }

    @Test(arguments: ["hell", "hello!", "hellu", ""])
    func `bytes that are not what was promised are missing, and nothing of them is seen`(sent: String) throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        #expect(try laptop.commit(creation(laptop, "a", "hello", sending: sent)) == [.contentMissing])
        #expect(hub.shareNames().isEmpty)
        #expect(hub.directory.names(in: ".synchub/incoming").isEmpty)
        #expect(try hub.get("/v1/status", as: StatusResponse.self).hub.files == 0)
    }

    @Test func `as much as a request may bring along is taken, and a byte more refused`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let most = Int(InlineContents.most / InlineContents.largest)
        let texts = (0..<most).map { String(repeating: "\($0 % 10)", count: Int(InlineContents.largest)) }
        let fitting = try texts.map { try creation(laptop, "f\($0.prefix(1))", $0) }
        #expect(try refusal(laptop, fitting + [creation(laptop, "more", "x")]) == .tooLarge)
        #expect(hub.shareNames().isEmpty)
        #expect(try refusal(laptop, [creation(laptop, "long", texts[0] + "x")]) == .badValue)
        let request = try laptop.request(texts.map { try creation(laptop, "f\($0.prefix(1))", $0) })
        let answer = try hub.post("/v1/commit", request, token: laptop.token, as: CommitResponse.self)
        #expect(answer.outcomes.allSatisfy { $0.result == .applied })
        #expect(hub.shareNames().count == most)
    }

    /// Commits creations whose bytes lie behind the request.
    private func commit(
        _ client: TestClient, _ wanted: [(name: String, text: String, offset: Int64)], behind: String?
    ) throws -> CommitResponse {
        let request = client.request(
            try wanted.map {
                client.operation(
                    .create(in: .node(.root), name: try Name($0.name), content: .file(content($0.text))),
                    .behind(offset: $0.offset))
            })
        let body = behind.map { MessageWithBytes.encode(request, Array($0.utf8)) } ?? WireFormat.encode(request)
        let reply = client.hub.send(
            "POST", "/v1/commit", token: client.token, body: body,
            type: behind == nil ? "application/json" : MessageWithBytes.contentType)
        return try WireFormat.decode(CommitResponse.self, from: reply.body)
    }

    @Test func `bytes behind the request are committed as staged ones are`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let answer = try commit(laptop, [("a", "hello", 0), ("b", "other", 5)], behind: "helloother")
        #expect(answer.outcomes.allSatisfy { $0.result == .applied })
        #expect(hub.directory.text("share/a") == "hello" && hub.directory.text("share/b") == "other")
        #expect(hub.directory.names(in: ".synchub/incoming").isEmpty)
    }

    @Test func `bytes behind the request that are others, or not there, are missing`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let wanted: [(String, String, Int64)] = [
            ("a", "hello", 1), ("b", "hello", 6), ("c", "hello", .max), ("d", "hello", 5),
        ]
        let answer = try commit(laptop, wanted, behind: "helloworld")
        #expect(answer.outcomes.allSatisfy { $0.result == .contentMissing })
        // A request that is repeated comes alone; then they are asked for, too.
        #expect(try commit(laptop, [("a", "hello", 0)], behind: nil).outcomes.map(\.result) == [.contentMissing])
        #expect(hub.shareNames().isEmpty)
        #expect(hub.directory.names(in: ".synchub/incoming").isEmpty)
    }

    @Test func `a repeated request gets its outcomes without the bytes`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let request = laptop.request([
            laptop.operation(
                .create(in: .node(.root), name: try Name("a"), content: .file(content("hello"))), .behind(offset: 0))
        ])
        func send(_ body: [UInt8], _ type: String) throws -> [OutcomeMessage.Result] {
            let reply = hub.send("POST", "/v1/commit", token: laptop.token, body: body, type: type)
            return try WireFormat.decode(CommitResponse.self, from: reply.body).outcomes.map(\.result)
        }
        let body = MessageWithBytes.encode(request, Array("hello".utf8))
        #expect(try send(body, MessageWithBytes.contentType) == [.applied])
        #expect(try send(WireFormat.encode(request), "application/json") == [.applied])
    }

    @Test func `what is no base64 is refused by name`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        var message = try creation(laptop, "a", "hello")
        message.source?.inline = "aGVsbG8"  // without its padding
        #expect(try refusal(laptop, [message]) == .badValue)
        #expect(hub.shareNames().isEmpty)
    }

    private func contents(_ client: TestClient, since: Int64, inline: Bool = true) throws -> [InlineContent]? {
        try client.hub.get(
            client.changesPath(since: since, wait: 0) + (inline ? "&inline=1" : ""), token: client.token,
            as: ChangesResponse.self
        ).contents
    }

    @Test func `a small change comes with its bytes to who asks for them and has not made it`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        _ = try laptop.create("a", "hello")
        #expect(try contents(desk, since: 0) == [InlineContent(content("hello").digest, Array("hello".utf8))])
        #expect(try contents(desk, since: 0, inline: false) == nil)
        #expect(try contents(laptop, since: 0) == nil)
    }

    @Test func `many changes, and large contents, come without`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        _ = try laptop.create("large", String(repeating: "x", count: Int(InlineContents.largest) + 1))
        #expect(try contents(desk, since: 0) == nil)
        for number in 0..<9 { _ = try laptop.create("f\(number)", "\(number)") }
        #expect(try contents(desk, since: 1) == nil)
        #expect(try contents(desk, since: 2)?.count == 8)
    }

    @Test func `what somebody has taken out of the share meanwhile is left out`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        _ = try laptop.create("a", "hello")
        unlink(hub.directory.path("share/a"))
        #expect(try contents(desk, since: 0)?.isEmpty ?? true)
    }

    @Test func `a content in a message has the size that it should have, or is none`() {
        let content = InlineContent(.empty, Array("hello".utf8))
        #expect(content.bytes(of: 5) == Array("hello".utf8))
        #expect(content.bytes(of: 4) == nil)
        #expect(content.bytes(of: 6) == nil)
        let long = [UInt8](repeating: 0, count: Int(InlineContents.largest) + 1)
        #expect(InlineContent(.empty, long).bytes(of: Int64(long.count)) == nil)
        #expect(InlineContents.fit([InlineContents.largest, 1]))
        #expect(!InlineContents.fit([InlineContents.largest + 1]))
        #expect(!InlineContents.fit([Int64](repeating: InlineContents.largest, count: 5)))
    }
}
