import Processes
import TestSupport
import Testing

/// An agent whose index is not the one that it had.
@Suite(.fleet)
struct RestoredIndexTests {
    private func pass(_ agents: FleetAgent...) throws { for agent in agents { try agent.run("once").expectDone() } }

    private func said(_ agent: FleetAgent) -> String { FleetFolder("").text(FleetPath(agent.log)) ?? "" }

    @Test func `an index from a backup is noticed, merged as new, and deletes nothing`() throws {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try ann.folder.write("one", to: "one")
            try pass(ann, bea)
            let home = FleetFolder(ann.home)
            let backup = try #require(home.read("index.db"))
            try ann.folder.write("one, edited", to: "one")
            try ann.folder.write("two", to: "two")
            try pass(ann, bea)
            try bea.folder.write("three", to: "three")
            try pass(bea, ann)
            for name: FleetPath in ["index.db-wal", "index.db-shm"] where home.exists(name) { try home.remove(name) }
            try home.write(backup, to: "index.db", mode: 0o600)
            // Its numbers were given to other operations.
            try ann.folder.write("four", to: "four")
            try ann.folder.write("five", to: "five")
            try ann.start()
            try bea.start()
            try fleet.expectSame()
            #expect(said(ann).contains("index_set_back"))
            #expect(bea.folder.names() == ["five", "four", "one", "three", "two"])
            for name: FleetPath in ["two", "three", "four", "five"] {
                #expect(bea.folder.text(name) == name.description)
            }
            #expect(bea.folder.text("one") == "one, edited")
            #expect(try fleet.hub.ctl("conflicts", "--json").output == "[]\n")
        }
    }

    @Test(arguments: ["lost", "damaged"])
    func `an index that is lost or damaged is made anew, and equal content moves no bytes`(how: String) throws {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            for number in 0..<20 { try ann.folder.write("content \(number)", to: "d/\(number)") }
            try pass(ann, bea)
            let home = FleetFolder(ann.home)
            if how == "lost" {
                try home.remove("index.db")
            } else {
                try home.write("this is no index", to: "index.db", mode: 0o600)
            }
            try bea.folder.remove("d/7")
            try bea.folder.write("new", to: "new")
            try pass(bea)
            for name: FleetPath in ["index.db-wal", "index.db-shm"] where home.exists(name) { try home.remove(name) }
            let answer = try ann.run("once").expectDone()
            #expect(home.exists("index.db.damaged-1") == (how == "damaged"))
            if how == "damaged" {
                #expect(
                    answer.errors.contains("index_damaged") && home.text("index.db.damaged-1") == "this is no index")
            }
            // Nothing is deleted: what the other has deleted comes back, since nobody knows any more.
            #expect(ann.folder.image().count == 22)
            try pass(bea)
            #expect(bea.folder.differences(from: ann.folder) == [])
            #expect(try fleet.hub.ctl("conflicts", "--json").output == "[]\n")
        }
    }

    @Test func `however often an index is lost, only bytes that nobody has come out of the private area`() throws {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            for version in ["old", "new"] {
                try ann.folder.write("a \(version) version", to: "file")
                try pass(ann, bea)
            }
            let home = FleetFolder(ann.home)
            for round in 1...3 {
                // As kills leave it: fetched and not placed, swapped out and not removed, swapped out and nobody's.
                for (name, text) in [
                    ("put-1", "a new version"), ("put-2", "a old version"), ("put-3", ""), ("get-4", "half"),
                ] { try ann.folder.write(text, to: FleetPath(".synchub/private/" + name)) }
                if round == 1 { try ann.folder.write("only here", to: ".synchub/private/put-5") }
                for name: FleetPath in ["index.db", "index.db-wal", "index.db-shm"] where home.exists(name) {
                    try home.remove(name)
                }
                try pass(ann, bea)
                let names = ann.folder.names().map { "\($0)" }
                #expect(names.count == 2 && names.contains("file") && names.contains { $0.hasPrefix("recovered (") })
                #expect(ann.folder.names(in: ".synchub/private").isEmpty)
            }
            let kept = try #require(bea.folder.names().first { "\($0)".hasPrefix("recovered (") })
            #expect(bea.folder.text(kept) == "only here" && bea.folder.text("file") == "a new version")
            #expect(bea.folder.differences(from: ann.folder) == [])
        }
    }
}
