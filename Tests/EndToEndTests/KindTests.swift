import ControlAPI
import Glibc
import TestSupport
import Testing

/// Everything that a tree holds arrives as it is.
@Suite(.fleet)
struct KindTests {
    @Test func `changes travel in both directions`() throws {
        try withFleet { fleet in
            let (ann, bea) = (fleet["ann"].folder, fleet["bea"].folder)
            try ann.write("from ann", to: "letters/ann.txt")
            try fleet.expectSame()
            #expect(bea.text("letters/ann.txt") == "from ann")
            try bea.write("from bea", to: "letters/bea.txt")
            try bea.write("ann, changed by bea", to: "letters/ann.txt")
            try fleet.expectSame()
            #expect(ann.text("letters/ann.txt") == "ann, changed by bea")
            try ann.remove("letters")
            try fleet.expectSame()
            #expect(!bea.exists("letters"))
            try fleet.stop()
        }
    }

    @Test func `every kind of node arrives byte for byte`() throws {
        try withFleet { fleet in
            try KindTests.makeOneOfEach(in: fleet["ann"].folder)
            try fleet.expectSame()
            #expect(fleet["bea"].folder.image() == fleet["ann"].folder.image())
            #expect(fleet["bea"].folder.image().count > 25)
            try KindTests.changeEach(in: fleet["bea"].folder)
            try fleet.expectSame()
            #expect(fleet["bea"].folder.image() == fleet["ann"].folder.image())
        }
    }

    static func makeOneOfEach(in folder: FleetFolder) throws {
        try folder.write([], to: "empty")
        try folder.write(noise(20 << 20), to: "big.bin")
        try folder.makeDirectories("nothing in it")
        try folder.write("deep", to: "a/b/c/d/e/f/g/deep.txt")
        try folder.makeSymlink("link", to: "empty")
        try folder.makeSymlink("to a directory", to: "a/b")
        try folder.makeSymlink("dangling", to: "no/such/thing")
        try folder.makeSymlink("absolute", to: "/etc/hostname")
        try folder.makeSymlink("up and out", to: "../../..")
        try folder.makeSymlink("bytes", to: FleetPath([0xFF, 0x2F, 0xFE]))
        try folder.setTime("dangling", 1_234_567_890_123_456_789)
        for mode: mode_t in [0o600, 0o755, 0o444, 0o777, 0o400] {
            try folder.write("\(mode)", to: "mode \(mode)", mode: 0o600)
        }
        for mode: mode_t in [0o600, 0o755, 0o444, 0o777, 0o400] { try folder.setMode("mode \(mode)", mode) }
        try folder.makeDirectories("private")
        try folder.setMode("private", 0o700)
        for time: Int64 in [0, 1, -1, -1_000_000_000_000_000_001, 4_294_967_296_000_000_007, 1_700_000_000_123_456_789]
        {
            try folder.write("time", to: "time \(time)")
            try folder.setTime("time \(time)", time)
        }
        try folder.write("latin", to: FleetPath([0x63, 0x61, 0x66, 0xE9]))
        try folder.write("broken", to: FleetPath([0xFF, 0xFE, 0x01]))
        try folder.write("in broken", to: FleetPath([0xC3, 0x2F, 0xC3, 0x28]))
        try folder.write("newline", to: "new\nline\ttab \"quoted\" \\ %41 ")
        try folder.write("long", to: FleetPath(Array(repeating: UInt8(ascii: "n"), count: 255)))
        try folder.write("NFC", to: FleetPath([0x6E, 0xC3, 0xA9]))
        try folder.write("NFD", to: FleetPath([0x6E, 0x65, 0xCC, 0x81]))
        try folder.write("case", to: "Case")
        try folder.write("other case", to: "case")
        try folder.write("looks like an option", to: "-rf")
        try folder.write("hidden", to: ".hidden/.file")
    }

    private static func changeEach(in folder: FleetFolder) throws {
        try folder.write("no longer empty", to: "empty")
        try folder.write(noise(3 << 20, seed: 7), to: "big.bin")
        try folder.write("not empty", to: "nothing in it/file")
        try folder.remove("link")
        try folder.makeSymlink("link", to: "big.bin")
        try folder.remove("dangling")
        try folder.write("now a file", to: "dangling")
        try folder.remove("mode 256")
        try folder.makeDirectories("mode 256")
        try folder.setMode("private", 0o750)
        try folder.setTime("time 1", 86_400_000_000_001)
        try folder.write("later", to: FleetPath([0xFF, 0xFE, 0x01]))
        try folder.rename(FleetPath([0x6E, 0xC3, 0xA9]), to: "n")
        try folder.rename("Case", to: "CASE")
        try folder.remove("a/b")
    }

    @Test func `what cannot be synced is skipped and told`() throws {
        try withFleet { fleet in
            let folder = fleet["ann"].folder
            try folder.makeFIFO("pipe")
            try folder.write("beside it", to: "file")
            try fleet.expectSame()
            let told = try fleet.hub.unsynced()
            #expect(told.map(\.path) == ["pipe"])
            #expect(told.first?.client == "ann" && told.first?.reason.contains("FIFO") == true)
            #expect(try fleet.hub.status(of: "ann").state == .inSync)
            try folder.remove("pipe")
            try eventually("nothing is skipped any more") { try fleet.hub.unsynced().isEmpty }
        }
    }

    @Test(.disabled(if: geteuid() != 0, "needs root, to run an agent as somebody who may not read everything"))
    func `a file that cannot be read is told, and everything else goes on`() throws {
        try withFleet(agents: ["bea"]) { fleet in
            let ann = try fleet.join("ann", user: ordinaryUser)
            try ann.folder.write("secret", to: "closed.txt")
            try ann.folder.setMode("closed.txt", 0o600)
            try ann.folder.makeDirectories("closed")
            try ann.folder.setMode("closed", 0o700)
            try ann.folder.write("open", to: "open.txt")
            try ann.start()
            try fleet.wait("open.txt")
            #expect(fleet["bea"].folder.text("open.txt") == "open")
            try eventually("both are told") {
                try Set(fleet.hub.unsynced().map(\.path)).isSuperset(of: ["closed.txt", "closed"])
            }
            #expect(try fleet.hub.unsynced().allSatisfy { $0.client == "ann" && $0.reason.contains("ermission") })
            #expect(try fleet.hub.status(of: "ann").state == .syncing)
            #expect(try fleet.hub.ctl("why", "closed.txt").expectDone().output.contains("ermission"))
            try ann.folder.setMode("closed.txt", 0o644)
            try ann.folder.setMode("closed", 0o755)
            try fleet.expectSame()
            #expect(fleet["bea"].folder.text("closed.txt") == "secret")
        }
    }

    @Test func `a tree of five thousand files arrives`() throws {
        try withFleet { fleet in
            for directory in 0..<50 {
                for file in 0..<100 {
                    try fleet["ann"].folder.write(
                        "\(directory) \(file)", to: "tree/\(directory)/sub \(file % 7)/file \(file)")
                }
            }
            try fleet.expectSame(seconds: 120)
            #expect(try fleet.hub.status().hub.files == 5_000)
            try fleet["bea"].folder.remove("tree")
            var batches: [HeldMessage] = []
            try eventually("so large a deletion waits for a person") {
                batches = try fleet.hub.ctl("held", "--json").decoded()
                return !batches.isEmpty
            }
            try fleet.hub.ctl("approve", "\(batches[0].id)").expectDone()
            try fleet.expectSame(seconds: 120)
            #expect(try fleet.hub.status().hub.files == 0)
        }
    }
}
