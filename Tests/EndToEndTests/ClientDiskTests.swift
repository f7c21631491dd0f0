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
        try withMount { _, disk in
            try mount("-t", "tmpfs", "-o", "size=\(size)m", "tmpfs", disk)
        } _: { fleet, disk in
            try body(fleet, disk)
            try fleet.expectSame()
            #expect(try fleet.hub.unsynced().isEmpty)
            try fleet.stop()
        }
    }

    private func withMount(
        _ prepare: (Fleet, _ disk: String) throws -> Void, _ body: (Fleet, _ disk: String) throws -> Void
    ) throws {
        try withFleet(agents: ["ann"]) { fleet in
            let disk = fleet.directory.makeDirectory("bea")
            try prepare(fleet, disk)
            defer { _ = try? run("/bin/umount", ["-l", disk]) }
            try fleet.join("bea").start()
            try fleet.wait()
            try body(fleet, disk)
        }
    }

    /// ext4 with 128-byte inodes: whole seconds, from 1901 to 2038.
    private func mountCoarse(_ fleet: Fleet, _ disk: String) throws {
        let image = fleet.directory.path("coarse.img")
        try #require(run("/usr/bin/truncate", ["-s", "24M", image]).status.isSuccess)
        try #require(run("/sbin/mkfs.ext4", ["-q", "-F", "-I", "128", image]).status.isSuccess)
        try mount("-o", "loop", image, disk)
    }

    private func time(_ folder: FleetFolder, _ name: FleetPath) -> Int64? {
        switch folder.item(name) {
        case .file(_, _, _, let mtime)?, .symlink(_, let mtime)?: mtime
        default: nil
        }
    }

    @Test(.enabled(if: geteuid() == 0 && access("/sbin/mkfs.ext4", X_OK) == 0, "needs root and mkfs.ext4"))
    func `a file system that cannot keep a time changes nobody else's`() throws {
        try withMount(mountCoarse) { fleet, _ in
            let (ann, bea) = (fleet["ann"].folder, fleet["bea"].folder)
            let times: [FleetPath: Int64] = [
                "now": 1_700_000_000_123_456_789, "after 2106": 4_294_967_296_000_000_007,
                "before 1970": -1_000_000_000_000_000_001, "link": 1_600_000_000_000_000_001,
            ]
            func expectTimes(of names: [FleetPath]) throws {
                try fleet.wait()
                // A file that was read soon after its change is read once more.
                try eventually("nothing waits") { try fleet.hub.unsynced().isEmpty }
                for name in names { #expect(time(ann, name) == times[name], "\(name)") }
                for name in names { #expect(time(fleet.hub.share, name) == times[name], "\(name) in the share") }
                for name in names { #expect(time(bea, name) != times[name] && time(bea, name) != nil, "\(name)") }
            }
            for (name, time) in times {
                if name == "link" { try ann.makeSymlink(name, to: "now") } else { try ann.write("old", to: name) }
                try ann.setTime(name, time)
            }
            try expectTimes(of: Array(times.keys))
            let seq = try fleet.hub.status().hub.seq
            // Looking at it again tells nothing new, and neither does moving it or changing its mode.
            try fleet["bea"].stop()
            try fleet["bea"].start()
            try expectTimes(of: Array(times.keys))
            #expect(try fleet.hub.status().hub.seq == seq)
            try bea.setMode("now", 0o600)
            try expectTimes(of: Array(times.keys))
            #expect(ann.item("now")?.description.contains("mode 0600") == true)
            // What its user writes there has the time that this file system gives it.
            try bea.write("new", to: "after 2106")
            try expectTimes(of: ["now", "before 1970", "link"])
            #expect(ann.text("after 2106") == "new")
            #expect(time(ann, "after 2106") == time(bea, "after 2106"))
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
            try eventually("status names what waits") {
                let status = try fleet.hub.status(of: "bea")
                return status.state == .syncing && status.unsynced.down == 1
                    && status.reason?.hasPrefix("big waits: the machine's disk is full") == true
            }
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
            #expect(try fleet.hub.status(of: "bea").reason?.contains("read-only") == true)
            // The hub and the others go on.
            #expect(fleet.hub.share.text("edited") == "new")
            #expect(fleet["bea"].folder.text("edited") == "old")
            try mount("-o", "remount,rw", disk)
        }
    }
}
