import ControlAPI
import Glibc
import TestSupport
import Testing

/// A hub without room takes what it can, says what it cannot, and goes on by itself.
@Suite(.fleet)
struct FullHubTests {
    private let size = 8 << 20

    /// A hub with 6 MiB, where `ann` has a file of 8 and one small file that arrives nevertheless.
    private func withFullHub(_ body: (Fleet) throws -> Void) throws {
        try withFleet(agents: ["ann"], disk: 6) { fleet in
            let folder = fleet["ann"].folder
            try folder.write(noise(size), to: "big")
            try eventually("the reason is told") { try told(fleet) == ["big": "the hub's disk is full"] }
            try folder.write("small", to: "small")
            try fleet.wait("small", seconds: 20)
            #expect(fleet.hub.share.text("small") == "small")
            #expect(try fleet.hub.ctl("why", "big").expectDone().output.contains("the hub's disk is full"))
            #expect(try fleet.hub.status(of: "ann").reason == "big waits: the hub's disk is full")
            try body(fleet)
            try fleet.expectSame()
            #expect(try told(fleet).isEmpty)
            #expect(fleet.hub.staged(by: "ann") == [])
            #expect(try fleet.hub.conflicts().isEmpty)
            try fleet.stop()
        }
    }

    private func told(_ fleet: Fleet) throws -> [String: String] {
        Dictionary(try fleet.hub.unsynced().map { ($0.path, $0.reason) }) { $1 }
    }

    /// Lines of a log that say something.
    private func count(_ words: String, in log: String) -> Int {
        let text = FleetFolder("").text(FleetPath(log)) ?? ""
        return text.split(separator: "\n").count { $0.contains(words) }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, for a small disk"))
    func `a file too large for the hub holds up nothing, and is forgotten when it is deleted`() throws {
        try withFullHub { fleet in
            #expect(fleet.hub.staged(by: "ann") == [])
            let waited = try fleet.hub.ctl("wait", "--timeout", "2")
            #expect(waited.code == 5 && (waited.output + waited.errors).contains("the hub's disk is full"))
            #expect(count("up warning put-off", in: fleet["ann"].log) == 1)
            try fleet["ann"].folder.remove("big")
            try fleet["ann"].folder.write("after", to: "after")
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, for a small disk"))
    func `a file too large for the hub arrives when there is room`() throws {
        try withFullHub { fleet in
            try fleet["ann"].stop()
            try fleet["ann"].start()
            try eventually("it was tried again") { count("up warning put-off", in: fleet["ann"].log) == 2 }
            try eventually("the reason is told again") { try told(fleet)["big"] == "the hub's disk is full" }
            try fleet.hub.resizeDisk(40)
        }
    }

    /// What an earlier version left: a hub filled by an upload that nobody goes on with.
    @Test(.enabled(if: geteuid() == 0, "needs root, for a small disk"))
    func `what fills the hub and belongs to no commit is removed by its client`() throws {
        try withFleet(agents: ["ann"], disk: 6) { fleet in
            try fleet.wait()
            try fleet["ann"].stop()
            let staging = FleetFolder(fleet.hub.root + "/staging/ann")
            try? staging.write(noise(size), to: "file-of-old")
            try staging.write([], to: "pack-of-old")
            try fleet["ann"].folder.write("small", to: "small")
            try fleet["ann"].start()
            try fleet.expectSame()
            #expect(fleet.hub.staged(by: "ann") == [])
            try fleet.stop()
        }
    }

    /// Many small files together are too much: as many as there is room for arrive, and the rest with room.
    @Test(.enabled(if: geteuid() == 0, "needs root, for a small disk"))
    func `of many files as many arrive as there is room for`() throws {
        try withFleet(agents: ["ann"], disk: 6) { fleet in
            // All at once: how events fall into commits would otherwise decide which limit is met first.
            try fleet.wait()
            try fleet["ann"].stop()
            for number in 0..<40 {
                try fleet["ann"].folder.write(noise(400_000, seed: UInt64(number + 1)), to: "file \(number)")
            }
            try fleet["ann"].start()
            try eventually("some arrived, and the others are told", within: .seconds(40)) {
                let reasons = try told(fleet)
                return !reasons.isEmpty && fleet.hub.share.names().count > 3
                    && reasons.values.allSatisfy { $0 == "the hub's disk is full" }
            }
            try fleet.hub.resizeDisk(60)
            try fleet.expectSame(seconds: 90)
            #expect(fleet.hub.staged(by: "ann") == [])
            #expect(try fleet.hub.status().hub.files == 40)
            try fleet.stop()
        }
    }

    /// A pack that was sent, and has to be copied there, wants twice the room. Where a limit counts what moves, packs are files.
    @Test(.enabled(if: geteuid() == 0, "needs root, for a small disk"))
    func `what there is room to send and none to copy is lost by nobody, and arrives with room`() throws {
        try withFleet(agents: ["ann"], disk: 8) { fleet in
            let files = 13
            try fleet.hub.ctl("limit", "ann", "--up", "1g").expectDone()
            try fleet.wait()
            // All of them in one commit.
            try fleet.hub.ctl("pause", "ann").expectDone()
            for number in 0..<files {
                try fleet["ann"].folder.write(noise(400_000, seed: UInt64(number + 1)), to: "file \(number)")
            }
            try eventually("all of them wait") { try told(fleet).count == files }
            try fleet.hub.ctl("resume", "ann").expectDone()
            try eventually("the hub says that it had to make room") {
                count("hub warning disk_full", in: fleet.hub.log) > 0
            }
            #expect(fleet["ann"].folder.names().count == files)
            try fleet.hub.resizeDisk(60)
            try fleet.expectSame(seconds: 90)
            #expect(fleet.hub.staged(by: "ann") == [])
            #expect(try fleet.hub.status().hub.files == files)
            #expect(try told(fleet).isEmpty)
            #expect(try fleet.hub.conflicts().isEmpty)
            try fleet.stop()
        }
    }

    @Test func `an upload that was cut leaves nothing behind`() throws {
        try withFleet(agents: ["ann"], proxied: true) { fleet in
            let proxy = fleet["ann"].proxy!  // SAFETY: this fleet is proxied.
            proxy.hold(after: size / 3, .up)
            try fleet["ann"].folder.write(noise(size), to: "large")
            try proxy.waitForMark(.up)
            #expect(fleet.hub.staged(by: "ann").count == 1)
            try fleet["ann"].folder.remove("large")
            proxy.release()
            proxy.cut()
            try fleet["ann"].folder.write("small", to: "small")
            try fleet.expectSame()
            try eventually("staging is empty") { fleet.hub.staged(by: "ann") == [] }
            try fleet.stop()
        }
    }
}
