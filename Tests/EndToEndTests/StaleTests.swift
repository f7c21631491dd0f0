import TestSupport
import Testing

/// A machine that was away for longer than the hub keeps the records of deletions.
@Suite(.fleet)
struct StaleTests {
    @Test func `a machine that was away too long takes a snapshot, and what was deleted meanwhile lies in its trash`()
        throws
    {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            func pass(_ agents: FleetAgent...) throws { for agent in agents { try agent.run("once").expectDone() } }
            for name in ["d/gone", "d/edited", "kept", "gone too"] {
                try ann.folder.write("\(name)", to: FleetPath(name))
            }
            try pass(ann, bea)
            for name: FleetPath in ["d", "gone too"] { try ann.folder.remove(name) }
            try ann.folder.write("new", to: "new")
            try pass(ann)
            // From here on nobody who is away counts.
            try fleet.hub.stop()
            let configuration = FleetFolder(fleet.hub.root)
            let text = try #require(configuration.text("hub.json5"))
            try configuration.write(
                text.split(separator: "stale_days: 90", omittingEmptySubsequences: false).joined(
                    separator: "stale_days: 0"),
                to: "hub.json5", mode: 0o600)
            try fleet.hub.start()
            try bea.folder.write("edited while away", to: "d/edited")
            let plan = try bea.run("once", "--dry-run").output
            #expect(plan.contains("down  kept") == false && plan.contains("gone too"), "\(plan)")
            #expect(bea.folder.exists("gone too"))
            for agent in fleet.agents { try agent.start() }
            try fleet.expectSame()
            #expect(fleet.hub.share.image().keys.map(\.description).sorted() == ["d", "d/edited", "kept", "new"])
            #expect(fleet.hub.share.text("d/edited") == "edited while away")
            let trash = FleetFolder(bea.folder.path + "/.synchub/trash")
            #expect(trash.text("d/gone") == "d/gone" && trash.text("gone too") == "gone too")
            #expect(trash.image().count == 3)
            #expect(try fleet.hub.ctl("conflicts", "--json").output == "[]\n")
            try FleetAnswer("synchub", ["check", "--root", fleet.hub.root]).expectDone()
        }
    }
}
