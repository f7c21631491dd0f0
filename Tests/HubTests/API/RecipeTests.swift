import ControlAPI
import FileTree
import Glibc
import HTTPClient
import Processes
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Contents that the hub puts together, and what it says of how others are.
struct RecipeTests {
    private func recipe(_ bases: [String], _ numbers: [Int64]) throws -> Recipe {
        try Recipe(bases: bases.map { content($0).digest }, numbers: numbers)
    }

    private func edit(
        _ client: TestClient, _ node: Node, _ text: String, _ recipe: Recipe, new: String = "", offset: Int64 = 0
    ) throws -> Outcome {
        try client.commit(
            client.operation(
                .edit(node.id, base: node.contentVersion, content: .file(content(text))),
                .recipe(recipe, file: recipe.newBytes > 0 ? client.stage(new) : nil, offset: offset)))[0]
    }

    private func ask(_ client: TestClient, _ node: Node, _ sha256: String, _ have: [String]) throws -> RecipeResponse {
        try client.hub.post(
            "/v1/recipe",
            RecipeRequest(epoch: client.epoch, node: node.id.rawValue, sha256: sha256, have: have),
            token: client.token, as: RecipeResponse.self)
    }

    @Test func `a content is put together from what the hub has and what was staged`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one two three").applied)
        let changed = try edit(
            laptop, node, "one 2 three", recipe(["one two three"], [0, 0, 4, -1, 0, 1, 0, 7, 6]), new: "packed 2",
            offset: 7
        )
        let second = try #require(changed.applied)
        #expect(hub.directory.text("share/a") == "one 2 three")
        #expect(hub.directory.names(in: ".synchub/incoming").isEmpty)
        // From what lies in versions, with nothing new, and from two at once.
        let third = try #require(
            try edit(laptop, second, "two one", recipe(["one two three"], [0, 4, 4, 0, 0, 3])).applied)
        let both = try recipe(["two one", "one 2 three"], [0, 0, 4, 1, 4, 7])
        #expect(try edit(laptop, third, "two 2 three", both).applied != nil)
        #expect(hub.directory.text("share/a") == "two 2 three")
        _ = try hub.get("/v1/status", as: StatusResponse.self)
        #expect(hub.directory.names(in: "staging/laptop").isEmpty)
    }

    @Test func `a base that is not there, or not what it is called, makes the content missing`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one two three").applied)
        let lost = try edit(laptop, node, "one", recipe(["never"], [0, 0, 3]))
        #expect(lost == .contentMissing)
        // Beyond the end of the base, of the staged file, and ranges that give something else.
        #expect(try edit(laptop, node, "three!", recipe(["one two three"], [0, 8, 6])) == .contentMissing)
        #expect(
            try edit(laptop, node, "one 2", recipe(["one two three"], [0, 0, 4, -1, 0, 1]), offset: 9)
                == .contentMissing)
        #expect(try edit(laptop, node, "two", recipe(["one two three"], [0, 0, 3])) == .contentMissing)
        // Somebody has written to the share, and nobody has looked at it yet.
        hub.directory.write("ONE TWO THREE", to: "share/a")
        #expect(try edit(laptop, node, "one", recipe(["one two three"], [0, 0, 3])) == .contentMissing)
        #expect(hub.directory.names(in: ".synchub/incoming").isEmpty)
    }

    @Test func `a recipe that was followed is told to who has its bases, and the chunks to who has something else`()
        throws
    {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        var random = SeededRandom(seed: 1)
        let old = String((0..<300_000).map { _ in "abcdefghijklmnop".randomElement(using: &random)! })
        let new = old + "!"
        let node = try #require(try laptop.create("a", old).applied)
        let grown = try recipe([old], [0, 0, 300_000, -1, 0, 1])
        let edited = try #require(try edit(laptop, node, new, grown, new: "!").applied)
        let (was, now) = (content(old).digest.hex, content(new).digest.hex)
        #expect(try ask(laptop, edited, now, [was]).recipe == RecipeMessage(grown))
        #expect(try ask(laptop, edited, now, []).recipe == RecipeMessage(grown))
        let other = try ask(laptop, edited, now, [content("other").digest.hex])
        #expect(other.recipe == nil)
        let bytes = try #require(other.list.flatMap { Base64.bytes($0) })
        let list = try #require(ChunkList(encoded: bytes, size: 300_001))
        #expect(list.chunks.count > 3)
        // The second time it is known, and it is the same.
        #expect(try ask(laptop, edited, now, [content("other").digest.hex]) == other)
        try hub.restart()
        #expect(try ask(laptop, edited, now, [was]).recipe == RecipeMessage(grown))
    }

    // MARK: - Holes

    /// A file of zeros with so many bytes after them, as a client stages one.
    private func stageSparse(_ client: TestClient, _ name: String, zeros: Int, _ text: String) throws {
        let path = client.hub.directory.path("staging/\(client.name)/\(name)")
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        defer { close(descriptor) }
        try #require(pwrite(descriptor, text, text.utf8.count, zeros) == text.utf8.count)
    }

    /// In bytes.
    private func room(_ hub: HubFixture, _ path: String) -> Int64 {
        var status = stat()
        return lstat(hub.directory.path(path), &status) == 0 ? Int64(status.st_blocks) * 512 : -1
    }

    @Test func `a large file with holes keeps them when it is edited, copied and taken out of a pack`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let zeros = 8 << 20
        let (old, new) = (
            String(repeating: "\0", count: zeros) + "end", String(repeating: "\0", count: zeros) + "!end"
        )
        try stageSparse(laptop, "large", zeros: zeros, "end")
        func create(_ name: String, _ source: ContentSource) throws -> Node {
            try #require(
                try laptop.commit(
                    laptop.operation(
                        .create(in: .node(.root), name: Name(name), content: .file(content(old))), source))[0].applied)
        }
        let node = try create("a", .staged(file: "large", offset: 0))
        #expect(room(hub, "share/a") < 1 << 20)
        let size = Int64(zeros)
        let edited = try edit(laptop, node, new, recipe([old], [0, 0, size, -1, 0, 1, 0, size, 3]), new: "!")
        #expect(edited.applied != nil)
        #expect(room(hub, "share/a") < 1 << 20)
        // From what lies in `versions/` now.
        _ = try create("b", .known)
        #expect(room(hub, "share/b") < 1 << 20)
        try stageSparse(laptop, "pack", zeros: zeros, "end and more")
        _ = try create("c", .staged(file: "pack", offset: 0))
        #expect(room(hub, "share/c") < 1 << 20)
        #expect(hub.directory.text("share/a") == new && hub.directory.text("share/c") == old)
    }

    // MARK: - Long reads

    @Test func `a commit is answered while others have long files read`() throws {
        var settings = HubCoreSettings()
        settings.verifiers = 1
        let hub = try HubFixture(settings: settings)
        let gate = ReadingGate(hub)
        // Whatever happens below, nobody waits for it.
        defer { gate.open() }
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        let files = try ["one", "two", "three"].map { try #require(try laptop.create($0, $0).applied) }
        try stageSparse(laptop, "large", zeros: Int(LayOutRequest.largest), "!")
        let long = String(repeating: "\0", count: Int(LayOutRequest.largest)) + "!"
        let large = try #require(
            try laptop.commit(
                laptop.operation(
                    .create(in: .node(.root), name: Name("large"), content: .file(content(long))),
                    .staged(file: "large", offset: 0)))[0].applied)
        let layOut = LayOutRequest(
            epoch: laptop.epoch, items: [.init(node: large.id.rawValue, sha256: content(long).digest.hex)])
        let laid = hub.later(
            "POST", "/v1/layout", token: laptop.token, body: WireFormat.encode(layOut), as: LayOutResponse.self)
        let asked = zip(files, ["one", "two", "three"]).map { node, text in
            let request = RecipeRequest(
                epoch: laptop.epoch, node: node.id.rawValue, sha256: content(text).digest.hex,
                have: [content("other").digest.hex])
            return hub.later(
                "POST", "/v1/recipe", token: laptop.token, body: WireFormat.encode(request), as: RecipeResponse.self)
        }
        #expect(gate.isReached(by: 2))
        let edit = hub.later(
            "POST", "/v1/commit", token: desk.token,
            body: WireFormat.encode(desk.request([try desk.creation("note", "short")])), as: CommitResponse.self)
        let answer = try #require(edit.value(), "the commit waits for what others have read")
        #expect(try answer.get().outcomes[0].outcome().applied != nil)
        #expect(!laid.isDone && asked.allSatisfy { !$0.isDone })
        gate.open()
        _ = try #require(laid.value()).get()
        for later in asked { #expect(try #require(later.value()).get().list != nil) }
    }

    @Test func `chunks are not told of a file that is another one now`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        hub.directory.write("two", to: "share/a")
        #expect(throws: ErrorMessage.self) {
            try ask(laptop, node, content("one").digest.hex, [content("other").digest.hex])
        }
        #expect(throws: ErrorMessage.self) { try ask(laptop, node, content("never").digest.hex, []) }
    }

    @Test func `a client of a part makes nothing from what lies outside of it`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let photos = try #require(
            try laptop.commit(
                laptop.operation(.create(in: .node(.root), name: try Name("photos"), content: .directory(Mode(0o755))))
            )[0].applied)
        _ = try laptop.create("private", "outside the part")
        let inside = try #require(try laptop.create("inside", "inside the part", in: photos.id).applied)
        let invite = try hub.post(
            "/v1/invite", InviteRequest(client: "frame", subtree: "photos"), as: InviteResponse.self
        ).invite!
        let token = try hub.join(invite).token
        let hello = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "frame-1"), token: token, as: HelloResponse.self)
        hub.directory.makeDirectory("staging/frame")
        let frame = TestClient(hub: hub, name: "frame", token: token, epoch: hello.epoch)
        #expect(try edit(frame, inside, "outside", recipe(["outside the part"], [0, 0, 7])) == .contentMissing)
        let mine = try #require(try edit(frame, inside, "inside", recipe(["inside the part"], [0, 0, 6])).applied)
        // Nor does it name them as known, whether they lie there still or in `versions/`.
        func copy(_ text: String, _ name: String) throws -> Outcome {
            try frame.commit(
                frame.operation(
                    .create(in: .node(.root), name: Name(name), content: .file(content(text))), .known))[0]
        }
        #expect(try copy("outside the part", "stolen") == .contentMissing)
        let outside = try #require(try hub.journal().node(at: RelativePath([Name("private")])))
        let edited = try #require(try laptop.edit(outside, "other").applied)
        #expect(try copy("outside the part", "stolen") == .contentMissing)
        let refused = #expect(throws: ErrorMessage.self) {
            try hub.post(
                "/v1/prepare",
                PrepareRequest(
                    epoch: frame.epoch,
                    content: ContentKey(sha256: content("outside the part").digest.hex, size: 16),
                    source: SourceMessage(.known)), token: token, as: PrepareResponse.self)
        }
        #expect(refused?.code == .contentMissing)
        // What its own nodes have, and had, it may name; of the latter it asks first.
        #expect(try copy("inside", "again").applied != nil)
        let key = ContentKey(sha256: content("inside the part").digest.hex, size: 15)
        let held = try hub.post("/v1/holds", HoldsMessage(contents: [key]), token: token, as: HoldsMessage.self)
        #expect(held.contents == [key])
        #expect(try copy("inside the part", "old").applied != nil)
        // And it is not told of what its contents were made from elsewhere.
        let node = try #require(try hub.journal().node(mine.id))
        let made = try #require(try edit(laptop, node, "oth", recipe(["other"], [0, 0, 3])).applied)
        #expect(edited.id != made.id)
        #expect(try ask(laptop, made, content("oth").digest.hex, []).recipe != nil)
        #expect(try ask(frame, made, content("oth").digest.hex, []).recipe == nil)
    }

    @Test func `requests that are wrong are refused with a code`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        func code(_ path: String, _ json: String) throws -> ErrorCode {
            let reply = hub.send("POST", path, token: laptop.token, json: json)
            #expect(reply.status >= 400)
            return try WireFormat.decode(ErrorMessage.self, from: reply.body).code
        }
        let hex = content("one").digest.hex
        func ask(_ fields: String) throws -> ErrorCode {
            try code("/v1/recipe", #"{"epoch":"\#(laptop.epoch)","node":\#(node.id.rawValue),\#(fields)}"#)
        }
        #expect(try code("/v1/recipe", "{") == .badJSON)
        #expect(try code("/v1/recipe", "{}") == .missingField)
        #expect(try ask(#""sha256":"\#(hex)""#) == .missingField)
        #expect(try ask(#""sha256":"x","have":[]"#) == .badValue)
        #expect(try ask(#""sha256":"\#(hex)","have":["x"]"#) == .badValue)
        let many = Array(repeating: "\"\(hex)\"", count: RecipeRequest.most + 1).joined(separator: ",")
        #expect(try ask(#""sha256":"\#(hex)","have":[\#(many)]"#) == .badValue)
        #expect(
            try code("/v1/recipe", #"{"epoch":"other","node":1,"sha256":"\#(hex)","have":[]}"#) == .otherEpoch)

        func commit(_ source: String) throws -> ErrorCode {
            try code(
                "/v1/commit",
                #"{"epoch":"\#(laptop.epoch)","generation":"g","acknowledged":0,"operations":[{"number":1,"verb":"create","#
                    + #""parent":1,"name":"b","content":{"kind":"file","sha256":"\#(hex)","size":3,"mode":420,"mtime":0},"#
                    + #""source":\#(source)}]}"#)
        }
        func recipe(_ bases: String, _ ranges: String, _ rest: String = "") throws -> ErrorCode {
            try commit(#"{"recipe":{"bases":[\#(bases)],"ranges":[\#(ranges)]}\#(rest)}"#)
        }
        let base = "\"\(hex)\""
        #expect(try commit(#"{"recipe":{}}"#) == .missingField)
        #expect(try recipe("\"x\"", "0,0,3") == .badValue)
        #expect(try recipe(base, "0,0") == .badValue)
        #expect(try recipe(base, "0,-1,3") == .badValue)
        #expect(try recipe(base, "1,0,3") == .badValue)
        #expect(try recipe(base, "0,9223372036854775807,3") == .badValue)
        // Another size than the content's.
        #expect(try recipe(base, "0,0,2") == .badValue)
        // New bytes that lie nowhere, or outside of staging.
        #expect(try recipe(base, "-1,0,3") == .missingField)
        #expect(try recipe(base, "-1,0,3", #","staged":"../a""#) == .badValue)
        #expect(try recipe(base, "-1,0,3", #","staged":"pack","offset":-1"#) == .badValue)
        let ranges = Array(repeating: "-1,0,1", count: Recipe.mostPieces + 1).joined(separator: ",")
        #expect(try recipe(base, ranges, #","staged":"pack""#) == .badValue)
        // Of a part of a content that is to be laid out.
        func layOut(_ range: String) throws -> ErrorCode {
            try code(
                "/v1/layout",
                #"{"epoch":"\#(laptop.epoch)","items":[{"node":\#(node.id.rawValue),"sha256":"\#(hex)",\#(range)}]}"#)
        }
        for range in [
            #""offset":0"#, #""length":1"#, #""offset":-1,"length":1"#, #""offset":0,"length":0"#,
            #""offset":0,"length":4"#,
            #""offset":9223372036854775807,"length":3"#,
        ] {
            #expect(try layOut(range) == .badValue)
        }
    }

    @Test func `parts of a content are laid out one after the other`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one two three").applied)
        let hex = content("one two three").digest.hex
        let items = [4..<7, 8..<13, 0..<3].map { LayOutRequest.Item(node: node.id.rawValue, sha256: hex, range: $0) }
        let answer = try hub.post(
            "/v1/layout", LayOutRequest(epoch: laptop.epoch, items: items), token: laptop.token, as: LayOutResponse.self
        )
        #expect(answer.offsets == [0, 3, 8])
        #expect(hub.directory.text("staging/laptop/\(answer.file)") == "twothreeone")
    }
}
