import ControlAPI
import Glibc
import HTTPClient
import Hashing
import Journal
import Processes
import SyncCore
import Synchronization
import TestSupport
import Testing

@testable import Hub

/// A client that has a good token and lies about everything else: each lie gets a clear answer, changes nothing, and holds up nobody.
struct LyingClientTests {
    /// Three clients, and something of each.
    private final class World {
        let hub: HubFixture
        let liar: TestClient
        let other: TestClient
        /// Of the other: `a`, with the bytes "alpha".
        let node: Node
        private var count = 0

        init(settings: HubCoreSettings = HubCoreSettings()) throws {
            hub = try HubFixture(settings: settings)
            (liar, other) = (try hub.join("liar"), try hub.join("other"))
            node = try #require(try other.create("a", "alpha").applied)
            // What waits for a commit that does not come.
            hub.directory.write("not yours", to: "staging/other/pack-waiting")
            _ = try #require(try liar.create("mine", "my own").applied)
        }

        /// All that a lie could have changed: the share, the history, what others have staged.
        private func picture() throws -> [String: String] {
            var picture: [String: String] = [:]
            for place in ["share", "staging/other", ".synchub/incoming"] {
                for file in try files(below: place) { picture[file] = hub.directory.text(file) ?? "unreadable" }
            }
            let journal = try hub.journal()
            picture["head"] = "\(try journal.head.rawValue)"
            picture["chain"] = try journal.chain(at: journal.head)?.map(Escaping.hex).joined()
            picture["files"] = "\(try journal.statistics())"
            return picture
        }

        private func files(below place: String) throws -> [String] {
            hub.directory.names(in: place).flatMap { name -> [String] in
                let path = place + "/" + name
                var status = stat()
                guard lstat(hub.directory.path(path), &status) == 0 else { return [path] }
                return status.st_mode & S_IFMT == S_IFDIR ? ((try? files(below: path)) ?? []) : [path]
            }
        }

        /// Tells a lie, and looks that nothing came of it, and that others are served.
        func lie<Answer>(_ name: String, _ tell: (TestClient) throws -> Answer) throws -> Answer {
            let before = try settled()
            // What is current may be kept beside the share at any moment, where blocks are shared: more may come.
            let versions = Set(try files(below: "versions"))
            let answer = try tell(liar)
            let after = try settled()
            #expect(after == before, "\(name)")
            #expect(versions.isSubset(of: try files(below: "versions")), "\(name)")
            count += 1
            #expect(try other.create("after-\(count)", "of \(count)").applied != nil, "\(name)")
            #expect(hub.directory.text("share/after-\(count)") == "of \(count)", "\(name)")
            return answer
        }

        /// One commit of another client, and one question; both are answered.
        func workOfAnother() throws {
            count += 1
            _ = try #require(try other.create("meanwhile-\(count)", "of \(count)").applied)
            let status = try hub.get("/v1/status", token: other.token, as: StatusResponse.self)
            try #require(status.clients.contains { $0.name == "other" })
        }

        /// Sends a commit that no hub takes, and has another client work while it comes, and while the hub looks at it.
        /// - Returns: what the liar is told, and how many times the other was answered after the last byte of the lie and before the answer
        ///   to it.
        func lieMeanwhile(_ json: String) throws -> (code: ErrorCode?, answered: Int) {
            let (head, staged, others) = (try hub.journal().head, hub.directory.names(in: "staging/liar"), count)
            let request = UnfinishedRequest(
                "POST", "/v1/commit", port: hub.port, token: liar.token, body: Array(json.utf8))
            // The hub has begun with it, and cannot come to its end without the last byte.
            try #require(request.isWanted)
            request.sendMost()
            try workOfAnother()
            request.sendRest()
            let reply = Later { request.answer() }
            var answered = 0
            while !reply.isDone {
                try workOfAnother()
                if !reply.isDone { answered += 1 }
            }
            let answer = try #require(reply.value().flatMap { $0 })
            // Nothing came but what the other has made.
            #expect(try hub.journal().head.rawValue == head.rawValue + Int64(count - others))
            #expect(hub.directory.names(in: "staging/liar") == staged)
            for number in others + 1...count {
                #expect(hub.directory.text("share/meanwhile-\(number)") == "of \(number)")
            }
            return ((try? WireFormat.decode(ErrorMessage.self, from: answer.body))?.code, answered)
        }

        /// When the hub has nothing left to do.
        private func settled() throws -> [String: String] {
            hub.core.inspect { $0.flush() }
            return try picture()
        }

        func stage(_ text: String) -> String { liar.stage(text) }

        func creation(
            _ text: String, size: Int64? = nil, _ source: ContentSource, name: String = "lie"
        ) throws -> OperationMessage {
            var file = content(text)
            file.size = size ?? file.size
            return liar.operation(
                .create(in: .node(.root), name: try Name(name), content: .file(file)), source)
        }

        func send(_ json: String) -> (HTTPReply, ErrorCode?) {
            let reply = hub.send("POST", "/v1/commit", token: liar.token, json: json)
            return (reply, (try? WireFormat.decode(ErrorMessage.self, from: reply.body))?.code)
        }

        /// The request of one operation as JSON, changed.
        func send(_ operation: OperationMessage, replacing old: String, with new: String) throws -> ErrorCode? {
            let json = String(decoding: WireFormat.encode(liar.request([operation])), as: UTF8.self)
            try #require(json.contains(old), "\(json)")
            return send(json.replacing(old, with: new)).1
        }
    }

    @Test func `bytes that are not what was promised are not taken, wherever they come from`() throws {
        let world = try World()
        let lies: [(String, String, Int64?, ContentSource)] = [
            ("another hash", "promised", nil, .staged(file: world.stage("given..."), offset: 0)),
            ("another hash beside the request", "promised", nil, .inline(Array("given...".utf8))),
            ("more than there is", "short", 6, .staged(file: world.stage("short"), offset: 0)),
            ("less than was hashed", "long enough", 4, .staged(file: world.stage("long enough"), offset: 0)),
            ("less than there is beside the request", "long enough", 4, .inline(Array("long enough".utf8))),
            ("more than any file has", "short", .max, .staged(file: world.stage("short"), offset: 0)),
            ("something of nothing", "", 1, .staged(file: world.stage(""), offset: 0)),
            ("nothing of something", "x", 0, .staged(file: world.stage("x"), offset: 0)),
            ("what the hub does not have", "never seen", nil, .known),
            ("what the hub has, with another size", "alpha", 6, .known),
            ("beyond the end", "alpha", nil, .staged(file: world.stage("alpha"), offset: 1)),
            ("far beyond the end", "alpha", nil, .staged(file: world.stage("alpha"), offset: .max)),
            ("behind a request that has nothing behind it", "alpha!", nil, .behind(offset: 0)),
        ]
        for (name, text, size, source) in lies {
            let outcome = try world.lie(name) { try $0.commit(world.creation(text, size: size, source))[0] }
            #expect(outcome == .contentMissing, "\(name)")
        }
        // What the node has already needs no bytes, wherever they are said to be.
        for (name, text, size, source) in lies where text != "alpha" || size != nil {
            let edit = try world.lie("edit: \(name)") { liar in
                var file = content(text)
                file.size = size ?? file.size
                return try liar.commit(
                    liar.operation(
                        .edit(world.node.id, base: world.node.contentVersion, content: .file(file)), source))[0]
            }
            #expect(edit == .contentMissing, "edit: \(name)")
        }
    }

    @Test func `a recipe that reaches outside of a content, or gives something else, makes nothing`() throws {
        let world = try World()
        let alpha = content("alpha").digest
        func recipe(_ numbers: [Int64]) throws -> Recipe { try Recipe(bases: [alpha], numbers: numbers) }
        let pack = world.stage("new")
        let lies: [(String, String, [Int64])] = [
            ("beyond the end of the base", "alphaX", [0, 0, 6]), ("all of it beyond", "alpha", [0, 5, 5]),
            ("ranges that overlap and give something else", "alphaalpha", [0, 0, 5, 0, 3, 5]),
            ("new bytes beyond the pack", "newnew", [-1, 0, 6]), ("in another order", "phaal", [0, 0, 2, 0, 2, 3]),
            ("a base that is as far away as can be", "alpha", [0, .max - 5, 5]),
        ]
        for (name, text, numbers) in lies {
            let outcome = try world.lie(name) { liar in
                try liar.commit(world.creation(text, .recipe(recipe(numbers), file: pack, offset: 0)))[0]
            }
            #expect(outcome == .contentMissing, "\(name)")
        }
        // Of a base of five bytes, 40 MB that are to be something else: what was put together is gone.
        let many = try Recipe(
            bases: [alpha], numbers: (0..<Int64(Recipe.mostPieces)).flatMap { _ in [0, 0, 5] as [Int64] })
        let grown = try world.lie("ranges that repeat") { liar in
            try liar.commit(
                world.creation("no such thing", size: many.size, .recipe(many, file: nil, offset: 0)))[0]
        }
        #expect(grown == .contentMissing)
        let good = try world.creation("alpha", .recipe(recipe([0, 0, 5]), file: pack, offset: 0))
        for numbers in [
            "[0,-1,5]", "[0,0,0]", "[0,0,-5]", "[1,0,5]", "[-2,0,5]", "[0,0]", "[-1,3,5]", "[0,\(Int64.max),5]",
            "[0,0,\(Int64.max),0,0,\(Int64.max)]", "[0,0,4]", "[0,0,5,0,0,5]", "[]",
        ] {
            let code = try world.lie(numbers) { _ in
                try world.send(good, replacing: "[0,0,5]", with: numbers)
            }
            #expect(code == .badValue, "\(numbers)")
        }
    }

    @Test func `a name in staging leads nowhere else`() throws {
        let world = try World()
        let hub = world.hub
        hub.directory.write("secret", to: "secret")
        let places = [
            ("link", "../../secret"), ("up", "../other/pack-waiting"), ("absolute", hub.directory.path("admin.token")),
            ("share", "../../share/a"), ("itself", "itself"), ("directory", "../other"),
        ]
        for (name, target) in places { #expect(symlink(target, hub.directory.path("staging/liar/\(name)")) == 0) }
        #expect(mkfifo(hub.directory.path("staging/liar/pipe"), 0o600) == 0)
        hub.directory.makeDirectory("staging/liar/deep")
        hub.directory.write("alpha", to: "staging/liar/deep/file")
        for name in places.map(\.0) + ["pipe", "deep"] {
            for text in ["secret", "not yours", HubFixture.adminToken + "\n", "alpha"] {
                let outcome = try world.lie("\(name): \(text)") {
                    try $0.commit(world.creation(text, .staged(file: name, offset: 0)))[0]
                }
                #expect(outcome == .contentMissing, "\(name)")
            }
        }
        // What is no name of a file is no name at all, and says nothing of what is there.
        let good = try world.creation("alpha", .staged(file: "good", offset: 0))
        for name in ["..", ".", "", "../other/pack-waiting", "/etc/passwd", "deep/file", ".hidden", "a\\u0000b"] {
            let code = try world.lie(name) { _ in try world.send(good, replacing: #""good""#, with: "\"\(name)\"") }
            #expect(code == .badName || code == .badValue, "\(name)")
        }
    }

    @Test func `what another has uploaded is nobody else's`() throws {
        let world = try World()
        for (name, source) in [
            ("its name", ContentSource.staged(file: "pack-waiting", offset: 0)), ("that the hub has it", .known),
        ] {
            let outcome = try world.lie(name) { try $0.commit(world.creation("not yours", source))[0] }
            #expect(outcome == .contentMissing, "\(name)")
        }
        let key = ContentKey(sha256: content("not yours").digest.hex, size: 9)
        for source in [ContentSource.staged(file: "pack-waiting", offset: 0), .known] {
            let code = try world.lie("made ready") { liar -> ErrorCode? in
                let request = PrepareRequest(
                    epoch: liar.epoch, content: key, source: SourceMessage(source), wait: 20)
                let reply = world.hub.send(
                    "POST", "/v1/prepare", token: liar.token, body: WireFormat.encode(request))
                return (try? WireFormat.decode(ErrorMessage.self, from: reply.body))?.code
            }
            #expect(code == .contentMissing)
        }
        let staged = try world.lie("asked about") { liar in
            try world.hub.post(
                "/v1/staged", StagedRequest(files: ["pack-waiting"], block: StagedRequest.smallestBlock),
                token: liar.token, as: StagedResponse.self)
        }
        #expect(staged.files.isEmpty)
        // It is there still for whose it is.
        let own = world.other.operation(
            .create(in: .node(.root), name: try Name("own"), content: .file(content("not yours"))),
            .staged(file: "pack-waiting", offset: 0))
        #expect(try world.other.commit(own)[0].applied != nil)
    }

    @Test func `a request of old gets the answer of old, and nobody else's request does anything`() throws {
        let world = try World()
        let directory = Change.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755)))
        let edit = Change.edit(world.node.id, base: world.node.contentVersion, content: .file(content("mine now")))
        let request = WireFormat.encode(
            world.liar.request([
                world.liar.operation(directory), world.liar.operation(edit, .inline(Array("mine now".utf8))),
            ]))
        func send(_ client: TestClient) throws -> CommitResponse {
            try HubFixture.decode(
                world.hub.send("POST", "/v1/commit", token: client.token, body: request), as: CommitResponse.self)
        }
        let first = try send(world.liar)
        let made = try #require(try first.outcomes[0].outcome().applied)
        let edited = try #require(try first.outcomes[1].outcome().applied)
        // Others have gone on since.
        _ = try world.other.edit(edited, "and theirs again")
        _ = try world.other.commit(
            world.other.operation(
                .delete(made.id, contentBase: made.contentVersion, locationBase: made.locationVersion)))
        for _ in 0..<3 {
            let again = try world.lie("again") { try send($0) }
            #expect(again.outcomes == first.outcomes)
        }
        #expect(world.hub.directory.text("share/a") == "and theirs again")
        #expect(!world.hub.shareNames().contains("d"))
        // Under a used number something else.
        let number = OperationID(generation: "liar-1", number: 1)
        let other = OperationMessage(
            Operation(id: number, change: .delete(world.node.id, contentBase: .first, locationBase: .first)))
        let reply = try world.lie("another operation under a used number") { liar in
            world.hub.send(
                "POST", "/v1/commit", token: liar.token, body: WireFormat.encode(liar.request([other])))
        }
        #expect((try? WireFormat.decode(ErrorMessage.self, from: reply.body))?.code == .indexSetBack)
    }

    @Test func `a move that makes a cycle is refused, also by several moves of one commit`() throws {
        let world = try World()
        func make(_ name: String, in parent: NodeID) throws -> Node {
            let change = Change.create(in: .node(parent), name: try Name(name), content: .directory(Mode(0o755)))
            return try #require(try world.other.commit(world.other.operation(change))[0].applied)
        }
        let top = try make("top", in: .root)
        let middle = try make("middle", in: top.id)
        let low = try make("low", in: middle.id)
        func move(_ node: Node, to parent: NodeID) throws -> OperationMessage {
            world.liar.operation(
                .move(node.id, base: node.locationVersion, to: .node(parent), name: try Name("moved")))
        }
        for (node, parent) in [(top, top.id), (top, middle.id), (top, low.id), (middle, low.id), (middle, middle.id)] {
            let outcome = try world.lie("\(node.id) to \(parent)") { try $0.commit(move(node, to: parent))[0] }
            guard case .refused = outcome else {
                Issue.record("\(node.id) to \(parent): \(outcome)")
                continue
            }
        }
        let root = try world.lie("the root") { liar in
            world.hub.send(
                "POST", "/v1/commit", token: liar.token,
                body: WireFormat.encode(
                    liar.request([
                        liar.operation(
                            .move(.root, base: .first, to: .node(low.id), name: try Name("moved")))
                    ])))
        }
        #expect(root.status == 400)
        // Each alone would do: the second and the third would close the circle.
        let (left, right) = (try make("left", in: .root), try make("right", in: .root))
        let outcomes = try world.liar.commit(move(left, to: right.id), move(right, to: left.id))
        #expect(outcomes[0].applied != nil)
        guard case .refused = outcomes[1] else {
            Issue.record("it was \(outcomes[1])")
            return
        }
        #expect(world.hub.shareNames("right") == ["moved"])
        #expect(world.hub.shareNames("right/moved") == [])
    }

    @Test func `a batch of a million nodes is refused before anything is done for it`() throws {
        let world = try World()
        let one =
            #"{"content":{"kind":"directory","mode":493},"name":"NNNNN","number":1,"op":"create","parent":{"node":1}}"#
        for count in [2_001, 60_000, 1_000_000] {
            let list = Array(repeating: one, count: count).joined(separator: ",")
            let json =
                #"{"acknowledged":0,"epoch":"\#(world.liar.epoch)","generation":"liar-1","operations":[\#(list)]}"#
            let code = try world.lie("\(count)") { _ in world.send(json).1 }
            #expect([.tooLarge, .badJSON, .badValue, .missingField].contains(code), "\(count): \(code as Any)")
        }
        let operations = try (0..<2_001).map { number in
            world.liar.operation(
                .create(in: .node(.root), name: try Name("n\(number)"), content: .directory(Mode(0o755))))
        }
        let reply = try world.lie("one too many") { liar in
            world.hub.send(
                "POST", "/v1/commit", token: liar.token, body: WireFormat.encode(liar.request(operations)))
        }
        #expect((try? WireFormat.decode(ErrorMessage.self, from: reply.body))?.code == .tooLarge)
    }

    @Test(arguments: [
        // As many as a body has room for; and a million, of which each is as small as it has to be for that.
        (60_000, #"{"content":{"kind":"directory","mode":7},"name":"N","number":1,"op":"create","parent":{"node":1}}"#),
        (1_000_000, #"{"a":1}"#),
    ])
    func `while a batch of too many nodes comes, and while the hub looks at it, others are served`(
        count: Int, node: String
    ) throws {
        let world = try World()
        let list = Array(repeating: node, count: count).joined(separator: ",")
        let json = #"{"acknowledged":0,"epoch":"\#(world.liar.epoch)","generation":"liar-1","operations":[\#(list)]}"#
        // One or two that were sent at once with its last byte may come before the look at it.
        var most = 0
        for _ in 0..<10 where most < 3 {
            let (code, answered) = try world.lieMeanwhile(json)
            #expect([.tooLarge, .badJSON, .badValue, .missingField].contains(code), "\(code as Any)")
            most = max(most, answered)
        }
        #expect(most >= 3)
    }

    // MARK: - Swapped

    @Test(arguments: ["another file takes its name", "who had it open writes to it"])
    func `a staged file that changes after it was looked at is placed as it was verified`(how: String) throws {
        let world = try World()
        let hub = world.hub
        let name = StagedResponse.prefix + content("verified").digest.hex
        hub.directory.write("verified", to: "staging/liar/\(name)")
        let to = hub.directory.path("staging/liar/\(name)")
        // As a session of the liar may have it, from before the hub looked.
        let held = how == "another file takes its name" ? -1 : open(to, O_RDWR | O_CLOEXEC)
        defer { if held >= 0 { close(held) } }
        let acts = Monitor(0)
        let act: @Sendable () -> Void = {
            if how == "another file takes its name" {
                let next = open(to + "-next", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
                defer { close(next) }
                if write(next, "swapped!", 8) != 8 || rename(to + "-next", to) != 0 { return }
            } else if pwrite(held, "swapped!", 8, 0) != 8 {
                return
            }
            acts.withLock { $0 += 1 }
        }
        hub.core.inspect { $0.beforeReading = act }
        let request = PrepareRequest(
            epoch: world.liar.epoch, content: ContentKey(sha256: content("verified").digest.hex, size: 8),
            source: SourceMessage(.staged(file: name, offset: 0)), wait: 20)
        let isReady = (try? hub.post("/v1/prepare", request, token: world.liar.token, as: PrepareResponse.self).isReady)
        act()
        let outcome = try world.liar.commit(world.creation("verified", .staged(file: name, offset: 0)))[0]
        act()
        // What was verified, or nothing: where another has it open the hub takes a copy, which may be of the other bytes.
        #expect(hub.directory.text("share/lie") == (outcome.applied == nil ? nil : "verified"))
        if how == "another file takes its name" { #expect(isReady == true && outcome.applied != nil) }
        #expect(acts.look { $0 } >= 2)
    }

    @Test(arguments: [Int64(1), 1 << 20])
    func `names and bytes that change all the time put nothing into the share that was not verified`(
        adoptedFrom: Int64
    ) throws {
        var settings = HubCoreSettings()
        settings.adoptedFrom = adoptedFrom
        let world = try World(settings: settings)
        let hub = world.hub
        let isOver = Flag()
        let (good, bad) = (String(repeating: "good", count: 2_000), String(repeating: "evil", count: 2_000))
        let place = hub.directory.path("staging/liar")
        let swapper = Later { () -> Int in
            var count = 0
            while !isOver.isSet {
                for text in [good, bad] {
                    let file = open(place + "/next", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
                    if file < 0 { continue }
                    _ = write(file, text, text.utf8.count)
                    // Half of the time it is still open, and written to, when it has its name.
                    if count % 2 == 0 { close(file) }
                    _ = rename(place + "/next", place + "/up")
                    if count % 2 == 1 {
                        _ = pwrite(file, bad, 100, 4_000)
                        close(file)
                    }
                    count += 1
                }
            }
            return count
        }
        // On a thread of its own, all the while: how often it was answered.
        let answered = Monitor(0)
        // SAFETY: until its thread has ended nobody else uses the other client, and of the rest both only ask the hub.
        nonisolated(unsafe) let meanwhile = world
        let other = Later { () -> (any Error)? in
            do {
                while !isOver.isSet {
                    try meanwhile.workOfAnother()
                    answered.withLock { $0 += 1 }
                }
                return nil
            } catch { return error }
        }
        var applied = 0
        // How often the other was answered between the first answer to the liar and the last one.
        var (before, during): (Int?, Int) = (nil, 0)
        var number = 0
        while number < 150 || (during < 10 && number < 5_000) {
            let operation = world.liar.operation(
                .create(in: .node(.root), name: try Name("f\(number)"), content: .file(content(good))),
                .staged(file: "up", offset: 0))
            switch try world.liar.commit(operation)[0] {
            case .applied: applied += 1
            case .contentMissing: break
            case let outcome: Issue.record("it was \(outcome)")
            }
            number += 1
            let now = answered.withLock { $0 }
            if before == nil { before = now }
            during = now - (before ?? now)
        }
        isOver.set()
        #expect(try #require(swapper.value()) > 0)
        #expect(try #require(other.value()) == nil)
        #expect(during >= 10)
        // What was taken over is out of reach of who had it open: it stays as it was verified.
        for name in hub.shareNames() where name.hasPrefix("f") { #expect(hub.directory.text("share/\(name)") == good) }
        #expect(hub.shareNames().count { $0.hasPrefix("f") } == applied)
        #expect(try world.other.create("after", "all").applied != nil)
    }
}

private final class Flag: Sendable {
    private let state = Atomic(false)
    var isSet: Bool { state.load(ordering: .acquiring) }
    func set() { state.store(true, ordering: .releasing) }
}
