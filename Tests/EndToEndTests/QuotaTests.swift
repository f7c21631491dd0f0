import TestSupport
import Testing

/// What one client may have on its way, end to end.
@Suite(.fleet)
struct QuotaTests {
    @Test(arguments: [6 << 20, 12 << 20])
    func `what is larger than the quota is not sent, says so, and holds up nothing`(size: Int) throws {
        try withFleet(agents: ["ann"], running: false) { fleet in
            try fleet.hub.stop()
            try fleet.hub.configure { $0.replacing("max_mib: 0", with: "max_mib: 2") }
            try fleet.hub.start()
            try fleet["ann"].start()
            let folder = fleet["ann"].folder
            try folder.write(noise(size), to: "large")
            func reason() throws -> String? { try fleet.hub.unsynced().first { $0.path == "large" }?.reason }
            try eventually("the reason is told") { try reason()?.contains("staging.max_mib") == true }
            try folder.write(noise(1 << 20), to: "small")
            try fleet.wait("small", seconds: 20)
            #expect(fleet.hub.staged(by: "ann").isEmpty)
            #expect(try fleet.hub.ctl("why", "large").expectDone().output.contains("staging.max_mib"))
            // It goes when it may.
            try fleet["ann"].stop()
            try fleet.hub.stop()
            try fleet.hub.configure { $0.replacing("max_mib: 2", with: "max_mib: 0") }
            try fleet.hub.start()
            try fleet["ann"].start()
            try fleet.expectSame()
        }
    }
}
