import ControlAPI
import TestSupport
import Testing

/// One machine fetches what another one is still sending.
@Suite(.fleet)
struct EarlyTests {
    private let size = 40 << 20
    /// What the protocols around it may take, and what was under way when it was cut.
    private let slack = 6 << 20

    private func privately(_ agent: FleetAgent) -> FleetFolder { FleetFolder(agent.folder.path + "/.synchub/private") }

    private func parts(_ agent: FleetAgent) -> [FleetPath] {
        privately(agent).names().filter { "\($0)".hasPrefix("part-") }
    }

    /// `ann` sends a large file and is held up in the middle; `bea` has all that has come.
    private func holdUpload(_ fleet: Fleet) throws -> FleetProxy {
        let proxy = fleet["ann"].proxy!  // SAFETY: these fleets are proxied.
        try fleet.wait()
        proxy.limit(each: size / 2, .up)
        try fleet["ann"].folder.write(noise(size), to: "new/large")
        try proxy.waitForLimit()
        try eventually("most of what was sent is here") {
            let sizes = parts(fleet["bea"]).compactMap { privately(fleet["bea"]).read($0)?.count }
            return sizes.contains { $0 > size / 2 - slack }
        }
        return proxy
    }

    @Test func `what one machine is still sending is on another one as far as it has come, and comes once`() throws {
        try withFleet(proxied: true) { fleet in
            let proxy = try holdUpload(fleet)
            #expect(!fleet.hub.share.exists("new/large") && !fleet["bea"].folder.exists("new/large"))
            // Nobody waits for what no commit has named.
            #expect(try fleet.hub.unsynced().allSatisfy { $0.client == "ann" })
            proxy.release()
            try fleet.expectSame(seconds: 90)
            let down = fleet["bea"].proxy!.bytes.down  // SAFETY: as above.
            #expect(down < size + slack, "\(down) bytes came down")
            #expect(parts(fleet["bea"]).isEmpty)
            #expect(FleetFolder(fleet.hub.root + "/.synchub/coming/bea").names().isEmpty)
        }
    }

    @Test func `of a file that its user changes while it is sent nothing is placed, and nothing stays`() throws {
        try withFleet(proxied: true) { fleet in
            let proxy = try holdUpload(fleet)
            let old = parts(fleet["bea"])
            fleet["ann"].kill()
            try fleet["ann"].folder.write(noise(size, seed: 7), to: "new/large")
            proxy.release()
            try fleet["ann"].start()
            try fleet.expectSame(seconds: 90)
            #expect(fleet["bea"].folder.item("new/large") == fleet["ann"].folder.item("new/large"))
            try eventually("what had come is removed") { Set(parts(fleet["bea"])).isDisjoint(with: old) }
            #expect(try fleet.hub.conflicts().isEmpty)
        }
    }
}
