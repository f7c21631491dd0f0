import Glibc
import ControlAPI
import HTTPClient
import SyncCore
import Testing
import TestSupport

@testable import Hub

struct BadInputTests {
    private func expect(
        _ reply: HTTPReply, _ code: ErrorCode, _ sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(reply.status == code.status, sourceLocation: sourceLocation)
        let error = try WireFormat.decode(ErrorMessage.self, from: reply.body)
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(error.message.count > 10, sourceLocation: sourceLocation)
    }

    @Test func `routes, methods and tokens that are wrong are refused with a code`() throws {
        let hub = try HubFixture()
        try expect(hub.send("GET", "/v1/nothing"), .unknownRoute)
        try expect(hub.send("GET", "/"), .unknownRoute)
        try expect(hub.send("GET", "/v1/commit"), .wrongMethod)
        try expect(hub.send("GET", "/v1/status", token: nil), .unauthorized)
        try expect(hub.send("GET", "/v1/status", token: "wrong"), .unauthorized)
        try expect(hub.send("GET", "/v1/unsynced?client=nobody"), .unknownClient)
        try expect(hub.send("GET", "/v1/log?after=x"), .badValue)
        // Also where nobody would wait for it.
        try expect(hub.send("GET", "/v1/log?wait=-1"), .badValue)
        // The administrator is no client.
        try expect(hub.send("POST", "/v1/commit", json: "{}"), .forbidden)
    }

    @Test func `bodies that are wrong are refused with a code`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        func commit(_ json: String) -> HTTPReply { hub.send("POST", "/v1/commit", token: laptop.token, json: json) }
        func operation(_ fields: String) -> HTTPReply {
            commit(
                #"{"epoch":"\#(laptop.epoch)","generation":"g","acknowledged":0,"operations":[{"number":1,\#(fields)}]}"#
            )
        }
        let directory = #""content":{"kind":"directory","mode":493}"#
        try expect(commit("{"), .badJSON)
        try expect(commit("{}"), .missingField)
        try expect(commit(#"{"epoch":7}"#), .badValue)
        try expect(operation(#""verb":"create","parent":1,\#(directory)"#), .missingField)
        try expect(operation(#""verb":"create","parent":1,"name":"a/b",\#(directory)"#), .badName)
        try expect(operation(#""verb":"create","parent":1,"name":"a\\x00b",\#(directory)"#), .badName)
        try expect(operation(#""verb":"create","parent":1,"name":"..",\#(directory)"#), .badName)
        try expect(operation(#""verb":"create","parent":1,"name":".synchub-x",\#(directory)"#), .badName)
        try expect(operation(#""verb":"explode","node":1"#), .badValue)
        try expect(operation(#""verb":"delete","node":1,"content_base":1,"location_base":1"#), .badValue)
        try expect(hub.send("POST", "/v1/why", json: #"{"path":"../x"}"#), .badName)
        try expect(hub.send("POST", "/v1/why", json: #"{"path":"nobody/knows"}"#), .unknownPath)
        try expect(hub.send("POST", "/v1/pause", json: "{}"), .missingField)
        try expect(hub.send("POST", "/v1/pause", json: #"{"client":"nobody"}"#), .unknownClient)
        try expect(hub.send("POST", "/v1/limit", json: #"{"client":"laptop"}"#), .missingField)
        try expect(hub.send("POST", "/v1/limit", json: #"{"up":"1M"}"#), .missingField)
        try expect(hub.send("POST", "/v1/limit", json: #"{"client":"nobody","up":"1M"}"#), .unknownClient)
        try expect(hub.send("POST", "/v1/limit", json: #"{"client":"laptop","up":"fast"}"#), .badValue)
        try expect(hub.send("POST", "/v1/wait", json: #"{"on":["nobody"],"timeout":1}"#), .unknownClient)
        try expect(
            hub.send("POST", "/v1/commit", token: laptop.token, body: [UInt8](repeating: 0x20, count: 8 << 20 + 1)),
            .tooLarge)
    }

    @Test func `a base from the future, too many operations and another epoch are refused`() throws {
        var settings = HubCoreSettings()
        settings.maxOperations = 2
        let hub = try HubFixture(settings: settings)
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        func send(_ request: CommitRequest) -> HTTPReply {
            hub.send("POST", "/v1/commit", token: laptop.token, body: WireFormat.encode(request))
        }
        let future = laptop.operation(.delete(node.id, contentBase: Version(9), locationBase: .first))
        try expect(send(laptop.request([future])), .baseFromTheFuture)
        let three = (0..<3).map {
            laptop.operation(.create(in: .node(.root), name: try! Name("d\($0)"), content: .directory(Mode(0o755))))
        }
        try expect(send(laptop.request(three)), .tooLarge)
        var other = laptop.request([future])
        other.epoch = "other"
        try expect(send(other), .otherEpoch)
        try expect(
            hub.send("GET", laptop.changesPath(since: 0, wait: 0, epoch: "other"), token: laptop.token), .otherEpoch)
        try expect(hub.send("GET", laptop.changesPath(since: 99, wait: 0), token: laptop.token), .baseFromTheFuture)
        try expect(hub.send("GET", "/v1/changes?wait=0&epoch=\(laptop.epoch)", token: laptop.token), .missingField)
    }

    @Test func `texts that are longer than what is kept of them are refused, and nothing of them is kept`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        func long(_ count: Int) -> String { String(repeating: "x", count: count) }
        func report(_ reason: String) -> HTTPReply {
            var item = PendingMessage(path: "a", direction: .up, bytes: 1, reason: "")
            item.reason = reason
            let report = ReportRequest(
                epoch: laptop.epoch, cursor: 0, barrier: 0, pending: [item], upCount: 1, downCount: 0, bytes: 1)
            return hub.send("POST", "/v1/report", token: laptop.token, body: WireFormat.encode(report))
        }
        #expect(report(long(4_096)).status == 200)
        try expect(report(long(4_097)), .badValue)
        let told = try hub.get("/v1/unsynced?client=laptop", as: [UnsyncedMessage].self)
        #expect(told.first?.reason.utf8.count == 4_096)
        func hello(_ machine: String) -> HTTPReply {
            let hello = HelloRequest(version: "1", generation: "laptop-1", machine: machine)
            return hub.send("POST", "/v1/hello", token: laptop.token, body: WireFormat.encode(hello))
        }
        try expect(hello(long(129)), .badValue)
        #expect(hello(long(128)).status == 200)
        var commit = laptop.request([])
        commit.generation = long(65)
        try expect(
            hub.send("POST", "/v1/commit", token: laptop.token, body: WireFormat.encode(commit)), .badValue)
    }

    @Test func `bytes that are not there or not as promised leave the rest of the batch alone`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        hub.directory.write("secret", to: "secret")
        #expect(symlink("../../secret", hub.directory.path("staging/laptop/link")) == 0)
        let pack = laptop.stage("helloworld")
        func create(_ name: String, _ text: String, _ source: ContentSource) -> OperationMessage {
            laptop.operation(.create(in: .node(.root), name: try! Name(name), content: .file(content(text))), source)
        }
        let outcomes = try laptop.commit(
            create("lie", "other", .staged(file: pack, offset: 0)),
            create("beyond", "world", .staged(file: pack, offset: 6)),
            create("far", "world", .staged(file: pack, offset: .max)),
            create("missing", "world", .staged(file: "nothing", offset: 0)),
            create("through", "secret", .staged(file: "link", offset: 0)),
            create("unknown", "never seen", .known),
            create("good", "world", .staged(file: pack, offset: 5)),
            create("again", "world", .known),
            create("empty", "", .known))
        #expect(outcomes.prefix(6).allSatisfy { $0 == .contentMissing })
        #expect(outcomes.suffix(3).allSatisfy { $0.applied != nil })
        #expect(hub.shareNames() == ["again", "empty", "good"])
        #expect(hub.directory.text("share/again") == "world")
        #expect(hub.directory.text("share/empty") == "")
    }

    @Test func `numbers that a report may not have are refused`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        func report(_ change: (inout ReportRequest) -> Void) -> HTTPReply {
            var report = ReportRequest(
                epoch: laptop.epoch, cursor: 0, barrier: 0, pending: [], upCount: 0, downCount: 0, bytes: 0)
            change(&report)
            return hub.send("POST", "/v1/report", token: laptop.token, body: WireFormat.encode(report))
        }
        func item(_ bytes: Int64) -> PendingMessage {
            PendingMessage(path: "a", direction: .up, bytes: bytes, reason: "x")
        }
        try expect(report { $0.barrier = .max }, .badValue)
        try expect(report { $0.barrier = -1 }, .badValue)
        try expect(report { $0.cursor = -1 }, .badValue)
        try expect(report { $0.cursor = .max }, .baseFromTheFuture)
        try expect(report { $0.upCount = 1 << 40 + 1 }, .badValue)
        try expect(report { ($0.upCount, $0.downCount) = (.max, .max) }, .badValue)
        try expect(report { $0.downCount = -1 }, .badValue)
        try expect(report { $0.bytes = 1 << 62 + 1 }, .badValue)
        try expect(report { $0.pending = [item(-1)] }, .badValue)
        try expect(report { $0.pending = [item(.max)] }, .badValue)
        let highest = report {
            ($0.upCount, $0.downCount, $0.bytes, $0.pending) = (1 << 40, 1 << 40, 1 << 62, [item(1 << 62)])
        }
        #expect(highest.status == 200)
        #expect(hub.send("GET", "/v1/status").status == 200)
        #expect(hub.send("GET", "/v1/unsynced").status == 200)
        // Only a barrier that was raised may be passed.
        let waiting = hub.later(
            "POST", "/v1/wait", token: HubFixture.adminToken,
            body: WireFormat.encode(WaitRequest(path: nil, on: nil, timeout: 20)), as: WaitResponse.self)
        let barrier = try #require(try laptop.changesLater(since: 0).value()?.get()).barrier
        try expect(report { $0.barrier = barrier + 1 }, .badValue)
        #expect(report { $0.barrier = barrier }.status == 200)
        #expect(try waiting.value()?.get().inSync == true)
    }

    @Test func `a size that no file has is never believed`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        func huge(_ text: String, _ size: Int64) -> Content {
            var file = content(text)
            file.size = size
            return .file(file)
        }
        let sizes: [Int64] = [.max, .max - 1, 1 << 62, 4, 2]
        for size in sizes {
            let pack = laptop.stage("one")
            let outcomes = try laptop.commit(
                laptop.operation(.create(in: .node(.root), name: try Name("b"), content: huge("one", size)), .known),
                laptop.operation(
                    .create(in: .node(.root), name: try Name("c"), content: huge("one", size)),
                    .staged(file: pack, offset: 0)),
                laptop.operation(
                    .create(in: .node(.root), name: try Name("d"), content: .file(content("one"))),
                    .staged(file: pack, offset: size)),
                laptop.operation(.edit(node.id, base: node.contentVersion, content: huge("one", size)), .known),
                laptop.operation(.create(in: .node(.root), name: try Name("e"), content: huge("", size)), .known))
            #expect(outcomes.allSatisfy { $0 == .contentMissing })
        }
        // What was fetched earlier in the same commit, and what lies in versions/.
        _ = try laptop.commit(
            laptop.operation(.delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion)))
        let deleted = try laptop.commit(
            laptop.operation(.create(in: .node(.root), name: try Name("f"), content: .file(content("one"))), .known),
            laptop.operation(.create(in: .node(.root), name: try Name("g"), content: huge("one", .max)), .known),
            laptop.operation(.edit(node.id, base: node.contentVersion, content: huge("one", .max))))
        #expect(deleted[0].applied != nil)
        #expect(deleted[1] == .contentMissing && deleted[2] == .contentMissing)
        #expect(hub.shareNames() == ["f"])
        #expect(try hub.get("/v1/status", as: StatusResponse.self).hub.bytes == 3)
    }

    @Test func `numbers at the end of what can be counted are answered`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        let far: Int64 = .max
        for (path, token) in [
            ("/v1/log?after=\(far)", HubFixture.adminToken), ("/v1/log?limit=\(far)", HubFixture.adminToken),
            ("/v1/log?after=0&wait=\(far)", HubFixture.adminToken),
            (laptop.changesPath(since: 0, wait: 0, barrier: far), laptop.token),
        ] { #expect(hub.send("GET", path, token: token).status == 200, "\(path)") }
        try expect(hub.send("GET", laptop.changesPath(since: far, wait: 0), token: laptop.token), .baseFromTheFuture)
        try expect(hub.send("POST", "/v1/pause", json: #"{"client":"laptop","seconds":\#(far)}"#), .badValue)
        try expect(hub.send("POST", "/v1/invite", json: #"{"client":"desk","valid":\#(far)}"#), .badValue)
        try expect(hub.send("POST", "/v1/wait", json: #"{"timeout":\#(Int64.min)}"#), .badValue)
        func commit(number: Int64, acknowledged: Int64, _ change: Change) -> HTTPReply {
            let operation = OperationMessage(
                Operation(id: OperationID(generation: "laptop-1", number: number), change: change))
            let request = CommitRequest(
                epoch: laptop.epoch, generation: "laptop-1", acknowledged: acknowledged, operations: [operation])
            return hub.send("POST", "/v1/commit", token: laptop.token, body: WireFormat.encode(request))
        }
        let directory = Content.directory(Mode(0o755))
        let delete = Change.delete(node.id, contentBase: Version(far), locationBase: Version(far))
        try expect(commit(number: far, acknowledged: 0, delete), .baseFromTheFuture)
        let orphan = Change.create(in: .node(NodeID(far)), name: try Name("d"), content: directory)
        #expect(commit(number: far, acknowledged: .min, orphan).status == 200)
        try expect(commit(number: .min, acknowledged: 0, orphan), .indexSetBack)
        try expect(commit(number: far, acknowledged: far, orphan), .indexSetBack)
        for (index, time) in [far, .min].enumerated() {
            var file = content("")
            file.mtime = time
            let creation = Change.create(in: .node(.root), name: try Name("t\(index)"), content: .file(file))
            let early = OperationMessage(
                Operation(id: OperationID(generation: "laptop-2", number: Int64(index + 1)), change: creation))
            let request = CommitRequest(
                epoch: laptop.epoch, generation: "laptop-2", acknowledged: 0, operations: [early])
            #expect(hub.send("POST", "/v1/commit", token: laptop.token, body: WireFormat.encode(request)).status == 200)
        }
        #expect(hub.shareNames() == ["a", "t0", "t1"])
    }

    @Test(arguments: ["", ".", "..", "a/b", "-a", "share", "hub", "a b", String(repeating: "a", count: 65)])
    func `a client may not have every name`(name: String) throws {
        let hub = try HubFixture()
        try expect(hub.send("POST", "/v1/invite", body: WireFormat.encode(InviteRequest(client: name))), .badName)
    }
}
