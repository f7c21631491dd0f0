import ControlAPI
import TestSupport
import Testing

/// `syncctl` for people and scripts, against the real thing.
@Suite(.fleet)
struct CommandTests {
    @Test func `exit codes say how it went`() throws {
        try withFleet { fleet in
            #expect(try fleet.hub.ctl("status").code == 0)
            #expect(try fleet.hub.ctl("pause", "nobody").code == 4)
            #expect(try fleet.hub.ctl("why", "no/such/file").code == 4)
            #expect(try fleet.hub.ctl("no-such-command").code == 2)
            #expect(try fleet.hub.ctl("invite").code == 2)
            // The name is taken.
            #expect(try fleet.hub.ctl("invite", "ann").code == 1)
            try fleet["bea"].stop()
            try fleet["ann"].folder.write("x", to: "x")
            #expect(try fleet.hub.ctl("wait", "--on", "bea", "--timeout", "1").code == 5)
            #expect(try fleet.hub.ctl("wait", "--on", "ann", "--timeout", "20").code == 0)
            #expect(try fleet["ann"].ctl("status").code == 0)
            #expect(try fleet["bea"].ctl("status").code == 3)
            try fleet.hub.stop()
            #expect(try fleet.hub.ctl("status").code == 3)
            try eventually("ann knows that the hub is away") { try fleet["ann"].ctl("status").code == 3 }
            #expect(try fleet["ann"].ctl("paths").code == 0)
        }
    }

    @Test func `every answer is there as JSON, at the hub and through an agent`() throws {
        try withFleet { fleet in
            try fleet["ann"].folder.write("0", to: "f.txt")
            try fleet.expectSame()
            try fleet.hub.ctl("pause", "--all").expectDone()
            try fleet["ann"].folder.write("1", to: "f.txt")
            try fleet["bea"].folder.write("2", to: "f.txt")
            try fleet.hub.ctl("resume", "--all").expectDone()
            try fleet.expectSame()
            try fleet["ann"].folder.makeFIFO("pipe")
            try eventually("the FIFO is told") { try !fleet.hub.unsynced().isEmpty }
            for ask in [{ try fleet.hub.ctl($0) }, { try FleetAnswer("syncctl", $0 + ["--home", fleet["bea"].home]) }]
                as [([String]) throws -> FleetAnswer]
            {
                let status: StatusResponse = try ask(["status", "--json"]).decoded()
                #expect(status.clients.map(\.name) == ["ann", "bea"] && status.hub.name == "hub")
                #expect(status.hub.files == 2 && status.hub.bytes == 2 && status.conflicts == 1)
                #expect(status.hub.share == fleet.hub.share.path)
                let clients: [ClientMessage] = try ask(["clients", "--json"]).decoded()
                #expect(clients.allSatisfy { $0.fingerprint?.hasPrefix("SHA256:") == true })
                let unsynced: [UnsyncedMessage] = try ask(["unsynced", "--json"]).decoded()
                #expect(unsynced.map(\.path) == ["pipe"])
                let conflicts: [ConflictMessage] = try ask(["conflicts", "--json"]).decoded()
                #expect(conflicts.map(\.path) == ["f.txt"])
                #expect(conflicts.allSatisfy { fleet["ann"].folder.exists(FleetPath($0.copy)) })
                let why: WhyResponse = try ask(["why", "f.txt", "--json"]).decoded()
                #expect(why.synced && why.clients.count == 2)
                let wait: WaitResponse = try ask(["wait", "--timeout", "20", "--json"]).decoded()
                #expect(wait.inSync && wait.seq == status.hub.seq)
                let log: [LogMessage] = try ask(["log", "--json"]).decodedLines()
                #expect(log.last?.seq == status.hub.seq && log.first?.path == "f.txt")
                let paths: PathsResponse = try ask(["paths", "--json"]).decoded()
                #expect(!paths.paths.isEmpty)
            }
        }
    }

    @Test func `what people read is there`() throws {
        try withFleet { fleet in
            try fleet["ann"].folder.write("x", to: "some file")
            try fleet.expectSame()
            let status = try fleet.hub.ctl("status").expectDone().output
            #expect(status.contains("ann") && status.contains("in-sync"))
            #expect(try fleet.hub.ctl("why", "some file").expectDone().output.contains("the same on all 2 machines"))
            #expect(try fleet.hub.ctl("log").expectDone().output.contains("some file"))
            #expect(try fleet["bea"].ctl("why", fleet["bea"].folder.path + "/some file").code == 0)
        }
    }
}
