import ControlAPI
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Small new files come behind the page that tells of them.
struct BehindTests {
    private let hub: HubFixture
    private let laptop: TestClient
    private let desk: TestClient

    init() throws {
        var settings = HubCoreSettings()
        settings.packMemory = 8 << 20
        hub = try HubFixture(settings: settings)
        laptop = try hub.join("laptop")
        desk = try hub.join("desk")
    }

    /// A page, and the bytes that came with each of its nodes that has some.
    private func page(
        _ client: TestClient, since: Int64 = 0, behind: Int = 1 << 20
    ) throws -> (page: ChangesResponse, texts: [String: String]) {
        let reply = hub.send(
            "GET", client.changesPath(since: since, wait: 0) + "&inline=1&behind=\(behind)", token: client.token)
        guard reply.headers["content-type"] == MessageWithBytes.contentType else {
            return (try WireFormat.decode(ChangesResponse.self, from: reply.body), [:])
        }
        let (page, start) = try MessageWithBytes.decode(ChangesResponse.self, from: reply.body)
        let bytes = BytesBehind(body: reply.body, start: start)
        var texts: [String: String] = [:]
        var offset: Int64 = 0
        for index in try #require(page.behind) {
            let size = try #require(page.nodes[index].content.size)
            texts[page.nodes[index].name] = String(
                decoding: try #require(bytes.bytes(at: offset, count: size)), as: UTF8.self)
            offset += size
        }
        #expect(Int64(reply.body.count - start) == offset)
        return (page, texts)
    }

    /// More than go along in the page itself.
    private func createMany(_ count: Int = 12) throws {
        for number in 0..<count { _ = try laptop.create("f\(number)", "text \(number)") }
    }

    @Test func `new files of others come with their bytes to who asks for that`() throws {
        try createMany()
        let (page, texts) = try page(desk)
        #expect(page.nodes.count == 12 && page.contents == nil)
        #expect(texts == Dictionary(uniqueKeysWithValues: (0..<12).map { ("f\($0)", "text \($0)") }))
        #expect(try desk.changes(since: 0).behind == nil)
        #expect(try self.page(laptop).texts.isEmpty)
    }

    @Test func `what is kept in versions while it is current comes too`() throws {
        try hub.restart(protect: .copy)
        try createMany()
        try eventually("all is kept") { try hub.journal().countCurrent().kept == 12 }
        #expect(try page(desk).texts.count == 12)
    }

    @Test func `what has no room comes with the next page`() throws {
        try createMany()
        let (first, texts) = try page(desk, behind: 22)
        #expect(texts.keys.sorted() == ["f0", "f1", "f2"])
        #expect(first.nodes.count == 3 && first.through == 3 && first.head == 12)
        #expect(try page(desk, since: first.through, behind: 22).texts.keys.sorted() == ["f3", "f4", "f5"])
        // One that never has room is told of without its bytes.
        #expect(try page(desk, behind: 3).page.nodes.count == 12)
    }

    @Test func `bytes that the client had, or has twice, come once or not at all`() throws {
        _ = try laptop.create("old", "text 3")
        try createMany()
        _ = try laptop.create("twin", "text 5")
        let texts = try page(desk, since: 1).texts
        #expect(texts["f3"] == nil && texts["twin"] == nil && texts["f5"] == "text 5")
        #expect(texts.count == 11)
    }

    @Test func `edits, moves and what lies in versions are fetched`() throws {
        let edited = try #require(try laptop.create("edited", "first").applied)
        let gone = try #require(try laptop.create("gone", "text 3").applied)
        _ = try laptop.edit(edited, "text 4")
        _ = try laptop.commit(
            laptop.operation(
                .delete(gone.id, contentBase: gone.contentVersion, locationBase: gone.locationVersion)))
        try createMany()
        let texts = try page(desk).texts
        #expect(texts["edited"] == nil && texts["f3"] == nil && texts["f4"] == "text 4")
    }

    @Test func `a file that is another in the share is told of without its bytes`() throws {
        try createMany()
        hub.directory.write("something else by now", to: "share/f7")
        let (page, texts) = try page(desk)
        #expect(page.nodes.count == 12 && texts.count == 11 && texts["f7"] == nil)
    }
}
