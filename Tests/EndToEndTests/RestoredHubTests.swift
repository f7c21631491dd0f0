import Glibc
import Processes
import TestSupport
import Testing

/// A hub that was restored from a copy, and went on from there.
@Suite(.fleet)
struct RestoredHubTests {
    @Test(arguments: [false, true])
    func `a hub set back that has grown past everybody's cursor is merged with, and nothing is lost`(
        inPasses: Bool
    ) throws {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            func pass(_ agents: FleetAgent...) throws { for agent in agents { try agent.run("once").expectDone() } }
            try ann.folder.write("one", to: "one")
            try ann.folder.write("two", to: "d/two")
            try pass(ann, bea)
            try fleet.hub.stop()
            try copy(fleet.hub.root, to: fleet.directory.path("backup"))
            try fleet.hub.start()
            // Lost at the hub: three new files and an edit.
            for name: FleetPath in ["three", "four", "five"] { try ann.folder.write("\(name)", to: name) }
            try ann.folder.write("one, edited", to: "one")
            try pass(ann, bea)
            try fleet.hub.stop()
            try FleetFolder("").rename(FleetPath(fleet.hub.root), to: FleetPath(fleet.directory.path("lost")))
            try FleetFolder("").rename(FleetPath(fleet.directory.path("backup")), to: FleetPath(fleet.hub.root))
            try fleet.hub.start()
            // What comes instead has the numbers that those had.
            let cem = try fleet.join("cem")
            for number in 0..<9 { try cem.folder.write("cem \(number)", to: "cem \(number)") }
            try pass(cem)
            try ann.folder.write("three, edited", to: "three")
            try bea.folder.remove("four")
            if inPasses {
                let plan = try ann.run("once", "--dry-run").output
                #expect(plan.contains("up    three") && plan.contains("down  cem 0"), "\(plan)")
                for _ in 0..<2 { for agent in fleet.agents { _ = try agent.run("once") } }
            }
            for agent in fleet.agents { try agent.start() }
            try fleet.expectSame()
            let texts = Set(ann.folder.names().compactMap { ann.folder.text($0) })
            let cems = (0..<9).map { "cem \($0)" }
            #expect(texts.isSuperset(of: ["one", "one, edited", "three", "three, edited", "four", "five"] + cems))
            for name in cems { #expect(ann.folder.text(FleetPath(name)) == name) }
            #expect(ann.folder.text("d/two") == "two")
        }
    }

    private func copy(_ root: String, to path: String) throws {
        let cp = try #require(findExecutable("cp"))
        try #require(try run(cp, ["-a", root, path]).status.isSuccess)
    }
}
