import ControlAPI
import Glibc
import HTTPClient
import Processes
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Large contents are made ready before commits name them.
struct PrepareTests {
    private let clock = MovedClock()

    private func hub(mostReady: Int = 64) throws -> HubFixture {
        var settings = HubCoreSettings()
        settings.mostReady = mostReady
        return try HubFixture(settings: settings, clock: clock.clock)
    }

    private func request(
        _ client: TestClient, _ text: String, _ source: ContentSource?, wait: Int = 20
    ) -> PrepareRequest {
        PrepareRequest(
            epoch: client.epoch, content: ContentKey(sha256: content(text).digest.hex, size: Int64(text.utf8.count)),
            source: source.map(SourceMessage.init), wait: wait)
    }

    private func ask(_ client: TestClient, _ request: PrepareRequest) throws -> Bool {
        try client.hub.post("/v1/prepare", request, token: client.token, as: PrepareResponse.self).isReady
    }

    private func prepare(_ client: TestClient, _ text: String, _ source: ContentSource?, wait: Int = 20) throws -> Bool
    {
        try ask(client, request(client, text, source, wait: wait))
    }

    private func code(_ body: () throws -> Bool) -> ErrorCode? {
        do {
            _ = try body()
            return nil
        } catch { return (error as? ErrorMessage)?.code }
    }

    private func name(_ text: String) -> String { StagedResponse.prefix + content(text).digest.hex }

    /// As agents do it.
    private func stage(_ client: TestClient, _ text: String, as bytes: String? = nil) -> ContentSource {
        client.hub.directory.write(bytes ?? text, to: "staging/\(client.name)/\(name(text))")
        return .staged(file: name(text), offset: 0)
    }

    private func create(_ client: TestClient, _ path: String, _ text: String) throws -> Outcome {
        try client.commit(
            client.operation(
                .create(in: .node(.root), name: try Name(path), content: .file(content(text))),
                .staged(file: name(text), offset: 0)))[0]
    }

    private func look(_ hub: HubFixture, _ path: String) -> stat {
        var found = stat()
        #expect(lstat(hub.directory.path(path), &found) == 0)
        return found
    }

    /// After what the hub still had to do when it had answered.
    private func ready(_ hub: HubFixture) -> [String] {
        hub.core.inspect { _ in hub.directory.names(in: ".synchub/ahead/laptop") }
    }
    private func staged(_ hub: HubFixture) -> [String] { hub.directory.names(in: "staging/laptop") }

    @Test func `what is ready is out of its client's reach, and the commit places that file`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        let source = stage(laptop, "large")
        let inode = look(hub, "staging/laptop/\(name("large"))").st_ino
        #expect(code { try prepare(laptop, "large", nil) } == .contentMissing)
        #expect(try prepare(laptop, "large", source))
        #expect(staged(hub) == [] && ready(hub) == [name("large")])
        #expect(try prepare(laptop, "large", nil, wait: 0))
        #expect(try create(laptop, "a", "large").applied != nil)
        let placed = look(hub, "share/a")
        #expect(placed.st_ino == inode && placed.st_mode & 0o777 == 0o644)
        #expect(placed.st_mtim.tv_sec == 1_700_000_000 && placed.st_mtim.tv_nsec == 123_456_789)
        #expect(hub.directory.text("share/a") == "large")
        #expect(ready(hub) == [] && hub.directory.names(in: ".synchub/incoming") == [])
        #expect(code { try prepare(laptop, "large", nil) } == .contentMissing)
    }

    @Test func `commits of the same client are answered while a large content is read`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        let gate = ReadingGate(hub)
        let body = WireFormat.encode(request(laptop, "large", stage(laptop, "large")))
        let answer = hub.later("POST", "/v1/prepare", token: laptop.token, body: body, as: PrepareResponse.self)
        #expect(gate.isReached())
        // Whoever asks without waiting is told that it goes on.
        #expect(try !prepare(laptop, "large", nil, wait: 0))
        let node = try #require(try laptop.create("note", "one").applied)
        #expect(try laptop.edit(node, "two").applied != nil)
        #expect(hub.directory.text("share/note") == "two")
        #expect(!answer.isDone)
        gate.open()
        #expect(try #require(answer.value()).get().isReady)
        #expect(try create(laptop, "a", "large").applied != nil)
    }

    @Test func `bytes that are others are refused, and stay where they are`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        let source = stage(laptop, "large", as: "lrage")
        #expect(code { try prepare(laptop, "large", source) } == .contentMissing)
        #expect(hub.directory.text("staging/laptop/\(name("large"))") == "lrage")
        #expect(code { try prepare(laptop, "large", stage(laptop, "large", as: "short")) } == .contentMissing)
        #expect(code { try prepare(laptop, "large", .staged(file: "nothing", offset: 0)) } == .contentMissing)
        #expect(ready(hub) == [])
        #expect(try create(laptop, "a", "large") == .contentMissing)
        #expect(try prepare(laptop, "large", stage(laptop, "large")))
    }

    @Test func `a file that a session writes to, or that has a second name, is not taken`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        let source = stage(laptop, "large")
        let path = hub.directory.path("staging/laptop/\(name("large"))")
        let writer = open(path, O_WRONLY | O_CLOEXEC)
        #expect(code { try prepare(laptop, "large", source) } == .busy)
        #expect(staged(hub) == [name("large")] && ready(hub) == [])
        close(writer)
        #expect(link(path, path + "-other") == 0)
        // A child that another test is just starting has the writer's handle, too, until it executes its program.
        var answer = code { try prepare(laptop, "large", source) }
        #expect(
            eventually {
                if answer == .busy { answer = code { try prepare(laptop, "large", source) } }
                return answer != .busy
            })
        #expect(answer == .contentMissing)
        #expect(unlink(path + "-other") == 0)
        #expect(try prepare(laptop, "large", source))
    }

    @Test func `what the hub has, and what it can put together, is made ready as well`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        _ = try laptop.create("a", "one two three")
        #expect(try prepare(laptop, "one two three", .known))
        #expect(code { try prepare(laptop, "never seen", .known) } == .contentMissing)
        let recipe = try Recipe(bases: [content("one two three").digest], numbers: [0, 0, 4, -1, 0, 1, 0, 7, 6])
        hub.directory.write("2", to: "staging/laptop/new")
        #expect(try prepare(laptop, "one 2 three", .recipe(recipe, file: "new", offset: 0)))
        #expect(staged(hub) == [])
        let wrong = try Recipe(bases: [content("one two three").digest], numbers: [0, 0, 3])
        #expect(code { try prepare(laptop, "two", .recipe(wrong, file: nil, offset: 0)) } == .contentMissing)
        #expect(code { try prepare(laptop, "longer", .recipe(wrong, file: nil, offset: 0)) } == .badValue)
        #expect(ready(hub) == [name("one two three"), name("one 2 three")].sorted())
        #expect(try create(laptop, "b", "one two three").applied != nil)
        #expect(try create(laptop, "c", "one 2 three").applied != nil)
        #expect(hub.directory.text("share/b") == "one two three" && hub.directory.text("share/c") == "one 2 three")
        #expect(ready(hub) == [])
        // What it consists of is told to those who fetch it.
        _ = try hub.get("/v1/status", as: StatusResponse.self)
        #expect(try hub.journal().recipes(for: content("one 2 three").digest).count == 1)
    }

    @Test func `a restart gives back what was ready, and what was being made so`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        #expect(try prepare(laptop, "first", stage(laptop, "first")))
        let gate = ReadingGate(hub)
        #expect(try !prepare(laptop, "second", stage(laptop, "second"), wait: 0))
        #expect(gate.isReached())
        hub.directory.write("of a crash", to: ".synchub/ahead/laptop/0123456789abcdef")
        try hub.restart(clock: clock.clock)
        #expect(ready(hub) == [])
        #expect(staged(hub) == [name("first"), name("second")].sorted())
        gate.open()
        #expect(code { try prepare(laptop, "first", nil) } == .contentMissing)
        #expect(try prepare(laptop, "first", .staged(file: name("first"), offset: 0)))
        #expect(try create(laptop, "a", "first").applied != nil)
        // Nobody has asked for this one again: the commit reads it.
        #expect(try create(laptop, "b", "second").applied != nil)
    }

    @Test func `there are so many at most, and the oldest goes back to where it came from`() throws {
        let hub = try hub(mostReady: 2)
        let laptop = try hub.join("laptop")
        for text in ["one", "two", "three"] { #expect(try prepare(laptop, text, stage(laptop, text))) }
        #expect(staged(hub) == [name("one")])
        #expect(ready(hub) == [name("two"), name("three")].sorted())
        #expect(code { try prepare(laptop, "one", nil) } == .contentMissing)
    }

    @Test func `what nobody commits for a day is collected, and what is not wanted goes at once`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        for text in ["one", "two", "three"] { #expect(try prepare(laptop, text, stage(laptop, text))) }
        #expect(try !ask(laptop, PrepareRequest(only: [content("one").digest.hex, content("two").digest.hex])))
        #expect(ready(hub) == [name("one"), name("two")].sorted())
        #expect(try create(laptop, "a", "two").applied != nil)
        clock.pass(23 * 3_600)
        hub.collect()
        #expect(ready(hub) == [name("one")])
        clock.pass(2 * 3_600)
        hub.core.inspect { $0.collectStaging(except: ["laptop"]) }
        #expect(ready(hub) == [name("one")])
        hub.collect()
        #expect(ready(hub) == [] && staged(hub) == [])
    }

    @Test func `what is not wanted any more is not read to its end`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        let gate = ReadingGate(hub)
        let body = WireFormat.encode(request(laptop, "large", stage(laptop, "large")))
        let answer = hub.later("POST", "/v1/prepare", token: laptop.token, body: body, as: PrepareResponse.self)
        #expect(gate.isReached())
        #expect(try !ask(laptop, PrepareRequest(only: [])))
        gate.open()
        let end = try #require(answer.value())
        #expect(code { try end.get().isReady } == .contentMissing)
        #expect(ready(hub) == [] && staged(hub) == [])
    }

    @Test func `a commit that is refused leaves ready what it would have used`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "a").applied)
        #expect(try prepare(laptop, "large", stage(laptop, "large")))
        let fromTheFuture = Version(99)
        #expect(throws: ErrorMessage.self) {
            try laptop.commit(
                laptop.operation(
                    .create(in: .node(.root), name: Name("b"), content: .file(content("large"))),
                    .staged(file: name("large"), offset: 0)),
                laptop.operation(.delete(node.id, contentBase: fromTheFuture, locationBase: fromTheFuture)))
        }
        #expect(ready(hub) == [name("large")] && hub.directory.names(in: ".synchub/incoming") == [])
        #expect(try create(laptop, "b", "large").applied != nil)
        #expect(hub.directory.text("share/b") == "large")
        // Ready for nothing: the node has these bytes already.
        #expect(try prepare(laptop, "large", .known))
        #expect(try create(laptop, "b", "large") != .contentMissing)
        #expect(ready(hub) == [])
    }

    @Test func `what a refused operation would have used is ready for the next one`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        #expect(try prepare(laptop, "large", stage(laptop, "large")))
        let outcome = try laptop.commit(
            laptop.operation(
                .create(in: .node(NodeID(99)), name: Name("b"), content: .file(content("large"))),
                .staged(file: name("large"), offset: 0)))[0]
        guard case .refused(.orphaned, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(ready(hub) == [name("large")] && hub.directory.names(in: ".synchub/incoming") == [])
        #expect(try prepare(laptop, "large", nil, wait: 0))
        #expect(try create(laptop, "b", "large").applied != nil)
        #expect(hub.directory.text("share/b") == "large" && ready(hub) == [])
    }

    @Test func `what a commit took and found no use for stays ready`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        #expect(try prepare(laptop, "large", stage(laptop, "large")))
        // The same bytes are told with another size: nothing can be done with them for that.
        var wrong = content("large")
        wrong.size = 4
        let outcome = try laptop.commit(
            laptop.operation(
                .create(in: .node(.root), name: Name("b"), content: .file(wrong)),
                .staged(file: name("large"), offset: 0)))[0]
        #expect(outcome == .contentMissing)
        #expect(ready(hub) == [name("large")])
        #expect(try prepare(laptop, "large", nil, wait: 0))
        #expect(try create(laptop, "b", "large").applied != nil)
    }

    @Test func `so many are made ready at a time, and what is not here is said nevertheless`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        let gate = ReadingGate(hub)
        for text in ["one", "two", "three", "four"] {
            #expect(try !prepare(laptop, text, stage(laptop, text), wait: 0))
        }
        #expect(code { try prepare(laptop, "five", stage(laptop, "five"), wait: 0) } == .tooMany)
        #expect(code { try prepare(laptop, "six", .known, wait: 0) } == .contentMissing)
        gate.open()
        for text in ["one", "two", "three", "four", "five"] {
            #expect(try prepare(laptop, text, .staged(file: name(text), offset: 0)))
        }
    }

    @Test func `nobody gets what was made ready for another`() throws {
        let hub = try hub()
        let (laptop, desk) = (try hub.join("laptop"), try hub.join("desk"))
        #expect(try prepare(laptop, "secret", stage(laptop, "secret")))
        #expect(code { try prepare(desk, "secret", nil) } == .contentMissing)
        #expect(code { try prepare(desk, "secret", .known) } == .contentMissing)
        #expect(try create(desk, "a", "secret") == .contentMissing)
        #expect(ready(hub) == [name("secret")])
        // Nor is it said to be here before a commit.
        let key = ContentKey(sha256: content("secret").digest.hex, size: 6)
        let held = try hub.post(
            "/v1/holds", HoldsMessage(contents: [key]), token: laptop.token, as: HoldsMessage.self)
        #expect(held.contents == [])
    }

    @Test func `questions that are wrong are refused with a code`() throws {
        let hub = try hub()
        let laptop = try hub.join("laptop")
        func code(_ json: String) throws -> ErrorCode {
            try WireFormat.decode(
                ErrorMessage.self, from: hub.send("POST", "/v1/prepare", token: laptop.token, json: json).body
            ).code
        }
        let key = #"{"sha256":"\#(content("a").digest.hex)","size":1}"#
        func wanting(_ fields: String) throws -> ErrorCode { try code(#"{"epoch":"\#(laptop.epoch)",\#(fields)}"#) }
        #expect(try code("{") == .badJSON)
        #expect(try code(#"{"content":\#(key)}"#) == .missingField)
        #expect(try code(#"{"epoch":"other","content":\#(key)}"#) == .otherEpoch)
        #expect(try wanting(#""content":{"sha256":"x","size":1}"#) == .badValue)
        #expect(try wanting(#""content":{"sha256":"\#("a".repeated)","size":0}"#) == .badValue)
        #expect(try wanting(#""content":\#(key),"source":{"staged":"../a","offset":0}"#) == .badValue)
        #expect(try wanting(#""content":\#(key),"source":{"inline":"YQ=="},"wait":20"#) == .badValue)
        #expect(try wanting(#""content":\#(key),"source":{"staged":"a","offset":1},"wait":20"#) == .badValue)
        #expect(try code(#"{"only":["x"]}"#) == .badValue)
        #expect(try code(#"{"growing":"../a"}"#) == .badName)
        // What is not there does not grow, and is nobody's mistake.
        #expect(hub.send("POST", "/v1/prepare", token: laptop.token, json: #"{"growing":"a"}"#).status == 200)
    }
}

extension String {
    fileprivate var repeated: String { String(repeating: self, count: 64) }
}

/// Whose turn it is.
struct FairLineTests {
    @Test func `nobody has a second turn while another waits for the first`() {
        var line = FairLine<Int>()
        for job in 1...4 { line.add(job, of: "a") }
        line.add(11, of: "b")
        #expect(line.next()?.job == 1 && line.next()?.job == 11)
        line.add(12, of: "b")
        line.add(21, of: "c")
        // A third one runs: of whom nothing runs.
        #expect(line.next()?.job == 21)
        line.ended(of: "c")
        line.ended(of: "a")
        line.ended(of: "b")
        #expect(line.count == 0)
        // By turns, each one's in their order.
        var order: [Int] = []
        while let next = line.next() {
            order.append(next.job)
            line.ended(of: next.client)
        }
        #expect(order == [2, 12, 3, 4])
        #expect(line.next() == nil)
    }

    @Test func `who is alone has all places`() {
        var line = FairLine<Int>()
        for job in 1...3 { line.add(job, of: "a") }
        #expect(line.next()?.job == 1 && line.next()?.job == 2 && line.count == 2)
    }
}

/// What lies ready, as a rule.
struct ReadyTableTests {
    private let digests = (0..<4).map { content("\($0)").digest }

    @Test func `so many of a client are kept, the newest`() {
        var table = ReadyTable<Int>(most: 2)
        #expect(table.keep(0, digests[0], for: "a", since: 0) == [])
        #expect(table.keep(1, digests[1], for: "a", since: 1) == [])
        #expect(table.keep(9, digests[0], for: "b", since: 1) == [])
        // What is made ready anew is new, and takes the place of what was.
        #expect(table.keep(2, digests[0], for: "a", since: 2) == [0])
        #expect(table.keep(3, digests[2], for: "a", since: 3) == [1])
        #expect(table.value(digests[0], for: "a") == 2 && table.value(digests[1], for: "a") == nil)
        #expect(table.value(digests[0], for: "b") == 9)
    }

    @Test func `what is taken is there no more`() {
        var table = ReadyTable<Int>(most: 4)
        for (number, digest) in digests.enumerated() { _ = table.keep(number, digest, for: "a", since: 0) }
        #expect(table.take(digests[1], for: "b") == nil)
        #expect(table.take(digests[1], for: "a") == 1 && table.take(digests[1], for: "a") == nil)
        #expect(table.takeAll(of: "a", except: [digests[0]]) == [2, 3])
        #expect(table.takeAll(of: "a") == [0] && table.takeAll(of: "a") == [])
    }

    @Test func `what has lain for long enough goes, not while its client commits`() {
        var table = ReadyTable<Int>(most: 4)
        for (number, digest) in digests.enumerated() {
            _ = table.keep(number, digest, for: number < 2 ? "a" : "b", since: Int64(number))
        }
        #expect(table.takeOld(at: 10, after: 11, except: []) == [])
        #expect(table.takeOld(at: 10, after: 9, except: ["a"]) == [])
        #expect(table.takeOld(at: 10, after: 9, except: []).sorted() == [0, 1])
        #expect(table.takeOld(at: 13, after: 10, except: []).sorted() == [2, 3])
    }
}
