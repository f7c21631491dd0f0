import ControlAPI
import TestSupport
import Testing

/// Folders in which one direction is closed.
@Suite(.fleet)
struct ModeTests {
    private func skipped(_ fleet: Fleet, _ client: String) throws -> [String] {
        try fleet.hub.unsynced().filter { $0.client == client }.map { "\($0.direction) \($0.path)" }
    }

    @Test func `a source sends, takes nothing, is in sync, and overwrites the hub when it is told to`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fleet["ann"].folder.write("one", to: "one")
            try fleet["ann"].folder.write("old", to: "gone")
            try fleet.wait()
            let source = try fleet.join("src", with: ["--mode", "send-only"])
            try source.folder.write("mine", to: "mine")
            try source.start()
            try fleet.wait()
            #expect(source.folder.names() == ["mine"])
            #expect(fleet["ann"].folder.text("mine") == "mine")
            let status = try fleet.hub.status(of: "src")
            #expect(status.state == .inSync && status.mode == "send-only" && status.unsynced.down == 0)
            #expect(try skipped(fleet, "src").isEmpty)
            let why = try fleet.hub.ctl("why", "one").expectDone().output
            #expect(why.contains("only at the hub; this folder is send-only, so it does not come"))

            try fleet["ann"].folder.write("theirs", to: "mine")
            try fleet.wait()
            try source.stop()
            #expect(try skipped(fleet, "src").contains("down mine"))
            let plan: [PlanMessage] = try source.run("once", "--dry-run", "--overwrite", "--json").decoded()
            #expect(
                plan.map { "\($0.direction) \($0.what) \($0.path)" } == [
                    "up delete gone", "up edit mine", "up delete one",
                ])
            #expect(fleet.hub.share.text("mine") == "theirs")
            let done = try source.run("once", "--overwrite").expectDone()
            #expect(done.errors.contains("the hub becomes what this folder is") && done.errors.contains("delete"))
            try fleet.wait(on: ["ann"])
            for folder in [fleet.hub.share, fleet["ann"].folder] {
                #expect(folder.names() == ["mine"] && folder.text("mine") == "mine")
            }
            // Nothing of it is lost.
            #expect(fleet.hub.versions.isSuperset(of: ["theirs", "old", "one"]))
        }
    }

    @Test func `a follower takes, sends nothing, and is overwritten by the hub when it is told to`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            try fleet["ann"].folder.write("one", to: "d/one")
            try fleet["ann"].folder.write("two", to: "two")
            try fleet.wait()
            let copy = try fleet.join("copy", with: ["--mode", "receive-only"])
            try copy.folder.write("my two", to: "two")
            try copy.start()
            try fleet.wait()
            let beside = try #require(copy.folder.names().first { "\($0)".contains("(conflict") })
            #expect(copy.folder.text(beside) == "my two" && copy.folder.text("two") == "two")
            #expect(copy.folder.text("d/one") == "one")
            try copy.folder.write("changed", to: "d/one")
            try copy.folder.remove("two")
            try fleet.wait()
            #expect(try fleet.hub.status(of: "copy").state == .inSync)
            #expect(try skipped(fleet, "copy") == ["up d/one", "up two", "up \(beside)"])
            #expect(fleet.hub.share.names() == ["d", "two"] && fleet.hub.share.text("d/one") == "one")
            try copy.stop()
            #expect(try copy.run("once").expectDone().output.contains("skip  two"))
            let done = try copy.run("once", "--overwrite").expectDone()
            #expect(done.errors.contains("this folder becomes what the hub is"))
            #expect(copy.folder.differences(from: fleet.hub.share).isEmpty)
            #expect(copy.folder.text(".synchub/trash/d/one") == "changed")
            #expect(copy.folder.text(".synchub/trash/\(beside)") == "my two")
        }
    }

    @Test func `a mode that does not fit is a wrong usage, or names the key`() throws {
        try withFleet(agents: ["ann"], running: false) { fleet in
            let two = try fleet["ann"].run("once", "--overwrite")
            #expect(two.code == 2 && two.errors.contains("two-way") && two.errors.contains("agent.json5"))
            let home = FleetFolder(fleet["ann"].home)
            let text = try #require(home.text("agent.json5"))
            try home.write(text.replacing("mode: \"two-way\"", with: "mode: \"both\""), to: "agent.json5")
            let wrong = try fleet["ann"].run("once")
            #expect(wrong.code == 1 && wrong.errors.contains("mode") && wrong.errors.contains("receive-only"))
            try home.write(text.replacing("mode: \"two-way\"", with: "delete: false"), to: "agent.json5")
            #expect(try fleet["ann"].run("once").errors.contains("send-only"))
            #expect(try fleet["ann"].run("join", "-", "--folder", "/nowhere", "--mode", "up").code == 2)
        }
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        split(separator: text, omittingEmptySubsequences: false).joined(separator: other)
    }
}

extension FleetHub {
    /// What lies in `versions/`, as texts.
    fileprivate var versions: Set<String> {
        let folder = FleetFolder(root + "/versions")
        return Set(
            folder.names().flatMap { name in folder.names(in: name).compactMap { folder.text(name.appending($0)) } })
    }
}
