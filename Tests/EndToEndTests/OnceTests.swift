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

    @Test func `a pass that moves no large content logs in once, as long as nothing of one lies at the hub`() throws {
        try withFleet(agents: ["ann"], proxied: true, running: false) { fleet in
            let (ann, proxy) = (fleet["ann"], fleet["ann"].proxy!)  // SAFETY: this fleet is proxied.
            func logins(after work: () throws -> Void = {}) throws -> Int {
                let before = proxy.connections
                try work()
                try ann.run("once").expectDone()
                return proxy.connections - before
            }
            try #require(logins(after: { try ann.folder.write("a", to: "d/a") }) == 1)
            try #require(logins(after: { try ann.folder.rename("d", to: "e") }) == 1)
            try #require(logins() == 1)
            let staging = FleetFolder(fleet.hub.root + "/staging/ann")
            try #require(logins(after: { try staging.write("left", to: "up-of-old") }) == 2)
            #expect(!staging.exists("up-of-old"))
            try #require(logins() == 1)
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

            try fleet["ann"].folder.rename("same", to: "moved")
            let before = try Everything(fleet)
            let plan: [PlanMessage] = try fleet["ann"].run("once", "--dry-run", "--json").decoded()
            #expect(
                plan.map { "\($0.direction) \($0.what) \($0.from ?? "")>\($0.path) \($0.bytes)" } == [
                    "up edit >edited 6", "up move same>moved 0", "down create >new at the hub 8",
                    "up create >new here 3",
                ])
            let text = try fleet["ann"].run("once", "--dry-run", "--verify").expectDone().output
            #expect(text.contains("up    move        0  same -> moved\n"))
            #expect(text.contains("3 (9 bytes) up, 1 (8 bytes) down"))
            let after = try Everything(fleet)
            #expect(before.folders == after.folders && before.names == after.names)
            #expect(before.home == after.home)
            #expect(before.status == after.status)
            #expect(before.share == after.share && before.seq == after.seq)
        }
    }

    @Test func `a dry run without an index leaves what the hub knows of the client`() throws {
        try withFleet(running: false) { fleet in
            try fleet["ann"].folder.write("one", to: "one")
            #expect(try fleet["ann"].run("once").code == 0)
            let home = FleetFolder(fleet["ann"].home)
            for name in ["index.db", "index.db-wal", "index.db-shm"] where home.exists(FleetPath(name)) {
                try home.remove(FleetPath(name))
            }
            let before = try Everything(fleet)
            #expect(try fleet["ann"].run("once", "--dry-run").expectDone().output == "nothing to do\n")
            let after = try Everything(fleet)
            #expect(before.status == after.status && before.home == after.home)
            #expect(try fleet.hub.status(of: "ann").cursor > 0)
        }
    }

    @Test func `what once cannot work with is said, and by the exit code`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            let running = try fleet["ann"].run("once", "--dry-run")
            #expect(running.code == 1 && running.errors.contains("already runs"))
            try fleet["ann"].stop()
            try fleet["ann"].folder.rename(".synchub/folder", to: ".synchub/away")
            for arguments in [["once"], ["once", "--dry-run"]] {
                let absent = try FleetAnswer("syncagent", arguments + ["--home", fleet["ann"].home])
                #expect(absent.code == 1 && absent.errors.contains("is its disk mounted?"))
            }
            try fleet["ann"].folder.rename(".synchub/away", to: ".synchub/folder")
            try fleet.hub.ctl("pause", "ann").expectDone()
            for arguments in [["once"], ["once", "--dry-run"]] {
                let paused = try FleetAnswer("syncagent", arguments + ["--home", fleet["ann"].home])
                #expect(paused.code == 1 && paused.errors.contains("paused"))
            }
            try fleet.hub.stop()
            #expect(try fleet["ann"].run("once", "--dry-run").code == 3)
        }
    }

    @Test func `with --verify every file is read again`() throws {
        try withFleet(running: false) { fleet in
            try fleet["ann"].folder.write("one", to: "d/one")
            #expect(try fleet["ann"].run("once").code == 0)
            #expect(try fleet["ann"].run("once", "--verify").expectDone().output == "0 sent, 0 received, in sync\n")
            try fleet["ann"].folder.write("two", to: "d/one")
            #expect(try fleet["ann"].run("once", "--verify").code == 0)
            #expect(fleet.hub.share.text("d/one") == "two")
        }
    }

    /// All that a pass might change.
    private struct Everything {
        let folders: [[FleetPath: FleetFolder.Item]]
        let home: [String: [UInt8]?]
        /// What is ours in the folder.
        let names: [String]
        /// What the hub knows of the client, and all changes.
        let status: String
        let share: [FleetPath: FleetFolder.Item]
        let seq: Int64

        init(_ fleet: Fleet) throws {
            folders = fleet.agents.map { $0.folder.image() }
            let files = ["index.db", "index.db-wal", "agent.json5", "token", "id_ed25519"]
            let directory = FleetFolder(fleet["ann"].home)
            home = Dictionary(uniqueKeysWithValues: files.map { ($0, directory.read(FleetPath($0))) })
            let ours = ["folder", "private", "trash"]
            names = ours.filter { fleet["ann"].folder.exists(FleetPath(".synchub/" + $0)) }
            let client = try fleet.hub.status(of: "ann")
            status = "\(client.cursor) \(client.lastSeen ?? "never") " + (try fleet.hub.ctl("log", "--json").output)
            share = fleet.hub.share.image()
            seq = try fleet.hub.status().hub.seq
        }
    }
}
