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
        try journal.addClient("laptop", kind: .agent, publicKey: "k", at: 0)
        let (phone, laptop) = (
            try #require(try journal.client(named: "phone")), try #require(try journal.client(named: "laptop"))
        )
        let day: Nanoseconds = 86_400_000_000_000
        func isLive(_ record: ClientRecord, seen: Nanoseconds?, online: Bool = false) -> Bool? {
            CollectionRule.Client(record, lastSeen: seen, isOnline: online, now: 100 * day, staleAfter: 90)?.isLive
        }
        #expect(isLive(laptop, seen: 10 * day + 1) == true)
        #expect(isLive(laptop, seen: 10 * day) == false)
        #expect(isLive(laptop, seen: 10 * day, online: true) == true)
        #expect(isLive(laptop, seen: nil) == false)
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
        func collect() {
            hub.core.inspect {
                $0.flush(); $0.collectTombstones()
            }
        }
        // Seen a moment ago: it keeps the tombstone.
        collect()
        #expect(try desk.changes(since: 3).nodes.map(\.deleted) == [true])
        clock.move(by: 91 * 86_400)
        collect()
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
