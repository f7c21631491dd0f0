import ControlAPI
import Processes
import TestSupport
import Testing

/// What is killed in the middle of its work is finished after a restart, and nothing is lost.
@Suite(.fleet)
struct CrashTests {
    private let size = 24 << 20

    /// Begins to send a large file from `ann`, and holds it in the middle.
    private func holdUpload(_ fleet: Fleet) throws {
        let proxy = fleet["ann"].proxy!  // SAFETY: these fleets are proxied.
        proxy.hold(after: size / 3, .up)
        try fleet["ann"].folder.write(noise(size), to: "large")
        try proxy.waitForMark(.up)
        #expect(!fleet.hub.share.exists("large"))
    }

    /// The same, with `bea` receiving.
    private func holdDownload(_ fleet: Fleet) throws {
        let proxy = fleet["bea"].proxy!  // SAFETY: these fleets are proxied.
        proxy.hold(after: size / 3, .down)
        try fleet["ann"].folder.write(noise(size), to: "large")
        try proxy.waitForMark(.down)
        #expect(!fleet["bea"].folder.exists("large"))
    }

    private func expectArrived(_ fleet: Fleet) throws {
        for agent in fleet.agents { agent.proxy?.release() }
        try fleet.expectSame(seconds: 90)
        #expect(fleet["bea"].folder.read("large") == noise(size))
        #expect(fleet["ann"].folder.names() == ["large"])
        #expect(try fleet.hub.conflicts().isEmpty)
    }

    @Test func `a hub killed in the middle of an upload has it after a restart`() throws {
        try withFleet(proxied: true) { fleet in
            try holdUpload(fleet)
            fleet.hub.kill()
            try fleet.hub.start()
            try expectArrived(fleet)
        }
    }

    @Test func `a hub killed in the middle of a download serves it after a restart`() throws {
        try withFleet(proxied: true) { fleet in
            try holdDownload(fleet)
            fleet.hub.kill()
            try fleet.hub.start()
            try expectArrived(fleet)
        }
    }

    @Test func `what has come before the connection broke is placed, and nothing of it stays behind`() throws {
        try withFleet(proxied: true, running: false) { fleet in
            let names: [FleetPath] = ["1", "2", "3", "4"]
            let bea = fleet["bea"]
            let proxy = bea.proxy!  // SAFETY: this fleet is proxied.
            for (seed, name) in names.enumerated() {
                try fleet["ann"].folder.write(noise(4 << 20, seed: UInt64(seed + 1)), to: name)
            }
            try fleet["ann"].start()
            try fleet.wait(on: ["ann"])
            proxy.hold(after: 10 << 20, .down)
            try bea.start()
            try proxy.waitForMark(.down)
            proxy.setRefusing(true)
            proxy.release()
            try eventually("some are there") { names.contains { bea.folder.read($0)?.count == 4 << 20 } }
            proxy.setRefusing(false)
            try fleet.expectSame(seconds: 90)
            #expect(FleetFolder(bea.folder.path + "/.synchub/private").names().isEmpty)
        }
    }

    @Test func `an agent killed in the middle of an upload sends it after a restart`() throws {
        try withFleet(proxied: true) { fleet in
            try holdUpload(fleet)
            fleet["ann"].kill()
            try fleet["ann"].start()
            try expectArrived(fleet)
        }
    }

    @Test func `an agent killed in the middle of a download receives it after a restart`() throws {
        try withFleet(proxied: true) { fleet in
            try holdDownload(fleet)
            fleet["bea"].kill()
            try fleet["bea"].start()
            try expectArrived(fleet)
        }
    }

    @Test func `an sshd killed in the middle of a transfer is started again, and the transfer ends well`() throws {
        try withFleet(proxied: true) { fleet in
            try holdUpload(fleet)
            fleet.hub.killSSHD()
            try expectArrived(fleet)
            #expect(fleet.hub.program?.isRunning == true)
        }
    }

    @Test func `a connection cut in the middle of a transfer is made again`() throws {
        try withFleet(proxied: true) { fleet in
            try holdUpload(fleet)
            fleet["ann"].proxy?.release()
            fleet["ann"].proxy?.cut()
            try expectArrived(fleet)
        }
    }

    @Test func `an agent catches up by itself when the hub was away`() throws {
        try withFleet { fleet in
            try fleet["ann"].folder.write("before", to: "before")
            try fleet.expectSame()
            try fleet.hub.stop()
            try eventually("ann sees that the hub is away") { try fleet["ann"].ctl("status").code == 3 }
            try fleet["ann"].folder.write("meanwhile", to: "by ann")
            try fleet["bea"].folder.write("meanwhile", to: "by bea")
            try fleet["bea"].folder.rename("before", to: "after")
            try eventually("ann says what waits") {
                let local: [UnsyncedMessage] = try fleet["ann"].ctl("unsynced", "--json").decoded()
                return local.map(\.path) == ["by ann"]
                    && local.allSatisfy { $0.reason.contains("the hub is away since 2") }
            }
            for path in ["by ann", "before"] {
                let why = try fleet["ann"].ctl("why", path).expectDone().output
                #expect(why.contains("the hub is away since 2"), "\(why)")
            }
            let pids = fleet.agents.map(\.program?.child.pid)
            try fleet.hub.start()
            try fleet.expectSame()
            #expect(fleet["ann"].folder.names() == ["after", "by ann", "by bea"])
            #expect(pids == fleet.agents.map(\.program?.child.pid) && fleet.agents.allSatisfy(\.isRunning))
        }
    }

    @Test func `everything killed at once comes back and goes on`() throws {
        try withFleet { fleet in
            for number in 0..<500 { try fleet["ann"].folder.write("\(number)", to: "many/\(number)") }
            try eventually("some are at the hub") { fleet.hub.share.names(in: "many").count > 10 }
            for agent in fleet.agents { agent.kill() }
            fleet.hub.kill()
            try fleet.hub.start()
            for agent in fleet.agents { try agent.start() }
            try fleet.expectSame()
            #expect(fleet["bea"].folder.names(in: "many").count == 500)
        }
    }

    @Test func `SIGTERM ends every process, and a killed hub leaves no sshd behind once it was started again`() throws {
        try withFleet { fleet in
            let sshd = fleet.hub.sshd
            #expect(!sshd.isEmpty)
            fleet.hub.kill()
            try fleet.hub.start()
            try eventually("the old sshd is gone") { Set(sshd).isDisjoint(with: fleet.processes()) }
            try fleet["ann"].folder.write("x", to: "x")
            try fleet.expectSame()
            try fleet.stop()
        }
    }
}
