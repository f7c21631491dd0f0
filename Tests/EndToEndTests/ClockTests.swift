import TestSupport
import Testing

/// Clocks that are wrong by more than anything is kept.
@Suite(.fleet)
struct ClockTests {
    @Test func `clocks that jump ahead empty no trash, make nobody stale and forget no deletion`() throws {
        try withFleet(agents: ["ann"], running: false) { fleet in
            let ann = fleet["ann"]
            let copy = try fleet.join("copy", with: ["--mode", "receive-only"])
            func pass(_ agents: FleetAgent...) throws { for agent in agents { try agent.run("once").expectDone() } }
            for name in ["one", "two", "three"] { try ann.folder.write(name, to: FleetPath(name)) }
            try pass(ann, copy)
            try copy.folder.write("changed in the copy", to: "one")
            try copy.run("once", "--overwrite").expectDone()
            let trash = FleetFolder(copy.folder.path + "/.synchub/trash")
            try #require(trash.text("one") == "changed in the copy")
            // The copy is away when something is deleted, and then the hub's clock is far ahead.
            try ann.folder.remove("two")
            try pass(ann)
            try fleet.hub.stop()
            try fleet.hub.start(with: .clock(ahead: 20_000, in: fleet.directory))
            try ann.start(with: .clock(ahead: 40, in: fleet.directory))
            try copy.start(with: .clock(ahead: 40, in: fleet.directory))
            try fleet.expectSame()
            #expect(fleet.hub.share.image().keys.map(\.description).sorted() == ["one", "three"])
            // It was told of the deletion, and took no snapshot.
            #expect(trash.image().keys.map(\.description) == ["one"])
            let log = FleetFolder("").text(FleetPath(fleet.hub.log)) ?? ""
            #expect(!log.contains("tombstones_collected"))
            let times = log.split(separator: "\n").compactMap { Int($0.prefix(4)) }
            #expect(times.contains { $0 > 2070 }, "the hub's clock is not wrong")
            // Also when the clock is set right, and a process begins with it.
            try copy.stop()
            try fleet.hub.stop()
            try fleet.hub.start()
            try copy.start(with: .clock(ahead: -20_000, in: fleet.directory))
            try fleet.expectSame()
            #expect(trash.text("one") == "changed in the copy")
        }
    }
}
