import ControlAPI
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Another key and token for a client that goes on.
struct RotateTests {
    private func rotate(_ hub: HubFixture, _ token: String, to key: String?) throws -> String? {
        try hub.post("/v1/rotate", RotateRequest(publicKey: key), token: token, as: RotateResponse.self).token
    }

    private func status(_ hub: HubFixture, _ token: String) -> Int {
        hub.send("GET", "/v1/status", token: token).status
    }

    private func keys(_ hub: HubFixture) -> Set<String> { Set(hub.keys.keys.map(\.key.line)) }

    private let first = HubFixture.key(of: "first")
    private let second = HubFixture.key(of: "second")
    private let own = HubFixture.key(of: "laptop")

    @Test func `until it ends both keys and tokens are good, and then the new ones alone`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let token = try #require(try rotate(hub, laptop.token, to: first))
        #expect(keys(hub).count == 2)
        #expect(status(hub, laptop.token) == 200 && status(hub, token) == 200)
        // The last one counts, for whoever begins again.
        let last = try #require(try rotate(hub, laptop.token, to: second))
        #expect(status(hub, token) == 401)
        #expect(hub.keys.keys.allSatisfy { $0.client.text == "laptop" && $0.access == .agent })
        // With the old token nothing can be ended.
        #expect(throws: ErrorMessage.self) { try rotate(hub, laptop.token, to: nil) }
        #expect(try rotate(hub, last, to: nil) == nil)
        #expect(status(hub, laptop.token) == 401 && status(hub, last) == 200)
        #expect(keys(hub) == [try PublicKey(line: second).line])
        #expect(hub.keys.waitForEnd(of: try PublicKey(line: own)))
        // An answer that was lost is asked for again.
        #expect(try rotate(hub, last, to: nil) == nil)
    }

    @Test func `it is remembered over a start, and the new token begins another one`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let token = try #require(try rotate(hub, laptop.token, to: first))
        try hub.restart()
        #expect(keys(hub).count == 2 && status(hub, token) == 200)
        let next = try #require(try rotate(hub, token, to: second))
        #expect(status(hub, laptop.token) == 401 && status(hub, token) == 200 && status(hub, next) == 200)
        #expect(!keys(hub).contains(try PublicKey(line: own).line))
    }

    @Test func `a revoke takes the new ones too, and nobody's key is another's`() throws {
        let hub = try HubFixture()
        let (laptop, desk) = (try hub.join("laptop"), try hub.join("desk"))
        for key in [own, HubFixture.key(of: "desk")] {
            #expect(throws: ErrorMessage.self) { try rotate(hub, laptop.token, to: key) }
        }
        let token = try #require(try rotate(hub, laptop.token, to: first))
        #expect(throws: ErrorMessage.self) { try rotate(hub, desk.token, to: first) }
        _ = try hub.post("/v1/revoke", ClientRequest(client: "laptop"), as: ClientsTouchedResponse.self)
        #expect(status(hub, token) != 200 && status(hub, laptop.token) != 200)
        #expect(hub.keys.keys.map(\.client.text) == ["desk"])
        #expect(throws: ErrorMessage.self) { try rotate(hub, HubFixture.adminToken, to: second) }
    }

    private func rotating(_ hub: HubFixture) throws -> [String?] {
        try hub.get("/v1/clients", as: [ClientMessage].self).map(\.rotating)
    }

    @Test(arguments: [false, true])
    func `one that is never finished is listed, and ends when hubs have run for a day with what was used last`(
        usesNew: Bool
    ) throws {
        let clock = MovedClock()
        let hub = try HubFixture(clock: clock.clock)
        let laptop = try hub.join("laptop")
        #expect(try rotating(hub) == [nil])
        let token = try #require(try rotate(hub, laptop.token, to: first))
        #expect(try rotating(hub) != [nil])
        // Who only tries the new ones has not taken them.
        for _ in 0..<2 {
            #expect(hub.send("GET", "/v1/changes?since=0&epoch=\(laptop.epoch)&dry=1", token: token).status == 200)
        }
        if usesNew { #expect(status(hub, token) == 200) }
        clock.pass(86_300)
        hub.core.clockMoved()
        #expect(try rotating(hub) != [nil] && keys(hub).count == 2)
        try hub.restart(clock: clock.clock)
        #expect(try rotating(hub) != [nil] && keys(hub).count == 2)
        // The calendar alone ends nothing.
        clock.move(by: 200_000)
        hub.core.clockMoved()
        #expect(keys(hub).count == 2)
        clock.pass(200)
        hub.core.clockMoved()
        #expect(eventually { keys(hub).count == 1 })
        #expect(try rotating(hub) == [nil])
        #expect(keys(hub) == [try PublicKey(line: usesNew ? first : own).line])
        #expect(status(hub, token) == (usesNew ? 200 : 401))
        #expect(status(hub, laptop.token) == (usesNew ? 401 : 200))
    }
}
