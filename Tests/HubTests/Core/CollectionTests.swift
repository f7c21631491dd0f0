import ControlAPI
import Journal
import SyncCore
import Testing

@testable import Hub

/// Which tombstones go, and what a client that was away is told.
struct CollectionTests {
    private func client(_ cursor: Int64, live: Bool = true) -> CollectionRule.Client {
        CollectionRule.Client(name: "c\(cursor)", cursor: Sequence(cursor), isLive: live)
    }

    @Test func `the lowest cursor of the live ones counts, and the head where there is none`() {
        let head = Sequence(9)
        #expect(CollectionRule.limit([client(5), client(3), client(7)], head: head) == Sequence(3))
        #expect(CollectionRule.limit([client(5), client(3, live: false)], head: head) == Sequence(5))
        #expect(CollectionRule.limit([client(3, live: false)], head: head) == head)
        #expect(CollectionRule.limit([], head: head) == head)
    }

    @Test func `who was not seen for the days does not count, nor who takes no changes`() throws {
        let journal = try Journal.inMemory()
        try journal.addClient("phone", kind: .sftp, publicKey: "k", at: 0)
        try journal.addClient("laptop", kind: .agent, publicKey: "l", at: 0)
        let (phone, laptop) = (
            try #require(try journal.client(named: "phone")), try #require(try journal.client(named: "laptop"))
        )
        let day: Int64 = 86_400
        func isLive(_ record: ClientRecord, seen: Int64, online: Bool = false) -> Bool? {
            CollectionRule.Client(record, seen: seen, isOnline: online, now: 100 * day, staleAfter: 90)?.isLive
        }
        #expect(isLive(laptop, seen: 10 * day + 1) == true)
        #expect(isLive(laptop, seen: 10 * day) == false)
        #expect(isLive(laptop, seen: 10 * day, online: true) == true)
        #expect(isLive(laptop, seen: 200 * day) == true)
        #expect(isLive(phone, seen: 99 * day) == nil)
        try journal.revoke("laptop", at: 1)
        #expect(isLive(try #require(try journal.client(named: "laptop")), seen: 99 * day) == nil)
    }

    @Test func `a client behind what was collected is told to take a snapshot, and gets it in pages`() throws {
        let clock = MovedClock()
        var settings = HubCoreSettings()
        settings.pageLimit = 2
        settings.offlineAfter = 0
        let hub = try HubFixture(settings: settings, clock: clock.clock)
        let (laptop, desk) = (try hub.join("laptop"), try hub.join("desk"))
        let nodes = try ["a", "b", "c"].map { try #require(try laptop.create($0, $0).applied) }
        try desk.report(cursor: 3, barrier: 0)
        _ = try laptop.commit(
            laptop.operation(.delete(nodes[1].id, contentBase: .first, locationBase: .first)))
        try laptop.report(cursor: 4, barrier: 0)
        // Seen a moment ago: it keeps the tombstone.
        hub.collect()
        #expect(try desk.changes(since: 3).nodes.map(\.deleted) == [true])
        clock.pass(91 * 86_400)
        try laptop.report(cursor: 4, barrier: 0)
        hub.collect()
        let (away, here) = try hub.core.inspect { desk in
            (desk.facts(try #require(desk.clients["desk"])), desk.facts(try #require(desk.clients["laptop"])))
        }
        #expect(ClientReason.offline(away).hasSuffix(", for so long that it takes a snapshot when it is back"))
        #expect(!here.hasMissed)
        let hello = try hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "desk-1", since: 3), token: desk.token,
            as: HelloResponse.self)
        #expect(hello.known && hello.collected == 4)
        let error = #expect(throws: ErrorMessage.self) { try desk.changes(since: 3) }
        #expect(error?.code == .snapshotNeeded)
        // Who has nothing, who has passed it, and who began afterwards has missed nothing.
        #expect(try desk.changes(since: 0).nodes.count == 2)
        #expect(try desk.changes(since: 4).nodes.isEmpty)
        #expect(
            try hub.get(
                desk.changesPath(since: 3, wait: 0) + "&collected=4", token: desk.token, as: ChangesResponse.self
            )
            .nodes.isEmpty)
        func page(_ after: Int64) throws -> SnapshotResponse {
            try hub.get("/v1/snapshot?epoch=\(desk.epoch)&after=\(after)", token: desk.token, as: SnapshotResponse.self)
        }
        let first = try page(0)
        #expect(first.nodes.map(\.name) == ["a", "c"] && !first.last && first.seq == 4 && first.collected == 4)
        let second = try page(first.through)
        #expect(second.nodes.isEmpty && second.last && second.through == nodes[2].id.rawValue)
    }
}

/// Where a part is looked for when its directory is gone, also when nobody remembers that it was deleted.
struct ForgottenPartTests {
    @Test func `a part that was renamed and then deleted is not looked for at the path that it has left`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        func make(_ name: String) throws -> Node {
            let change = Change.create(in: .node(.root), name: try Name(name), content: .directory(Mode(0o755)))
            return try #require(try laptop.commit(laptop.operation(change))[0].applied)
        }
        var photos = try make("photos")
        _ = try hub.post(
            "/v1/invite",
            InviteRequest(client: "phone", sftpOnly: true, key: HubFixture.otherKey("B"), subtree: "photos"),
            as: InviteResponse.self)
        func part() -> SharePart? { hub.keys.keys.first { $0.client.text == "phone" }?.reach.part }
        #expect(part()?.path.description == "photos")
        let rename = Change.move(
            photos.id, base: photos.locationVersion, to: .node(.root), name: try Name("old-photos"))
        photos = try #require(try laptop.commit(laptop.operation(rename))[0].applied)
        _ = try make("photos")
        let delete = Change.delete(
            photos.id, contentBase: photos.contentVersion, locationBase: photos.locationVersion)
        _ = try laptop.commit(laptop.operation(delete))
        let head = try hub.get("/v1/status", as: StatusResponse.self).hub.seq
        try laptop.report(cursor: head, barrier: 0)
        hub.collect()
        #expect(try hub.journal().node(photos.id) == nil)
        for _ in 0..<2 {
            _ = try hub.get("/v1/status", as: StatusResponse.self)
            #expect(part()?.path.description != "photos" || part()?.directory == nil)
            let subtree = try #require(try hub.journal().client(named: "phone")?.subtree)
            #expect(subtree.path.description == "old-photos" && subtree.node == photos.id)
            try hub.restart()
        }
        // What stands at the path that it had last is it again, as for every part.
        let again = try make("old-photos")
        _ = try hub.get("/v1/status", as: StatusResponse.self)
        #expect(try hub.journal().client(named: "phone")?.subtree?.node == again.id)
    }
}

extension HubFixture {
    /// What the hub does once an hour.
    func collect() {
        core.inspect {
            $0.flush()
            $0.collectTombstones()
            $0.collectStaging(except: [])
        }
    }
}

/// What a hub throws away after a while, by how long hubs have run, under clocks that are wrong.
struct RunningTimeTests {
    private static let day = 86_400
    private let clock = MovedClock()
    private let hub: HubFixture
    private let laptop: TestClient

    /// The desk is away, and has not heard of a deletion.
    init() throws {
        var settings = HubCoreSettings()
        settings.offlineAfter = 0
        hub = try HubFixture(settings: settings, clock: clock.clock)
        laptop = try hub.join("laptop")
        let desk = try hub.join("desk")
        let node = try #require(try laptop.create("a", "a").applied)
        try desk.report(cursor: 1, barrier: 0)
        _ = try laptop.commit(laptop.operation(.delete(node.id, contentBase: .first, locationBase: .first)))
        try laptop.report(cursor: 2, barrier: 0)
    }

    private var collected: Int64 { hub.core.inspect { $0.collected.rawValue } }

    @Test(arguments: [40 * day, -40 * day, 15_000 * day])
    func `a clock that jumps makes nobody stale and collects no tombstone, also over a restart`(jump: Int) throws {
        clock.move(by: jump)
        hub.collect()
        try hub.restart(clock: clock.clock)
        hub.collect()
        clock.move(by: -jump)
        hub.collect()
        #expect(collected == 0)
        #expect(try hub.journal().collectTombstones(upTo: Sequence(2)) == 1)
    }

    @Test func `the days in which hubs have run make one stale, whatever the clock says meanwhile`() throws {
        for jump in [40, -400, 0, 7_000] {
            clock.move(by: jump * Self.day)
            clock.pass(22 * Self.day)
            hub.collect()
            try hub.restart(clock: clock.clock)
        }
        #expect(collected == 0)
        clock.pass(3 * Self.day)
        hub.collect()
        #expect(collected == 2)
    }

    @Test func `a crash sets the running time back by no more than what was not noted, and never ahead`() throws {
        clock.pass(5 * Self.day)
        hub.collect()
        let noted = try hub.journal().runningTime
        #expect(noted >= 5 * Self.day)
        clock.pass(1_800)
        let now = hub.core.inspect { $0.moment }
        #expect(now >= noted + 1_800)
        // As a crash would leave it.
        #expect(try (noted...now).contains(hub.journal().runningTime))
        // Whoever is heard makes it write.
        try laptop.report(cursor: 2, barrier: 0)
        hub.core.inspect { $0.flush() }
        #expect(try hub.journal().runningTime >= now)
    }

    @Test func `an upload is collected after a day in which hubs have run, not when the clock jumps`() throws {
        let old = laptop.stage("old")
        hub.collect()
        clock.move(by: 40 * Self.day)
        hub.collect()
        try hub.restart(clock: clock.clock)
        let names = { [hub] in hub.directory.names(in: "staging/laptop") }
        #expect(names() == [old])
        clock.pass(20 * 3_600)
        // Gone on with: it counts anew.
        let other = laptop.stage("other")
        hub.collect()
        hub.directory.write("other, and more", to: "staging/laptop/\(other)")
        clock.pass(5 * 3_600)
        hub.collect()
        #expect(names() == [other])
        clock.pass(20 * 3_600)
        hub.collect()
        #expect(names() == [other])
        clock.pass(5 * 3_600)
        hub.collect()
        #expect(names() == [])
        #expect(try hub.journal().stagedAges().records.isEmpty)
    }

    @Test func `nothing of a client that sends just now is collected`() throws {
        let old = laptop.stage("old")
        hub.collect()
        clock.pass(2 * Self.day)
        hub.core.inspect { $0.collectStaging(except: ["laptop"]) }
        #expect(hub.directory.names(in: "staging/laptop") == [old])
        hub.collect()
        #expect(hub.directory.names(in: "staging/laptop") == [])
    }
}
