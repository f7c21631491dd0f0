import ControlAPI
import TestSupport
import Testing

/// Absence is not deletion (DESIGN §4.8): a folder that is not there deletes nothing anywhere.
@Suite(.fleet)
struct AbsenceTests {
    @Test func `a folder without its marker is not in sync, deletes nothing, and goes on when it is back`() throws {
        try withFleet { fleet in
            let folder = fleet["bea"].folder
            try fleet["ann"].folder.write("one", to: "d/one")
            try fleet.expectSame()
            try folder.rename(".synchub/folder", to: ".synchub/folder.away")
            try folder.remove("d/one")
            #expect(try fleet.hub.ctl("wait", "--timeout", "2").code == 5)
            #expect(try fleet.hub.unsynced().contains { $0.client == "bea" && $0.reason.contains("marker") })
            let status = try fleet.hub.status(of: "bea")
            #expect(status.state == .blocked && status.reason?.contains("marker") == true)
            #expect(try fleet.hub.ctl("why", "d/one").output.contains("blocked: "))
            #expect(fleet.hub.share.text("d/one") == "one")
            #expect(fleet["ann"].folder.text("d/one") == "one")
            try folder.write("one", to: "d/one")
            try folder.rename(".synchub/folder.away", to: ".synchub/folder")
            try fleet.expectSame()
            #expect(fleet["ann"].folder.text("d/one") == "one")
        }
    }

    @Test func `a folder that another directory stands in for is left alone`() throws {
        try withFleet { fleet in
            let folder = fleet["bea"].folder
            try fleet["ann"].folder.write("one", to: "one")
            try fleet.expectSame()
            let parent = FleetFolder("")
            try parent.rename(FleetPath(folder.path), to: FleetPath(folder.path + ".moved"))
            try parent.makeDirectories(FleetPath(folder.path))
            try folder.write("fresh", to: "fresh")
            try fleet["ann"].folder.write("two", to: "two")
            #expect(try fleet.hub.ctl("wait", "--timeout", "2").code == 5)
            #expect(folder.names().map { "\($0)" } == ["fresh"])
            #expect(fleet.hub.share.text("one") == "one" && !fleet.hub.share.exists("fresh"))
            try parent.remove(FleetPath(folder.path))
            try parent.rename(FleetPath(folder.path + ".moved"), to: FleetPath(folder.path))
            try fleet.expectSame()
            #expect(folder.text("two") == "two")
        }
    }

    @Test func `a folder whose disk is unmounted is blocked until it is mounted again`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            let mounts = FleetMounts()
            defer { mounts.unmountAll() }
            let disk = FleetFolder(fleet.directory.makeDirectory("disk"))
            let path = fleet.directory.makeDirectory("bea")
            try mounts.bind(disk.path, on: path)
            let bea = try fleet.join("bea")
            try bea.start()
            try fleet["ann"].folder.write("one", to: "d/one")
            try fleet.expectSame()
            try mounts.unmount(path)
            #expect(bea.folder.names().isEmpty)
            try fleet["ann"].folder.write("two", to: "two")
            #expect(try fleet.hub.ctl("wait", "--timeout", "2").code == 5)
            #expect(try fleet.hub.status(of: "bea").state == .blocked)
            try mounts.tmpfs(on: path)
            try bea.folder.write("id: 0123\n", to: ".synchub/folder")
            try bea.stop()
            try bea.start()
            try eventually("the other disk is noticed") {
                try fleet.hub.unsynced().contains { $0.client == "bea" && $0.reason.contains("another folder") }
            }
            #expect(bea.folder.names().isEmpty)
            try mounts.unmount(path)
            try mounts.bind(disk.path, on: path)
            try fleet.expectSame()
            #expect(bea.folder.text("d/one") == "one" && bea.folder.text("two") == "two")
            #expect(try fleet.hub.changes().allSatisfy { $0.change != "delete" })
        }
    }

    @Test func `a share whose disk is away takes nothing in, and goes on when it is back`() throws {
        try withFleet { fleet in
            let mounts = FleetMounts()
            defer { mounts.unmountAll() }
            try fleet["ann"].folder.write("one", to: "d/one")
            try fleet.expectSame()
            try mounts.tmpfs(on: fleet.hub.share.path)
            #expect(try fleet.hub.status().hub.blocked?.contains("marker") == true)
            try fleet["ann"].folder.write("two", to: "two")
            try fleet["bea"].folder.remove("d/one")
            #expect(try fleet.hub.ctl("wait", "--timeout", "2").code == 5)
            try fleet.hub.share.write("id: 0123\n", to: ".synchub-share")
            try fleet.hub.stop()
            try fleet.hub.start()
            #expect(try fleet.hub.status().hub.blocked?.contains("another share") == true)
            #expect(fleet.hub.share.names().isEmpty && fleet["ann"].folder.text("d/one") == "one")
            try mounts.unmount(fleet.hub.share.path)
            try fleet.expectSame()
            #expect(fleet["bea"].folder.text("two") == "two" && !fleet["ann"].folder.exists("d/one"))
        }
    }

    @Test func `who leaves keeps the folder and is forgotten here`() throws {
        try withFleet { fleet in
            try fleet["ann"].folder.write("stays", to: "file")
            try fleet.expectSame()
            try fleet["bea"].stop()
            #expect(try fleet["bea"].run("leave").code == 0)
            #expect(fleet["bea"].folder.text("file") == "stays")
            let home = FleetFolder(fleet["bea"].home)
            #expect(!home.exists("token") && !home.exists("id_ed25519") && !home.exists("index.db"))
            #expect(try fleet["bea"].run("once").code == 4)
            #expect(try fleet["bea"].run("leave").code == 4)
        }
    }
}
