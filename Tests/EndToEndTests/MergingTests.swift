import ControlAPI
import Processes
import SQLite
import TestSupport
import Testing

/// While a machine merges as new, everybody who asks is told so, and why.
@Suite(.fleet)
struct MergingTests {
    enum Cause: String, CaseIterable {
        case lost, damaged, setBack, hubRestored, rebuilt, away

        /// What a person reads.
        var words: String {
            switch self {
            case .lost: "merging as new: its index was lost"
            case .damaged: "merging as new: its index was damaged"
            case .setBack: "merging as new: its index is from a backup"
            case .hubRestored: "merging as new: the hub was restored from an older backup"
            case .rebuilt: "merging as new: the hub's journal was made anew"
            case .away: "taking a snapshot: it was away for longer than the hub keeps records of deletions"
            }
        }
    }

    @Test(arguments: Cause.allCases)
    func `a machine that merges says so and why, until it has merged`(cause: Cause) throws {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            for name: FleetPath in ["one", "two", "gone"] { try ann.folder.write("\(name)", to: name) }
            for agent in [ann, bea] { try agent.run("once").expectDone() }
            try bring(about: cause, fleet)
            // What changed within a minute still settles there, so that the merge is not over before anybody asks.
            try setDebounce(60_000, of: bea)
            try bea.folder.write("new", to: "new")
            try bea.start()
            try eventually("the hub is told") { try fleet.hub.status(of: "bea").state == .merging }
            #expect(try fleet.hub.status(of: "bea").reason == cause.words)
            #expect(try bea.ctl("status").expectDone().output.contains(cause.words.drop { $0 != ":" }))
            try eventually("what is settling is told with it") {
                try fleet.hub.unsynced().contains {
                    $0.path == "new" && $0.reason.hasPrefix("\(cause.words); settling")
                }
            }
            #expect(try fleet.hub.ctl("why", "new").expectDone().output.contains(cause.words))
            let waited = try fleet.hub.ctl("wait", "--timeout", "1")
            #expect(waited.code == 5 && waited.errors.contains(cause.words))
            // Also by the machine itself while the hub is away.
            try fleet.hub.stop()
            try eventually("the agent has noticed") { try bea.ctl("status").code == 3 }
            #expect(try bea.ctl("unsynced").expectDone().output.contains(cause.words))
            try bea.stop()
            try setDebounce(50, of: bea)
            try fleet.hub.start()
            for agent in fleet.agents { try agent.start() }
            try fleet.expectSame()
            let after = try fleet.hub.status(of: "bea")
            #expect(after.state == .inSync && after.reason == nil)
            #expect(FleetFolder("").text(FleetPath(bea.log))?.contains("report info merged") == true)
            try fleet.stop()
        }
    }

    private func setDebounce(_ milliseconds: Int, of agent: FleetAgent) throws {
        try edit("agent.json5", in: agent.home) { line in
            if line.contains("debounce_ms:") { return "debounce_ms: \(milliseconds)," }
            return line.contains("min_interval_s:") ? "min_interval_s: 600," : line
        }
    }

    private func edit(_ name: FleetPath, in home: String, _ line: (String) -> String) throws {
        let home = FleetFolder(home)
        let text = try #require(home.text(name))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line(String($0)) }
        try home.write(lines.joined(separator: "\n"), to: name, mode: 0o600)
    }

    private func removeLog(of database: FleetPath, in home: FleetFolder) throws {
        for name in ["-wal", "-shm"].map({ FleetPath("\(database)\($0)") }) where home.exists(name) {
            try home.remove(name)
        }
    }

    private func bring(about cause: Cause, _ fleet: Fleet) throws {
        let (ann, bea) = (fleet["ann"], fleet["bea"])
        let (home, root) = (FleetFolder(bea.home), FleetFolder(fleet.hub.root))
        switch cause {
        case .lost, .damaged:
            try removeLog(of: "index.db", in: home)
            try home.remove("index.db")
            if cause == .damaged { try home.write("this is no index", to: "index.db", mode: 0o600) }
        case .setBack:
            let backup = try #require(home.read("index.db"))
            try bea.folder.write("two, edited", to: "two")
            try bea.run("once").expectDone()
            try removeLog(of: "index.db", in: home)
            try home.write(backup, to: "index.db", mode: 0o600)
        case .hubRestored:
            try fleet.hub.stop()
            let backup = try #require(root.read("journal.db"))
            try fleet.hub.start()
            try ann.folder.write("one, edited", to: "one")
            for agent in [ann, bea] { try agent.run("once").expectDone() }
            try fleet.hub.stop()
            try removeLog(of: "journal.db", in: root)
            try root.write(backup, to: "journal.db", mode: 0o600)
            try fleet.hub.start()
        case .rebuilt:
            try fleet.hub.stop()
            try FleetAnswer("synchub", ["rebuild", "--root", fleet.hub.root]).expectDone()
            try fleet.hub.start()
        case .away:
            try ann.folder.remove("gone")
            try ann.run("once").expectDone()
            try fleet.hub.stop()
            try edit("hub.json5", in: fleet.hub.root) { $0.contains("stale_days:") ? "stale_days: 0," : $0 }
            try fleet.hub.start()
            let told = try fleet.hub.status(of: "bea")
            #expect(told.state == .offline && told.reason?.hasSuffix("will take a snapshot when it is back") == true)
        }
    }
}
