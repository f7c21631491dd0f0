import ControlAPI
import TestSupport
import Testing

@testable import Hub

/// One identity on two machines: a cloned disk, a copied home.
struct MachineTests {
    private func hello(_ client: TestClient, _ machine: String?) throws -> HelloResponse {
        try client.hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "\(client.name)-1", machine: machine),
            token: client.token, as: HelloResponse.self)
    }

    private func expectRefused(_ client: TestClient, _ machine: String) throws {
        do {
            _ = try hello(client, machine)
            Issue.record("the second machine was let in")
        } catch let error as ErrorMessage {
            #expect(error.code == .otherMachine && error.message.contains("syncagent leave"))
        }
    }

    @Test func `the second machine with one identity is refused, a restart of the first is not`() throws {
        let hub = try HubFixture()
        let ann = try hub.join("ann")
        _ = try hello(ann, "one")
        try expectRefused(ann, "two")
        _ = try hello(ann, "one")
        _ = try hello(ann, nil)
        try expectRefused(ann, "two")
    }

    @Test func `while a second machine is refused, status says so beside the state of the first`() throws {
        let hub = try HubFixture()
        let ann = try hub.join("ann")
        _ = try hello(ann, "one")
        try ann.report(cursor: 0, barrier: 0)
        func status() throws -> StatusResponse.Client? {
            try hub.get("/v1/status", as: StatusResponse.self).clients.first
        }
        #expect(try status()?.refused == nil)
        try expectRefused(ann, "two")
        let told = try status()
        #expect(told?.refused?.contains("another machine") == true && told?.state == .inSync)
        hub.core.inspect { $0.clients["ann"]?.turnedAway? -= .seconds(120) }
        #expect(try status()?.refused == nil)
    }

    @Test func `a machine comes in when the other one is gone, not while its poll is open`() throws {
        var settings = HubCoreSettings()
        settings.offlineAfter = 0
        let hub = try HubFixture(settings: settings)
        let ann = try hub.join("ann")
        let head = try hello(ann, "one").head
        let poll = ann.changesLater(since: head)
        try eventually("the poll is open") { hub.core.inspect { $0.clients["ann"]?.openPolls } == 1 }
        try expectRefused(ann, "two")
        _ = try ann.create("wakes the poll", "up")
        _ = poll.value()
        _ = try hello(ann, "two")
    }

    @Test func `a hello that is refused keeps nobody online`() throws {
        var settings = HubCoreSettings()
        settings.offlineAfter = 0
        let hub = try HubFixture(settings: settings)
        let ann = try hub.join("ann")
        _ = try hello(ann, "one")
        let heard = hub.core.inspect { $0.clients["ann"]?.lastHeardUptime }
        hub.core.inspect { $0.clients["ann"]?.openPolls = 1 }
        try expectRefused(ann, "two")
        #expect(hub.core.inspect { $0.clients["ann"]?.lastHeardUptime } == heard)
        hub.core.inspect { $0.clients["ann"]?.openPolls = 0 }
    }
}
