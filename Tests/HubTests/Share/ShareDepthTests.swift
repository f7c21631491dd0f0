import ControlAPI
import FileTree
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What lies deeper in the share than anything may is told of, and does no harm.
struct ShareDepthTests {
    private func told(_ share: ShareHub) throws -> [String: String] {
        let items = try share.hub.get("/v1/unsynced", as: [UnsyncedMessage].self).filter { $0.client == "share" }
        return Dictionary(items.map { ($0.path, $0.reason) }) { first, _ in first }
    }

    private func path(_ name: String, _ count: Int) -> String {
        Array(repeating: name, count: count).joined(separator: "/")
    }

    @Test func `what a phone makes deeper is told of until it is gone, and what is above is synced`() throws {
        let share = try ShareHub()
        makeDeepDirectory(in: share.path, levels: 257)
        share.put("deep", path("d", 255) + "/file")
        try share.settled()
        #expect(try share.node(path("d", 255)) != nil && share.node(path("d", 256)) == nil)
        #expect(try share.node(path("d", 255) + "/file")?.content.kind == .file)
        #expect(try told(share) == [path("d", 256): TreeLimits.reason])
        let why = try share.hub.post("/v1/why", PathRequest(path: path("d", 256)), as: WhyResponse.self)
        #expect(why.sentence.contains("too deep"))
        // Nobody waits for it.
        let status = try share.hub.get("/v1/status", as: StatusResponse.self)
        #expect(!status.clients.contains { $0.name == "share" })
        // A start sees the same.
        try share.hub.restart()
        try share.settled()
        #expect(try told(share) == [path("d", 256): TreeLimits.reason])
        // Moved up, it is not too deep any more.
        share.move(path("d", 10), "up")
        try share.expectSame()
        #expect(try share.node("up/" + path("d", 247)) != nil && told(share).isEmpty)
    }

    @Test func `a directory that a phone moves to where it is too deep is taken in as far as it may be`() throws {
        let share = try ShareHub(guardedBy: MassChangeGuard(percent: 0))
        makeDeepDirectory(in: share.path, levels: 200, name: "u")
        makeDeepDirectory(in: share.path, levels: 100, name: "l")
        try share.settled()
        share.move("l", path("u", 200) + "/l")
        try share.settled()
        #expect(try share.node("l") == nil)
        let below = path("u", 200) + "/" + path("l", 55)
        #expect(try share.node(below) != nil && share.node(below + "/l") == nil)
        #expect(try told(share) == [below + "/l": TreeLimits.reason])
        let ann = try share.hub.join("ann")
        #expect(try ann.create("new", "new").applied != nil)
    }

    @Test func `5,000 directories in one another in the share hold up nobody`() throws {
        let share = try ShareHub(guardedBy: MassChangeGuard(percent: 0))
        // A test's directory goes by recursion.
        defer { try? PrivateArea(path: share.path).remove(Name("d")) }
        let ann = try share.hub.join("ann")
        makeDeepDirectory(in: share.path, levels: 5_000)
        share.put("text", "file")
        try share.settled()
        #expect(try share.node("file") != nil && told(share).count == 1)
        #expect(try ann.create("new", "new").applied != nil)
        try share.hub.restart()
        try share.settled()
        try share.hub.restart { try PrivateArea(path: share.path).remove(Name("d")) }
        try share.expectSame()
        #expect(try share.node("d") == nil)
    }

    @Test func `5,000 directories in one another in staging go, and nobody waits for that`() throws {
        let hub = try HubFixture()
        let ann = try hub.join("ann")
        let staging = hub.directory.makeDirectory("staging/ann")
        let doomed = hub.directory.path(".synchub/doomed")
        defer {
            try? PrivateArea(path: staging).remove(Name("d"))
            for item in (try? PrivateArea(path: doomed).items()) ?? [] { try? item.remove() }
        }
        makeDeepDirectory(in: staging, levels: 5_000)
        // A commit names it as if it were a file.
        let outcomes = try ann.commit(
            ann.operation(
                .create(in: .node(.root), name: Name("new"), content: .file(content("new"))),
                .staged(file: "d", offset: 0)))
        #expect(outcomes == [.contentMissing])
        let count = hub.core.inspect { $0.store.clearStaging(of: "ann") }
        #expect(count == 1 && hub.directory.names(in: "staging/ann").isEmpty)
        #expect(try ann.create("new", "new").applied != nil)
        let deadline = ContinuousClock.now + .seconds(300)
        while !hub.directory.names(in: ".synchub/doomed").isEmpty, ContinuousClock.now < deadline { usleep(10_000) }
        #expect(hub.directory.names(in: ".synchub/doomed").isEmpty)
    }

    @Test func `an agent's directory that would be too deep is refused by itself`() throws {
        let hub = try HubFixture()
        let ann = try hub.join("ann")
        let mode = Content.directory(Mode(0o755))
        var operations: [OperationMessage] = []
        for number in 1...257 {
            let id = OperationID(generation: "ann-1", number: Int64(number) - 1)
            let parent: ParentReference = number == 1 ? .node(.root) : .created(by: id)
            operations.append(ann.operation(.create(in: parent, name: try Name("d"), content: mode)))
        }
        let outcomes = try hub.post(
            "/v1/commit", ann.request(operations), token: ann.token, as: CommitResponse.self
        ).outcomes.map { try $0.outcome() }
        #expect(outcomes.prefix(255).allSatisfy { $0.applied != nil })
        #expect(outcomes[255] == .refused(.tooDeep, current: nil))
        #expect(outcomes[256] == .refused(.orphaned, current: nil))
        #expect(try hub.journal().path(of: outcomes[254].applied!.id)?.names.count == 255)
        #expect(try ann.create("new", "new").applied != nil)
    }

    @Test func `a list with more rules than hold is told of, and nothing goes on there until it is shorter`() throws {
        let share = try ShareHub()
        share.put((1...1_001).map { "rule-\($0)\n" }.joined(), ".syncignore")
        try share.settled()
        for name in ["rule-1001", "other"] { share.put("text", name) }
        try share.settled()
        #expect(try share.node("rule-1001") == nil && share.node("other") == nil)
        let excess = "only the first 1000 rules of it hold, up to line 1000"
        #expect(try told(share)[".syncignore"]?.hasPrefix(excess) == true)
        share.put("rule-1001\n", ".syncignore")
        try share.settled()
        #expect(try told(share).isEmpty && share.node("rule-1001") == nil && share.node("other") != nil)
    }
}
