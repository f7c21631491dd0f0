import ControlAPI
import Glibc
import Processes
import TestSupport
import Testing

/// A machine whose folder cannot take what comes says so and goes on by itself.
@Suite(.fleet)
struct ClientDiskTests {
    /// `ann`, and `bea` whose folder is a disk of its own, of so many MiB.
    private func withDisk(_ size: Int, _ body: (Fleet, _ disk: String) throws -> Void) throws {
        try withFleet(agents: ["ann"]) { fleet in
            let disk = fleet.directory.makeDirectory("bea")
            try mount("-t", "tmpfs", "-o", "size=\(size)m", "tmpfs", disk)
            defer { _ = try? run("/bin/umount", ["-l", disk]) }
            try fleet.join("bea").start()
            try fleet.wait()
            try body(fleet, disk)
            try fleet.expectSame()
            #expect(try fleet.hub.unsynced().isEmpty)
            try fleet.stop()
        }
    }

    private func mount(_ arguments: String...) throws {
        // A file that is just being written keeps a disk from becoming read-only.
        try eventually("mount \(arguments)") { try run("/bin/mount", arguments).status.isSuccess }
    }

    private func reason(_ fleet: Fleet, _ path: String) throws -> String? {
        try fleet.hub.unsynced().first { $0.client == "bea" && $0.path == path }?.reason
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, for a small disk"))
    func `a file too large for a machine's disk waits there, and holds up nothing`() throws {
        try withDisk(6) { fleet, disk in
            let size = 8 << 20
            try fleet["ann"].folder.write(noise(size), to: "big")
            try eventually("the reason is told") { try reason(fleet, "big")?.contains("full") == true }
            // Room is reserved before anything is fetched: none of it lies there.
            #expect(FleetFolder(disk + "/.synchub/private").names().isEmpty)
            try fleet["ann"].folder.write("small", to: "small")
            try eventually("the small one arrives") { fleet["bea"].folder.text("small") == "small" }
            try fleet["bea"].folder.write("from bea", to: "other")
            try eventually("what bea has goes up") { fleet["ann"].folder.text("other") == "from bea" }
            #expect(try fleet.hub.status(of: "bea").state == .syncing)
            #expect(try fleet.hub.status(of: "bea").unsynced.down == 1)
            try mount("-o", "remount,size=40m", disk)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, for a disk that is read-only"))
    func `a read-only folder waits with a reason, and goes on when it is writable`() throws {
        try withDisk(20) { fleet, disk in
            for name: FleetPath in ["edited", "deleted", "moved"] { try fleet["ann"].folder.write("old", to: name) }
            try fleet.expectSame()
            try mount("-o", "remount,ro", disk)
            let ann = fleet["ann"].folder
            try ann.write("new", to: "edited")
            try ann.remove("deleted")
            try ann.rename("moved", to: "moved on")
            try ann.makeDirectories("made")
            try ann.write("created", to: "created")
            for path in ["edited", "deleted", "moved on", "made", "created"] {
                try eventually("the reason of \(path) is told") {
                    try reason(fleet, path)?.contains("read-only") == true
                }
            }
            // The hub and the others go on.
            #expect(fleet.hub.share.text("edited") == "new")
            #expect(fleet["bea"].folder.text("edited") == "old")
            try mount("-o", "remount,rw", disk)
        }
    }
}
