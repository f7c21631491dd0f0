import ControlAPI
import SyncCore
import Testing

@testable import Hub

/// POST /v1/history.
struct HistoryTests {
    private let hub: HubFixture
    private let laptop: TestClient

    init() throws {
        hub = try HubFixture()
        laptop = try hub.join("laptop")
    }

    private func history(_ path: String, limit: Int? = nil) throws -> [HistoryMessage] {
        try hub.post(
            "/v1/history", HistoryRequest(path: path, limit: limit), token: laptop.token, as: [HistoryMessage].self)
    }

    private func delete(_ node: Node) throws {
        _ = try laptop.commit(
            laptop.operation(.delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion)))
    }

    @Test func `a path is told with each content, the newest last, and kept is what has just been displaced`() throws {
        let one = try #require(try laptop.create("a", "one").applied)
        let two = try #require(try laptop.edit(one, "number two").applied)
        let told = try history("a")
        #expect(told.map(\.state) == [.kept, .current] && told.map(\.change) == ["create", "edit"])
        #expect(told.map(\.version) == [1, 2] && told.map(\.seq) == [one.seq.rawValue, two.seq.rawValue])
        #expect(told.map(\.size) == [3, 10] && told.map(\.client) == ["laptop", "laptop"])
        #expect(told.map(\.sha256) == [content("one"), content("number two")].map { $0.digest.hex })
        #expect(told.allSatisfy { $0.mtime == "2023-11-14T22:13:20Z" && Timestamp.parse($0.at) != nil })
        #expect(try history("a", limit: 1) == [told[1]])
        try delete(two)
        #expect(try history("a").map(\.state) == [.kept, .kept, .deleted])
        // A directory has no bytes, and is known as it was.
        _ = try laptop.commit(
            laptop.operation(.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755)))))
        let directory = try #require(try history("d").first)
        #expect(directory.kind == "directory" && directory.sha256 == nil && directory.mtime == nil)
    }

    @Test func `a name that is not UTF-8 comes with its bytes`() throws {
        _ = try laptop.commit(
            laptop.operation(
                .create(in: .node(.root), name: try Name([0x61, 0xFF]), content: .directory(Mode(0o755)))))
        let told = try #require(try history(#"a\xff"#).first)
        #expect(told.path == #"a\xff"# && told.pathB64 == "Yf8=")
    }

    @Test(arguments: [
        (#"{"path":"never"}"#, 404, ErrorCode.unknownPath), (#"{"path":""}"#, 404, .unknownPath),
        (#"{"path":"a/../b"}"#, 400, .badName), (#"{"path":"a","limit":0}"#, 400, .badValue),
        (#"{"path":"a","limit":1001}"#, 400, .badValue), (#"{"limit":1}"#, 400, .missingField),
    ])
    func `what never was, and what is no question, is refused`(json: String, status: Int, code: ErrorCode) throws {
        let reply = hub.send("POST", "/v1/history", token: laptop.token, json: json)
        #expect(reply.status == status)
        #expect(try WireFormat.decode(ErrorMessage.self, from: reply.body).code == code)
    }

    @Test func `a client of a part keeps the history of what was deleted in it, and learns of nothing before`() throws {
        func make(_ name: String) throws -> Node {
            try #require(
                try laptop.commit(
                    laptop.operation(
                        .create(in: .node(.root), name: try Name(name), content: .directory(Mode(0o755)))))[0].applied)
        }
        let (photos, other) = (try make("photos"), try make("private"))
        let invite = try #require(
            try hub.post("/v1/invite", InviteRequest(client: "frame", subtree: "photos"), as: InviteResponse.self)
                .invite)
        let token = try hub.join(invite).token
        _ = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "frame-1"), token: token, as: HelloResponse.self)
        func asked(_ path: String) -> [HistoryMessage]? {
            try? hub.post("/v1/history", HistoryRequest(path: path), token: token, as: [HistoryMessage].self)
        }
        try delete(try #require(try laptop.create("x", "x", in: photos.id).applied))
        #expect(asked("photos/x")?.map(\.state) == [.kept, .deleted])
        let came = try #require(try laptop.create("secret", "came", in: other.id).applied)
        let moved = try #require(
            try laptop.commit(
                laptop.operation(
                    .move(came.id, base: came.locationVersion, to: .node(photos.id), name: try Name("seen"))))[0]
                .applied)
        #expect(asked("photos/seen")?.map(\.path) == ["photos/seen"])
        _ = try laptop.edit(moved, "edited")
        #expect(asked("photos/seen")?.map { "\($0.path) \($0.change)" } == ["photos/seen edit"])
        #expect(asked("private/secret") == nil)
    }
}
