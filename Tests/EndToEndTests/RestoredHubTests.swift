import Glibc
import Processes
import SQLite
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
                let lines = plan.split(separator: "\n")
                for (way, name) in [("up", "three"), ("down", "cem 0")] {
                    #expect(lines.contains { $0.hasPrefix("\(way)  ") && $0.hasSuffix("  \(name)") }, "\(plan)")
                }
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

    @Test func `a hub whose root is restored while agents are away gets everything again, and deletes nothing`() throws
    {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try ann.folder.write("one", to: "one")
            try ann.folder.write("two", to: "d/two")
            try pass(ann, bea)
            try fleet.hub.stop()
            try copy(fleet.hub.root, to: fleet.directory.path("backup"))
            try fleet.hub.start()
            // What the backup does not know: an edit, a new file, a deletion, a move.
            try ann.folder.write("one, edited", to: "one")
            try ann.folder.write("three", to: "d/three")
            try pass(ann, bea)
            try bea.folder.rename("d", to: "e")
            try pass(bea, ann)
            try fleet.hub.stop()
            try swap(fleet.hub.root, with: fleet.directory.path("backup"))
            try fleet.hub.start()
            for agent in fleet.agents { try agent.start() }
            try fleet.expectSame()
            let texts = Set(ann.folder.image().keys.compactMap { ann.folder.text($0) })
            #expect(texts.isSuperset(of: ["one", "one, edited", "two", "three"]))
            #expect(ann.folder.text("e/two") == "two" && ann.folder.text("e/three") == "three")
            try FleetAnswer("synchub", ["check", "--root", fleet.hub.root]).expectDone()
        }
    }

    @Test func `who joined after the backup is told what brings it back, and loses nothing`() throws {
        try withFleet(agents: ["ann"], running: false) { fleet in
            let ann = fleet["ann"]
            try ann.folder.write("one", to: "one")
            try pass(ann)
            try fleet.hub.stop()
            try copy(fleet.hub.root, to: fleet.directory.path("backup"))
            try fleet.hub.start()
            let late = try fleet.join("late", with: ["--mode", "two-way"])
            try late.folder.write("late's", to: "late's")
            try pass(late, ann)
            try fleet.hub.stop()
            try swap(fleet.hub.root, with: fleet.directory.path("backup"))
            try fleet.hub.start()
            try late.folder.write("one, edited", to: "one")
            let commands =
                "syncagent leave --home \(late.home) && syncagent join INVITE --home \(late.home) --folder "
                + late.folder.path
            for arguments in [["once"], ["once", "--dry-run"]] {
                let told = try FleetAnswer("syncagent", arguments + ["--home", late.home])
                #expect(told.code == 6)
                #expect(told.errors.contains("syncctl invite late. Then here: \(commands). Nothing is lost"))
                #expect(late.folder.text("one") == "one, edited" && late.folder.text("late's") == "late's")
            }
            // One that runs goes on asking: a backup may be on its way, too.
            try late.start()
            try eventually("late says what to do") {
                try late.ctl("status").errors.contains(
                    "syncctl invite late. Then here, when this agent is stopped: \(commands). Nothing is lost")
            }
            try late.stop()
            #expect(late.folder.text("one") == "one, edited" && late.folder.text("late's") == "late's")
            // As it says.
            try late.run("leave").expectDone()
            try late.join()
            try late.start()
            try ann.start()
            try fleet.expectSame()
            #expect(ann.folder.text("late's") == "late's")
            let texts = ann.folder.names().compactMap { ann.folder.text($0) }
            #expect(Set(texts) == ["one", "one, edited", "late's"])
        }
    }

    @Test
    func `a journal that alone is restored takes the share in, and agents and share meet without copies or losses`()
        throws
    {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try ann.folder.write("one", to: "one")
            try ann.folder.write("gone", to: "gone")
            try ann.folder.write("moved", to: "moved")
            try pass(ann, bea)
            try fleet.hub.stop()
            let backup = fleet.directory.path("journal.db")
            try copy(fleet.hub.root + "/journal.db", to: backup)
            try fleet.hub.start()
            try ann.folder.write("one, edited", to: "one")
            try ann.folder.write("two", to: "d/two")
            try ann.folder.remove("gone")
            try ann.folder.rename("moved", to: "d/moved")
            try pass(ann, bea)
            try fleet.hub.stop()
            for suffix in ["-wal", "-shm"] {
                try? FleetFolder("").remove(FleetPath(fleet.hub.root + "/journal.db" + suffix))
            }
            try copy(backup, to: fleet.hub.root + "/journal.db")
            // While nothing runs, a phone's file and an agent's: both are as new to the old journal as what lay there.
            try fleet.hub.share.write("by phone", to: "d/phone")
            try bea.folder.write("by bea", to: "bea's")
            try fleet.hub.start()
            for agent in fleet.agents { try agent.start() }
            try fleet.expectSame()
            let names = ann.folder.image().keys.map(\.description).sorted()
            #expect(names == ["bea's", "d", "d/moved", "d/phone", "d/two", "one"])
            #expect(ann.folder.text("one") == "one, edited" && ann.folder.text("d/moved") == "moved")
            #expect(try fleet.hub.ctl("conflicts", "--json").output == "[]\n")
            try FleetAnswer("synchub", ["check", "--root", fleet.hub.root]).expectDone()
        }
    }

    @Test func `a set-back between the answer to a commit and the page that repeats it is noticed`() throws {
        try withFleet(agents: ["ann"], running: false) { fleet in
            let ann = fleet["ann"]
            try ann.folder.write("one", to: "one")
            try pass(ann)
            try fleet.hub.stop()
            try copy(fleet.hub.root, to: fleet.directory.path("backup"))
            try fleet.hub.start()
            try ann.folder.write("two", to: "two")
            try pass(ann)
            // As if the page had never come: what the index has is the answer to the commit alone.
            do {
                let index = try Database(path: ann.home + "/index.db")
                try index.execute("UPDATE meta SET value = '1' WHERE key = 'cursor'")
                try index.execute("DELETE FROM meta WHERE key = 'chain'")
            }
            try fleet.hub.stop()
            try swap(fleet.hub.root, with: fleet.directory.path("backup"))
            try fleet.hub.start()
            // Another node gets the number and the id that `two` had.
            let cem = try fleet.join("cem")
            try cem.folder.write("three", to: "three")
            try pass(cem)
            for agent in fleet.agents { try agent.start() }
            try fleet.expectSame()
            #expect(ann.folder.names() == ["one", "three", "two"])
            #expect(ann.folder.text("two") == "two" && ann.folder.text("three") == "three")
        }
    }

    private func pass(_ agents: FleetAgent...) throws { for agent in agents { try agent.run("once").expectDone() } }

    private func swap(_ root: String, with backup: String) throws {
        try FleetFolder("").rename(FleetPath(root), to: FleetPath(root + ".lost"))
        try FleetFolder("").rename(FleetPath(backup), to: FleetPath(root))
    }

    private func copy(_ root: String, to path: String) throws {
        let cp = try #require(findExecutable("cp"))
        try #require(try run(cp, ["-a", root, path]).status.isSuccess)
    }
}
