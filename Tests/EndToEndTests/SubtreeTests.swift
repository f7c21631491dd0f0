import ControlAPI
import TestSupport
import Testing

/// Machines that map a part of the share.
@Suite(.fleet)
struct SubtreeTests {
    /// What lies below a directory of the share.
    private func expectSame(_ fleet: Fleet, _ agent: String, _ path: FleetPath) throws {
        try fleet.wait()
        let differences = FleetFolder.differences(
            fleet[agent].folder.image(), fleet.hub.share.image(of: path), agent, "share/\(path)")
        #expect(differences.isEmpty)
    }

    @Test func `a machine has its part of the share, whatever moves in and out of it, and wherever that goes`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            let ann = fleet["ann"].folder
            try ann.write("one", to: "photos/2024/one")
            try ann.write("out", to: "out/deep/file")
            try ann.write("top", to: "top")
            try fleet.wait()
            let part = try fleet.join("part", with: ["--subtree", "photos"])
            try part.folder.write("mine", to: "mine")
            try part.start()
            try expectSame(fleet, "part", "photos")
            #expect(ann.text("photos/mine") == "mine" && part.folder.names() == ["2024", "mine"])

            // In, with all below it; out, with all below it; within.
            try ann.rename("out", to: "photos/in")
            try expectSame(fleet, "part", "photos")
            #expect(part.folder.text("in/deep/file") == "out")
            try ann.rename("photos/in/deep", to: "deep")
            try ann.rename("photos/2024", to: "photos/in/2024")
            try expectSame(fleet, "part", "photos")
            #expect(part.folder.text("in/2024/one") == "one" && !part.folder.exists("in/deep"))
            // Its own moves and deletions.
            try part.folder.rename("in/2024/one", to: "one")
            try part.folder.remove("mine")
            try expectSame(fleet, "part", "photos")
            #expect(ann.text("photos/one") == "one" && !ann.exists("photos/mine"))

            // Its directory gets another name and another place, while it goes on.
            try ann.makeDirectories("archive")
            try ann.rename("photos", to: "archive/pictures")
            try ann.write("new", to: "archive/pictures/new")
            try part.folder.write("mine again", to: "again")
            try expectSame(fleet, "part", "archive/pictures")
            #expect(part.folder.text("new") == "new" && ann.text("archive/pictures/again") == "mine again")
            try part.folder.makeFIFO("pipe")
            try fleet.wait()
            #expect(try fleet.hub.unsynced().map(\.path) == ["archive/pictures/pipe"])
            let why = try part.ctl("why", part.folder.path + "/new").expectDone().output
            #expect(why.contains("archive/pictures/new is the same on all 2 machines"))
            #expect(try fleet.hub.ctl("why", "top").expectDone().output.contains("the one machine"))
        }
    }

    @Test func `parts that overlap are the same where they do`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fleet["ann"].folder.write("one", to: "a/b/one")
            try fleet["ann"].folder.write("two", to: "a/two")
            try fleet.wait()
            for (name, path) in [("outer", "a"), ("inner", "a/b")] {
                try fleet.join(name, with: ["--subtree", path]).start()
            }
            try fleet.wait()
            try fleet["inner"].folder.write("from inner", to: "inner")
            try fleet["outer"].folder.write("from outer", to: "b/outer")
            try expectSame(fleet, "outer", "a")
            try expectSame(fleet, "inner", "a/b")
            #expect(fleet["inner"].folder.text("outer") == "from outer")
            #expect(fleet["outer"].folder.text("b/inner") == "from inner")
            // What leaves the inner one is still in the outer one.
            try fleet["outer"].folder.rename("b/one", to: "one")
            try expectSame(fleet, "outer", "a")
            try expectSame(fleet, "inner", "a/b")
            #expect(!fleet["inner"].folder.exists("one"))
        }
    }

    @Test func `a part whose directory is deleted blocks its machine, deletes nothing, and goes on when it is back`()
        throws
    {
        try withFleet(agents: ["ann"]) { fleet in
            let ann = fleet["ann"].folder
            try ann.write("one", to: "part/one")
            try fleet.wait()
            let part = try fleet.join("part", with: ["--subtree", "part"])
            try part.start()
            try expectSame(fleet, "part", "part")
            try ann.remove("part")
            try fleet.wait(on: ["ann"])
            try eventually("part is blocked") { try fleet.hub.status(of: "part").state == .blocked }
            #expect(part.folder.text("one") == "one")
            for why in [try fleet.hub.ctl("why", "part/one"), try part.ctl("why", part.folder.path + "/one")] {
                let said = try why.expectDone().output
                #expect(said.contains("part/one is not at the hub: part: what it has there is not known; it is bl"))
            }
            let waited = try fleet.hub.ctl("wait", "--on", "part", "--timeout", "1")
            #expect(waited.code == 5 && waited.errors.contains("is gone from the share"))
            try part.stop()
            let once = try part.run("once")
            #expect(once.code == 1 && once.errors.contains("'part', which this client maps, is gone"))
            try part.start()
            try ann.write("two", to: "part/two")
            try expectSame(fleet, "part", "part")
            #expect(part.folder.text("two") == "two" && ann.text("part/one") == "one")
        }
    }

    @Test func `a part that is not there is refused at the join, and an invite may allow one part only`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fleet["ann"].folder.write("one", to: "mine/sub/one")
            try fleet["ann"].folder.write("other", to: "other/file")
            try fleet.wait()
            let home = fleet.directory.path("new.home"), folder = fleet.directory.path("new")
            func join(_ invite: String, _ options: String...) throws -> FleetAnswer {
                try FleetAnswer(
                    "syncagent", ["join", "-", "--home", home, "--folder", folder] + options, input: Array(invite.utf8))
            }
            let invite = try fleet.hub.ctl("invite", "new", "--subtree", "mine").expectDone().output
            let missing = try join(invite, "--subtree", "mine/nowhere")
            #expect(missing.code == 1 && missing.errors.contains("there is no directory 'mine/nowhere'"))
            let elsewhere = try join(invite, "--subtree", "other")
            #expect(elsewhere.code == 1 && elsewhere.errors.contains("for 'mine' only"))
            try join(invite).expectDone()
            try FleetAnswer("syncagent", ["once", "--home", home]).expectDone()
            #expect(FleetFolder(folder).names() == ["sub"] && FleetFolder(folder).text("sub/one") == "one")
            #expect(try fleet.hub.ctl("invite", "more", "--subtree", "nowhere").code == 4)
        }
    }
}
