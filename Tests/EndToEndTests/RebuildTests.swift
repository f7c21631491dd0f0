import Processes
import TestSupport
import Testing

/// A journal that is lost or damaged, and made anew from the share.
@Suite(.fleet)
struct RebuildTests {
    @discardableResult
    private func pass(_ agent: FleetAgent) throws -> FleetAnswer { try agent.run("once").expectDone() }

    private func rebuild(_ fleet: Fleet) throws -> FleetAnswer {
        try FleetAnswer("synchub", ["rebuild", "--root", fleet.hub.root])
    }

    /// What an agent's trace says of bytes that went: none.
    private func expectNoBytes(_ answer: FleetAnswer, _ location: SourceLocation = #_sourceLocation) {
        let lines = answer.errors.split(separator: "\n")
        let moved = lines.filter {
            $0.contains("down debug fetched") || ($0.contains("up debug commit") && !$0.contains("bytes=0"))
        }
        #expect(moved.isEmpty, "\(moved)", sourceLocation: location)
        #expect(lines.contains { $0.contains("up debug commit") }, sourceLocation: location)
    }

    @Test(arguments: ["lost", "damaged", "damaged, and no clients.json", "lost, and no clients.json"])
    func `a rebuilt journal has share, versions and clients, and equal content moves no bytes`(how: String) throws {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            for number in 0..<30 {
                try ann.folder.write("content \(number)", to: "d\(number % 3)/\(number)", mode: 0o640)
            }
            try ann.folder.write("old", to: "edited")
            try ann.folder.makeSymlink("link", to: "d0/0")
            for agent in [ann, bea] { try pass(agent) }
            try ann.folder.write("new", to: "edited")
            for agent in [ann, bea] { try pass(agent) }
            #expect(try rebuild(fleet).errors.contains("a hub is running"))
            try fleet.hub.stop()
            let root = FleetFolder(fleet.hub.root)
            // Pages in the log would stand for those that are spoiled.
            let logs: [FleetPath] = ["journal.db-wal", "journal.db-shm"]
            for name in logs where root.exists(name) { try root.remove(name) }
            if how.hasPrefix("lost") {
                try root.remove("journal.db")
            } else {
                var bytes = try #require(root.read("journal.db"))
                for place in 4_096..<12_288 { bytes[place] = 0xAA }
                try root.write(bytes, to: "journal.db", mode: 0o600)
            }
            let keepsClients = !how.hasSuffix("clients.json")
            if !keepsClients { try root.remove("clients.json") }
            let refusal = try FleetAnswer("synchub", ["run", "--root", fleet.hub.root])
            #expect(refusal.code == 1 && refusal.errors.contains("synchub rebuild --root"))
            #expect(root.exists("journal.db") != how.hasPrefix("lost"))
            let answer = try rebuild(fleet).expectDone()
            #expect(answer.output.contains("share: 31 files of"))
            #expect(answer.output.contains("3 directories, 1 symlinks") && answer.output.contains("versions: 1"))
            #expect(answer.output.contains("journal.db.old-1") != how.hasPrefix("lost"))
            #expect(answer.output.contains(keepsClients ? "clients: 2, from clients.json" : "clients: none were found"))
            try fleet.hub.start()
            guard keepsClients else {
                #expect(try ann.run("once").code != 0)
                return
            }
            // What only one of them has goes up; nothing else moves.
            expectNoBytes(try pass(ann))
            expectNoBytes(try pass(bea))
            try bea.folder.write("made while there was no journal", to: "bea's")
            for agent in fleet.agents { try agent.start() }
            try fleet.expectSame()
            #expect(ann.folder.image().count == 36)
            #expect(try fleet.hub.ctl("conflicts", "--json").output == "[]\n")
            try FleetAnswer("synchub", ["check", "--root", fleet.hub.root]).expectDone()
        }
    }

    @Test(arguments: ["there", "kept by a rebuild that was cut off"])
    func `a journal that can be read gives its clients, and what was made while the hub was down is taken in`(
        how: String
    ) throws {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try ann.folder.write("one", to: "f")
            for agent in [ann, bea] { try pass(agent) }
            try fleet.hub.ctl("pause", "bea").expectDone()
            try fleet.hub.stop()
            let root = FleetFolder(fleet.hub.root)
            try root.remove("clients.json")
            try fleet.hub.share.write("by phone", to: "phone")
            try fleet.hub.share.write("bea's", to: "f (conflict 2026-11-20 bea)")
            try ann.folder.write("ann's", to: "ann's")
            if how != "there" { try root.rename("journal.db", to: "journal.db.old-1") }
            let answer = try rebuild(fleet).expectDone()
            let source = how == "there" ? "the old journal" : "a journal that was kept before"
            #expect(answer.output.contains("clients: 2, from \(source)"))
            #expect(answer.output.contains("open conflicts: 1"))
            try fleet.hub.start()
            let conflicts = try fleet.hub.ctl("conflicts").output
            #expect(conflicts.contains("f (conflict 2026-11-20 bea)"))
            #expect(root.exists("clients.json"))
            #expect(try bea.run("once").errors.contains("paused"))
            try fleet.hub.ctl("resume", "bea").expectDone()
            for agent in fleet.agents { try agent.start() }
            try fleet.expectSame()
            #expect(bea.folder.names() == ["ann's", "f", "f (conflict 2026-11-20 bea)", "phone"])
        }
    }
}
