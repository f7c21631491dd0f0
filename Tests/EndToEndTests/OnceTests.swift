import ControlAPI
import TestSupport
import Testing

/// A single pass, and one that only says what it would do.
@Suite(.fleet)
struct OnceTests {
    @Test func `one pass brings both sides together and ends`() throws {
        try withFleet(running: false) { fleet in
            try fleet["ann"].folder.write("a", to: "d/a")
            #expect(try fleet["ann"].run("once").code == 0)
            try fleet["bea"].folder.write("b", to: "d/b")
            #expect(try fleet["bea"].run("once").code == 0)
            #expect(try fleet["ann"].run("once", "--json").code == 0)
            #expect(fleet["ann"].folder.differences(from: fleet["bea"].folder).isEmpty)
            #expect(fleet["ann"].folder.image().count == 3)
        }
    }

    @Test func `a dry run changes nothing anywhere`() throws {
        try withFleet(running: false) { fleet in
            try fleet["ann"].folder.write("same", to: "same")
            try fleet["ann"].folder.write("will be edited", to: "edited")
            #expect(try fleet["ann"].run("once").code == 0)
            #expect(try fleet["bea"].run("once").code == 0)
            try fleet["bea"].folder.write("from bea", to: "new at the hub")
            #expect(try fleet["bea"].run("once").code == 0)
            try fleet["ann"].folder.write("edited", to: "edited")
            try fleet["ann"].folder.write("new", to: "new here")

            let before = try Everything(fleet)
            let plan: [DryItem] = try fleet["ann"].run("once", "--dry-run", "--json").decoded()
            #expect(
                Set(plan.map { "\($0.direction) \($0.path)" }) == ["up edited", "up new here", "down new at the hub"])
            let text = try fleet["ann"].run("once", "--dry-run").expectDone().output
            #expect(text.contains("new here"))
            let after = try Everything(fleet)
            #expect(before.folders == after.folders)
            #expect(before.home == after.home)
            #expect(before.share == after.share && before.seq == after.seq)
        }
    }

    private struct DryItem: Decodable {
        var path: String
        var direction: Direction
    }

    /// All that a pass might change.
    private struct Everything {
        let folders: [[FleetPath: FleetFolder.Item]]
        let home: [String: [UInt8]?]
        let share: [FleetPath: FleetFolder.Item]
        let seq: Int64

        init(_ fleet: Fleet) throws {
            folders = fleet.agents.map { $0.folder.image() }
            let files = ["index.db", "agent.json5", "token", "id_ed25519"]
            let directory = FleetFolder(fleet["ann"].home)
            home = Dictionary(uniqueKeysWithValues: files.map { ($0, directory.read(FleetPath($0))) })
            share = fleet.hub.share.image()
            seq = try fleet.hub.status().hub.seq
        }
    }
}
