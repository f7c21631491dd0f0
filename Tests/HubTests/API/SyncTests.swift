import ControlAPI
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Fails the test when the request did not get this refusal.
func expectRefusal<Value>(
    _ code: ErrorCode, _ later: Later<Result<Value, any Error>>, _ location: SourceLocation = #_sourceLocation
) {
    guard case .failure(let error)? = later.value() else {
        return #expect(Bool(false), "no refusal", sourceLocation: location)
    }
    #expect((error as? ErrorMessage)?.code == code, "\(error)", sourceLocation: location)
}

struct LongPollTests {
    /// A poll is open when the hub says that its client is there; every request before it was handled then.
    private func waitUntilOnline(_ hub: HubFixture, _ name: String) throws {
        for _ in 0..<2000 {
            let client = try hub.get("/v1/status", as: StatusResponse.self).clients.first { $0.name == name }
            if client?.state != .offline { return }
        }
        #expect(Bool(false), "\(name) never came")
    }

    private var impatient: HubCoreSettings {
        var settings = HubCoreSettings()
        settings.offlineAfter = 0
        return settings
    }

    @Test func `a commit wakes the others`() throws {
        let hub = try HubFixture(settings: impatient)
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        #expect(try desk.changes(since: 0).nodes.isEmpty)
        let poll = desk.changesLater(since: 0)
        try waitUntilOnline(hub, "desk")
        #expect(!poll.isDone)
        _ = try laptop.create("a", "one")
        let changes = try #require(try poll.value()?.get())
        #expect(changes.nodes.map(\.name) == ["a"])
        #expect(changes.through == 1 && changes.head == 1)
    }

    @Test func `changes come in pages, each node once`() throws {
        var settings = HubCoreSettings()
        settings.pageLimit = 2
        let hub = try HubFixture(settings: settings)
        let laptop = try hub.join("laptop")
        for name in ["a", "b", "c"] { _ = try laptop.create(name, name) }
        let first = try laptop.changes(since: 0)
        #expect(first.nodes.map(\.name) == ["a", "b"])
        #expect(first.through == 2 && first.head == 3)
        let second = try laptop.changes(since: first.through)
        #expect(second.nodes.map(\.name) == ["c"])
        #expect(second.through == 3)
    }

    @Test func `why says which copy lies beside a file in conflict`() throws {
        let hub = try HubFixture()
        _ = try hub.join("desk").create("a.txt", "one")
        _ = try hub.join("laptop").create("a.txt", "two")
        let conflict = try #require(try hub.get("/v1/conflicts", as: [ConflictMessage].self).first)
        for path in [conflict.path, conflict.copy] {
            let why = try hub.post("/v1/why", PathRequest(path: path), as: WhyResponse.self)
            #expect(why.sentence.contains(conflict.copy) && why.sentence.contains("conflict"))
            #expect(why.sentence.contains("laptop's version") && why.sentence.hasSuffix("delete the other"))
        }
    }

    @Test func `a pause wakes the client, keeps changes from it, and refuses its commits`() throws {
        let hub = try HubFixture(settings: impatient)
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        let poll = laptop.changesLater(since: 0)
        try waitUntilOnline(hub, "laptop")
        _ = try hub.post("/v1/pause", ClientRequest(client: "laptop"), as: ClientsTouchedResponse.self)
        #expect(try poll.value()?.get().paused == PauseMessage(until: nil))
        _ = try desk.create("a", "one")
        #expect(try laptop.changes(since: 0, paused: 1).nodes.isEmpty)
        #expect(throws: ErrorMessage.self) { _ = try laptop.create("b", "two") }
        let status = try hub.get("/v1/status", as: StatusResponse.self)
        #expect(status.clients.map(\.state) == [.offline, .paused])
        let unsynced = try hub.get("/v1/unsynced?client=laptop", as: [UnsyncedMessage].self)
        #expect(unsynced.map(\.path) == ["a"])
        let since = try #require(status.clients.last?.pausedSince)
        #expect(
            unsynced.map(\.reason) == ["paused since \(since), until somebody resumes it (`syncctl resume laptop`)"])

        let resumed = laptop.changesLater(since: 0, paused: 1)
        _ = try hub.post("/v1/resume", ClientRequest(client: nil, all: true), as: ClientsTouchedResponse.self)
        #expect(try resumed.value()?.get().nodes.map(\.name) == ["a"])
    }

    @Test func `a limit wakes the client, is told to it and to people, and outlasts a restart`() throws {
        let hub = try HubFixture(settings: impatient)
        let laptop = try hub.join("laptop")
        _ = try hub.join("desk")
        let poll = hub.later(
            "GET", laptop.changesPath(since: 0, wait: 20) + "&limits=;", token: laptop.token,
            as: ChangesResponse.self)
        try waitUntilOnline(hub, "laptop")
        _ = try hub.post(
            "/v1/limit", LimitRequest(client: "laptop", up: "8:00,512k 23:00,off"), as: ClientsTouchedResponse.self)
        let limits = try #require(try poll.value()?.get().limits)
        #expect(limits.up == "08:00,512k 23:00,off" && limits.down == "off")
        #expect(try hub.get("/v1/status", as: StatusResponse.self).clients.map(\.limits) == [nil, limits])
        // Who knows it waits on.
        let known = laptop.changesPath(since: 0, wait: 0) + "&limits=08:00,512k+23:00,off;off"
        #expect(try hub.get(known, token: laptop.token, as: ChangesResponse.self).limits == limits)
        _ = try hub.post(
            "/v1/limit", LimitRequest(client: nil, all: true, down: "2M"), as: ClientsTouchedResponse.self)
        let all = try hub.get("/v1/status", as: StatusResponse.self).clients.compactMap(\.limits)
        #expect(all.map(\.down) == ["2M", "2M"] && all.map(\.up) == ["off", "08:00,512k 23:00,off"])
        #expect(try hub.journal().client(named: "desk")?.limitDown == Timetable("2M"))
    }

    @Test func `a pause that runs out wakes the client`() throws {
        let moved = MovedClock()
        let hub = try HubFixture(settings: impatient, clock: moved.clock)
        let laptop = try hub.join("laptop")
        let touched = try hub.post(
            "/v1/pause", ClientRequest(client: "laptop", seconds: 3600), token: laptop.token,
            as: ClientsTouchedResponse.self)
        #expect(touched.clients == ["laptop"])
        #expect(try hub.get("/v1/status", as: StatusResponse.self).clients[0].pausedUntil != nil)
        let poll = laptop.changesLater(since: 0, paused: 1)
        moved.move(by: 3590)
        hub.core.clockMoved()
        #expect(try hub.get("/v1/status", as: StatusResponse.self).clients[0].state == .paused)
        #expect(!poll.isDone)
        moved.move(by: 15)
        hub.core.clockMoved()
        let answer = try #require(try poll.value()?.get())
        #expect(answer.paused == nil)
    }

    @Test func `a revoked client's polls end at once, and its token is told why`() throws {
        let hub = try HubFixture(settings: impatient)
        let laptop = try hub.join("laptop")
        #expect(hub.keys.keys.map(\.access) == [.agent])
        let poll = laptop.changesLater(since: 0)
        try waitUntilOnline(hub, "laptop")
        _ = try hub.post("/v1/revoke", ClientRequest(client: "laptop"), as: ClientsTouchedResponse.self)
        expectRefusal(.revoked, poll)
        let reply = hub.send("GET", "/v1/status", token: laptop.token)
        #expect(reply.status == 403)
        #expect(hub.keys.keys.isEmpty)
        #expect(hub.keys.waitForEnd(of: try PublicKey(line: HubFixture.key(of: "laptop"))))
        #expect(try hub.get("/v1/clients", as: [ClientMessage].self).map(\.state) == [.revoked])
        // The name may be given again.
        _ = try hub.join("laptop")
    }

    @Test func `members steer only themselves`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk", admin: true)
        for (path, request) in [
            ("/v1/revoke", ClientRequest(client: "desk")), ("/v1/pause", ClientRequest(client: "desk")),
        ] {
            #expect(throws: ErrorMessage.self) {
                _ = try hub.post(path, request, token: laptop.token, as: ClientsTouchedResponse.self)
            }
        }
        _ = try hub.post(
            "/v1/revoke", ClientRequest(client: "laptop"), token: desk.token, as: ClientsTouchedResponse.self)
    }
}

struct HelloTests {
    private func hello(_ client: TestClient, since: Int64?, chain: String? = nil) throws -> HelloResponse {
        try client.hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "\(client.name)-1", since: since, chain: chain),
            token: client.token, as: HelloResponse.self)
    }

    @Test func `a client learns the chain value with each page, and is known by it`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let start = try #require(try laptop.changes(since: 0).chain)
        for name in ["a", "b", "c"] { _ = try laptop.create(name, name) }
        let chain = try #require(try laptop.changes(since: 0).chain)
        #expect(try hub.journal().chain.map(Escaping.hex).joined() == chain)
        #expect(try hello(laptop, since: 3, chain: chain).known)
        #expect(try hello(laptop, since: 0, chain: start).known)
        // Who is new, or does not know the value, is believed as far as the history goes.
        for since in [nil, 0, 2, 3] as [Int64?] { #expect(try hello(laptop, since: since).known) }
        #expect(try laptop.changes(since: 3, paused: 0).chain == chain)
    }

    @Test func `a client that has seen another history is told, and counts as one that has nothing`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        for name in ["a", "b"] { _ = try laptop.create(name, name) }
        let chain = try #require(try laptop.changes(since: 0).chain)
        try laptop.report(cursor: 2, barrier: 0)
        func cursor() throws -> Int64? {
            try hub.get("/v1/status", as: StatusResponse.self).clients.first?.cursor
        }
        #expect(try cursor() == 2)
        #expect(try hello(laptop, since: 2, chain: chain).known)
        #expect(try cursor() == 2)
        for (since, chain) in [
            (1, chain), (0, chain), (2, String(repeating: "0", count: 64)), (2, ""), (3, nil), (.max, nil),
        ] as [(Int64, String?)] {
            #expect(try !hello(laptop, since: since, chain: chain).known, "\(since)")
        }
        #expect(try cursor() == 0)
        #expect(throws: ErrorMessage.self) { _ = try hello(laptop, since: -1) }
    }
}

struct WaitTests {
    private func wait(_ hub: HubFixture, path: String? = nil, on: [String]? = nil, timeout: Int = 15) -> Later<
        Result<WaitResponse, any Error>
    > {
        hub.later(
            "POST", "/v1/wait", token: HubFixture.adminToken,
            body: WireFormat.encode(WaitRequest(path: path, on: on, timeout: timeout)), as: WaitResponse.self)
    }

    @Test func `a wait tells clients its barrier, and ends when all have passed it at the head`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        let waiting = wait(hub)
        let barrier = try #require(try laptop.changesLater(since: 0).value()?.get()).barrier
        #expect(barrier > 0)
        _ = try laptop.create("a", "one")
        try laptop.report(cursor: 1, barrier: barrier)
        try desk.report(cursor: 0, barrier: barrier)
        #expect(!waiting.isDone)
        try desk.report(cursor: 1, barrier: barrier)
        let answer = try #require(try waiting.value()?.get())
        #expect(answer.inSync && answer.seq == 1 && answer.waiting.isEmpty)
    }

    @Test func `a barrier comes with the last page only`() throws {
        var settings = HubCoreSettings()
        settings.pageLimit = 1
        let hub = try HubFixture(settings: settings)
        let laptop = try hub.join("laptop")
        for name in ["a", "b"] { _ = try laptop.create(name, name) }
        let waiting = wait(hub, timeout: 0)
        #expect(try waiting.value()?.get().inSync == false)
        #expect(try laptop.changes(since: 0, barrier: 0).barrier == 0)
        #expect(try laptop.changes(since: 1, barrier: 0).barrier > 0)
    }

    @Test func `a wait that runs out says why for each client`() throws {
        let hub = try HubFixture()
        _ = try hub.join("laptop")
        let answer = try #require(try wait(hub, timeout: 0).value()?.get())
        #expect(!answer.inSync)
        #expect(answer.waiting == [WaitResponse.Waiting(client: "laptop", reason: "has not answered yet")])
    }

    @Test func `a wait ends when the one it waits for is paused or revoked`() throws {
        let hub = try HubFixture()
        for name in ["laptop", "desk"] { _ = try hub.join(name) }
        let waiting = wait(hub)
        _ = try hub.post("/v1/pause", ClientRequest(client: "laptop"), as: ClientsTouchedResponse.self)
        _ = try hub.post("/v1/revoke", ClientRequest(client: "desk"), as: ClientsTouchedResponse.self)
        #expect(try waiting.value()?.get().inSync == true)
    }

    @Test func `a wait for a path does not mind the rest`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        _ = try laptop.create("a", "one")
        let waiting = wait(hub, path: "a")
        let barrier = try #require(try laptop.changesLater(since: 1).value()?.get()).barrier
        let other = PendingMessage(path: "big", direction: .up, bytes: 9, reason: "being sent")
        try laptop.report(cursor: 1, barrier: barrier, pending: [other])
        try desk.report(cursor: 1, barrier: barrier)
        #expect(try waiting.value()?.get().inSync == true)
        let why = try hub.post("/v1/why", PathRequest(path: "a"), as: WhyResponse.self)
        #expect(why.sentence == "a is the same on all 2 machines (seq 1)")
        let status = try hub.get("/v1/status", as: StatusResponse.self)
        #expect(status.clients.map(\.state) == [.inSync, .syncing])
    }
}

struct JoinTests {
    @Test func `an invite is good until the first hello, and its key goes with it`() throws {
        let hub = try HubFixture()
        let invite = try #require(
            try hub.post("/v1/invite", InviteRequest(client: "laptop"), as: InviteResponse.self).invite)
        #expect(invite.hub == "pi" && invite.client == "laptop" && invite.apiPort == 8080)
        #expect(invite.key.hasPrefix("-----BEGIN OPENSSH PRIVATE KEY-----"))
        #expect(hub.keys.keys.count == 1)
        let first = try hub.join(invite)
        let second = try hub.join(invite)
        #expect(first.token != second.token)
        #expect(hub.keys.keys.count == 2)
        #expect(hub.send("GET", "/v1/status", token: first.token).status == 401)
        _ = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "g"), token: second.token, as: HelloResponse.self)
        #expect(hub.keys.keys.map(\.access) == [.agent])
        #expect(throws: ErrorMessage.self) { _ = try hub.join(invite) }
        #expect(hub.directory.names(in: "staging") == ["laptop"])
        #expect(hub.directory.names(in: ".synchub").allSatisfy { !$0.hasPrefix("invite") })
    }

    @Test func `a name that is in use cannot be invited, an invite can be withdrawn`() throws {
        let hub = try HubFixture()
        _ = try hub.join("laptop")
        #expect(hub.send("POST", "/v1/invite", json: #"{"client":"laptop"}"#).status == 409)
        let invite = try #require(
            try hub.post("/v1/invite", InviteRequest(client: "desk"), as: InviteResponse.self).invite)
        _ = try hub.post("/v1/revoke", ClientRequest(client: "desk"), as: ClientsTouchedResponse.self)
        #expect(hub.keys.keys.count == 1)
        #expect(throws: ErrorMessage.self) { _ = try hub.join(invite) }
    }

    @Test func `a phone is registered with its key at once`() throws {
        let hub = try HubFixture()
        #expect(hub.send("POST", "/v1/invite", json: #"{"client":"phone","sftp_only":true}"#).status == 400)
        let answer = try hub.post(
            "/v1/invite", InviteRequest(client: "phone", sftpOnly: true, key: HubFixture.otherKey("B") + " me@phone"),
            as: InviteResponse.self)
        #expect(answer.sftp?.user == "sync")
        #expect(answer.sftp?.fingerprint.hasPrefix("SHA256:") == true)
        #expect(hub.keys.keys.map(\.access) == [.sftp])
        let client = try #require(try hub.get("/v1/clients", as: [ClientMessage].self).first)
        #expect(client.kind == .sftp && client.state == .inSync)
        // Nobody there would hold a limit.
        let refused = #expect(throws: ErrorMessage.self) {
            try hub.post("/v1/limit", LimitRequest(client: "phone", up: "512k"), as: ClientsTouchedResponse.self)
        }
        #expect(refused?.code == .badValue && refused?.message.hasPrefix("phone uses SFTP alone") == true)
        #expect(client.fingerprint?.hasPrefix("SHA256:") == true)
    }

    @Test func `the log tells what happened, and waits for more`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let node = try #require(try laptop.create("a", "one").applied)
        let more = hub.later("GET", "/v1/log?after=1&wait=20", token: HubFixture.adminToken, as: [LogMessage].self)
        _ = try laptop.commit(laptop.operation(.move(node.id, base: .first, to: .node(.root), name: try Name("b"))))
        let log = try #require(try more.value()?.get())
        #expect(log.map(\.change) == ["move"])
        #expect(log.map(\.from) == ["a"])
        #expect(try hub.get("/v1/log?limit=1", as: [LogMessage].self).map(\.path) == ["b"])
        #expect(try hub.get("/v1/paths", as: PathsResponse.self).paths.contains { $0.path == hub.layout.share })
    }
}
