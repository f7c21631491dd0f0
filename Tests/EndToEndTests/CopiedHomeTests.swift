import Processes
import TestSupport
import Testing

/// One identity on two machines.
@Suite(.fleet)
struct CopiedHomeTests {
    @Test func `an agent with a copied home is refused with a sentence, and comes in when the other one is gone`()
        throws
    {
        try withFleet(agents: ["ann"]) { fleet in
            let ann = fleet["ann"]
            try ann.folder.write("one", to: "one")
            try fleet.expectSame()
            // As if the disk had been cloned: home and folder, at places of their own.
            let (home, folder) = (fleet.directory.path("copy.home"), fleet.directory.path("copy"))
            try ann.stop()
            for (from, to) in [(ann.home, home), (ann.folder.path, folder)] {
                #expect(try run("/bin/cp", ["-a", from, to]).status.isSuccess)
            }
            let own = FleetFolder(home)
            let text = try #require(own.text("agent.json5"))
            try own.write(
                text.split(separator: "\"\(ann.folder.path)\"", omittingEmptySubsequences: false)
                    .joined(separator: "\"\(folder)\""), to: "agent.json5")
            try ann.start()
            try fleet.wait()
            let log = fleet.directory.path("copy.log")
            let copy = try FleetProgram("syncagent", ["run", "--home", home], log: log)
            defer { copy.kill() }
            try eventually("the copy is told what to do") {
                FleetFolder("").text(FleetPath(log))?.contains("syncagent leave") == true
            }
            let status = try FleetAnswer("syncctl", ["status", "--home", home])
            #expect(status.code == 3 && status.errors.contains("another machine is connected as 'ann'"))
            #expect(status.errors.contains("the hub does not let this machine in: "))
            try FleetFolder(folder).write("two", to: "two")
            try ann.folder.write("three", to: "three")
            try fleet.wait()
            #expect(!fleet.hub.share.exists("two") && fleet.hub.share.exists("three"))
            let first = try fleet.hub.status(of: "ann")
            #expect(first.state == .inSync && first.refused?.contains("another machine") == true)
            try ann.stop()
            try eventually("the copy goes on by itself", within: .seconds(60)) {
                fleet.hub.share.exists("two") && FleetFolder(folder).exists("three")
            }
            _ = try copy.stop()
            // It has asked after pauses that grow, and not all the time.
            let asked = FleetFolder("").text(FleetPath(fleet.hub.log))?.split(separator: "\n") ?? []
            #expect((1..<15).contains(asked.count { $0.contains("other_machine") }))
        }
    }

    @Test func `leaving with a copied home takes nothing from the original`() throws {
        try withFleet(agents: ["ann"]) { fleet in
            let ann = fleet["ann"]
            try ann.folder.write("one", to: "one")
            try fleet.expectSame()
            let copy = fleet.directory.path("copy.home")
            #expect(try run("/bin/cp", ["-a", ann.home, copy]).status.isSuccess)
            let left = try FleetAnswer("syncagent", ["leave", "--home", copy]).expectDone()
            #expect(left.errors.contains("another home joined that folder: \(ann.home)"))
            #expect(left.errors.contains("nothing to do at the hub"))
            #expect(ann.folder.exists(".synchub/folder") && !FleetFolder(copy).exists("token"))
            try ann.folder.write("two", to: "two")
            try fleet.expectSame()
            try ann.stop()
            let own = try ann.run("leave").expectDone()
            #expect(own.errors.contains("syncctl revoke ann") && !ann.folder.exists(".synchub/folder"))
        }
    }
}
