import ControlAPI
import TestSupport
import Testing

/// A pause stops everything at once, and holds until it ends.
@Suite(.fleet)
struct PauseTests {
    @Test func `a pause stops a transfer within a second, and nothing flows until it ends`() throws {
        try withFleet(proxied: true) { fleet in
            let (ann, proxy) = (fleet["ann"], fleet["ann"].proxy!)  // SAFETY: the fleet is proxied.
            let size = 24 << 20
            proxy.hold(after: size / 3, .up)
            try ann.folder.write(noise(size), to: "large")
            try proxy.waitForMark(.up)
            let connections = proxy.connections
            // Paused while the bytes are held back: what is let go then must not be followed by more than what was on its way.
            let start = ContinuousClock.now
            try fleet.hub.ctl("pause", "ann").expectDone()
            let held = proxy.bytes.up
            proxy.release()
            try eventually("ann is paused", within: .seconds(5)) { try fleet.hub.status(of: "ann").state == .paused }
            // Others go on meanwhile: that takes longer than any byte that ann might still send.
            try fleet["bea"].folder.write("bea", to: "bea")
            try fleet.wait(on: ["bea"])
            try eventually("the transfer has stopped", within: .seconds(2)) {
                let before = proxy.bytes.up
                try fleet.wait(on: ["bea"])
                return proxy.bytes.up - before < 4_096
            }
            #expect(ContinuousClock.now - start < .seconds(10))
            #expect(proxy.bytes.up - held < size / 3, "\(proxy.bytes.up - held) bytes after the pause")
            #expect(!fleet.hub.share.exists("large") && !ann.folder.exists("bea"))
            #expect(proxy.connections >= connections)
            try fleet.hub.ctl("resume", "ann").expectDone()
            try fleet.expectSame()
            #expect(fleet["bea"].folder.read("large") == noise(size))
        }
    }

    @Test func `a pause outlasts a restart of the hub and of the agent`() throws {
        try withFleet { fleet in
            try fleet.hub.ctl("pause", "bea", "--for", "2h").expectDone()
            let until = try fleet.hub.status(of: "bea").pausedUntil
            #expect(until != nil)
            try fleet["bea"].stop()
            try fleet.hub.stop()
            try fleet.hub.start()
            try fleet["bea"].start()
            try fleet["ann"].folder.write("x", to: "x")
            try fleet["bea"].folder.write("y", to: "y")
            try fleet.wait()
            try eventually("bea is back") { try fleet["bea"].ctl("status").code == 0 }
            let status = try fleet.hub.status(of: "bea")
            #expect(status.state == .paused && status.pausedUntil == until)
            #expect(try fleet.hub.ctl("status").expectDone().output.contains("paused"))
            #expect(!fleet["bea"].folder.exists("x") && !fleet.hub.share.exists("y"))
            let waiting = try fleet.hub.unsynced().filter { $0.client == "bea" }
            #expect(waiting.contains { $0.path == "x" && $0.direction == .down && $0.reason.contains("paused") })
            try fleet.hub.ctl("resume", "--all").expectDone()
            try fleet.expectSame()
            #expect(fleet["ann"].folder.text("y") == "y")
        }
    }

    @Test func `a pause with an end resumes by itself`() throws {
        try withFleet { fleet in
            try fleet.hub.ctl("pause", "bea", "--for", "2s").expectDone()
            try fleet["ann"].folder.write("x", to: "x")
            try fleet.wait(on: ["ann"])
            try fleet.wait(on: ["bea"])
            #expect(fleet["bea"].folder.text("x") == "x")
        }
    }

    @Test func `what waits for a client that is away is known at the hub`() throws {
        try withFleet { fleet in
            try fleet["ann"].folder.write("1", to: "first")
            try fleet.expectSame()
            try fleet["bea"].stop()
            try fleet["ann"].folder.write("22", to: "second")
            try fleet.wait(on: ["ann"])
            try eventually("bea is offline") { try fleet.hub.status(of: "bea").state == .offline }
            let waiting = try fleet.hub.unsynced()
            #expect(waiting.map(\.path) == ["second"])
            #expect(waiting.first?.client == "bea" && waiting.first?.direction == .down && waiting.first?.bytes == 2)
            #expect(waiting.first?.reason.contains("offline") == true)
            let why: WhyResponse = try fleet.hub.ctl("why", "second", "--json").decoded()
            #expect(!why.synced && why.sentence.contains("bea"))
        }
    }
}
