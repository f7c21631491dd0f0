import ControlAPI
import Glibc
import Processes
import TestSupport
import Testing

/// One list for the whole fleet, and one for a machine.
@Suite(.fleet)
struct IgnoreTests {
    private func why(_ path: String, through agent: FleetAgent) throws -> String {
        try agent.ctl("why", path, "--json").decoded(WhyResponse.self).sentence
    }

    @Test func `what a rule ignores stays where it is, and why names the rule`() throws {
        try withFleet(running: false) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            let home = FleetFolder(bea.home)
            let text = try #require(home.text("agent.json5"))
            try home.write(
                text.split(separator: "ignore: []").joined(separator: "ignore: [\"*.iso\"]"), to: "agent.json5")
            try ann.start()
            try bea.start()
            try ann.folder.write("before", to: "notes.log")
            try fleet.expectSame()

            try ann.folder.write("# not for others\n*.log\n/build/\n", to: ".syncignore")
            try fleet.wait()
            #expect(bea.folder.text(".syncignore") == ann.folder.text(".syncignore"))
            try bea.folder.write("hers", to: "notes.log")
            try bea.folder.write("new", to: "new.log")
            try bea.folder.write("1", to: "build/out")
            try bea.folder.write("1", to: "src/build/out")
            try bea.folder.write("big", to: "disk.iso")
            try ann.folder.write("half", to: "film.mkv.part")
            try ann.folder.write("for ann", to: "other.iso")
            try fleet.wait()
            #expect(ann.folder.text("src/build/out") == "1")
            #expect(ann.folder.text("notes.log") == "before" && fleet.hub.share.text("notes.log") == "before")
            for name in ["new.log", "build", "disk.iso", "film.mkv.part"] {
                #expect(!fleet.hub.share.exists(FleetPath(name)), "\(name)")
            }
            #expect(fleet.hub.share.text("other.iso") == "for ann" && !bea.folder.exists("other.iso"))

            #expect(try why("build/out", through: bea).contains("ignored by rule '/build/' (.syncignore line 3)"))
            #expect(try why("disk.iso", through: bea).contains("ignored by rule '*.iso' (agent.json5)"))
            #expect(try why("film.mkv.part", through: ann).contains("ignored by rule '*.part' (built-in)"))
            let unsynced = try fleet.hub.ctl("unsynced", "bea", "--json").decoded([UnsyncedMessage].self)
            #expect(
                unsynced.contains {
                    $0.path == "notes.log" && $0.reason == "ignored by rule '*.log' (.syncignore line 2)"
                })

            // A log that is never quiet keeps nobody waiting.
            let writer = BusyWriter(bea.folder, "busy.log")
            defer { writer.stop() }
            try fleet.wait(seconds: 5)
            writer.stop()

            // Without the rules everything goes on where it was.
            try ann.folder.remove(".syncignore")
            try fleet.wait()
            #expect(ann.folder.text("notes.log") == "hers" && ann.folder.text("new.log") == "new")
            #expect(ann.folder.text("build/out") == "1")
            try fleet.stop()
        }
    }
}

/// Somebody who writes to a file all the time.
private final class BusyWriter: Sendable {
    private enum State { case runs, isToStop, hasStopped }
    private let state = Monitor(State.runs)

    /// Returns after the first line.
    init(_ folder: FleetFolder, _ name: FleetPath) {
        let hasBegun = Monitor(false)
        startThread("busy") { [state] in
            var count = 0
            while state.withLock({ $0 == .runs }) {
                try? folder.write("line \(count)", to: name)
                count += 1
                hasBegun.withLock { $0 = true }
                usleep(2_000)
            }
            state.withLock { $0 = .hasStopped }
        }
        _ = hasBegun.wait { $0 ? () : nil }
    }

    func stop() {
        state.withLock { if $0 == .runs { $0 = .isToStop } }
        _ = state.wait { $0 == .hasStopped ? () : nil }
    }
}
