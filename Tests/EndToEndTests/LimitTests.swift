import TestSupport
import Testing

/// `syncctl limit` holds at once.
@Suite(.fleet)
struct LimitTests {
    @Test(arguments: [true, false]) func `a limit slows what is on its way, and its end lets it go`(goesUp: Bool) throws
    {
        try withFleet(proxied: true) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            let (way, slow) = goesUp ? ("--up", "ann") : ("--down", "bea")
            let proxy = fleet[slow].proxy!  // SAFETY: the fleet is proxied.
            try fleet.hub.ctl("limit", slow, way, "1k").expectDone()
            #expect(try fleet.hub.ctl("status").expectDone().output.contains("limited to"))
            // Four thousand seconds at that rate.
            let bytes = noise(4 << 20)
            let before = goesUp ? proxy.bytes.up : proxy.bytes.down
            try ann.folder.write(bytes, to: "large")
            try eventually("it is on its way") {
                (goesUp ? proxy.bytes.up : proxy.bytes.down) - before > 8_192
            }
            #expect(!bea.folder.exists("large"))
            try eventually("status says how far it is") {
                guard let progress = try fleet.hub.status(of: slow).progress else { return false }
                return progress.left.files == 1 && progress.left.bytes > 0 && progress.left.bytes <= Int64(bytes.count)
            }
            #expect(try fleet.hub.ctl("status").expectDone().output.contains("of 1 file, "))
            try fleet.hub.ctl("limit", "--all", way, "off").expectDone()
            try fleet.expectSame()
            #expect(bea.folder.read("large") == bytes)
            try eventually("there is nothing to tell") { try fleet.hub.status(of: slow).progress == nil }
        }
    }

    @Test func `what a machine's own file says holds beside what is asked at the hub`() throws {
        try withFleet(proxied: true) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            let proxy = ann.proxy!  // SAFETY: the fleet is proxied.
            let file = FleetFolder(ann.home)
            func limit(_ old: String, _ new: String) throws {
                try ann.stop()
                let text = try #require(file.text("agent.json5"))
                try #require(text.contains("up: \"\(old)\""))
                try file.write(text.replacing("up: \"\(old)\"", with: "up: \"\(new)\""), to: "agent.json5")
                try ann.start()
            }
            try limit("off", "32k")
            // More than eight minutes at that rate.
            let bytes = noise(16 << 20)
            let before = proxy.bytes.up
            try ann.folder.write(bytes, to: "large")
            try eventually("it is on its way") { proxy.bytes.up - before > 16_384 }
            // The lower one holds.
            try fleet.hub.ctl("limit", "ann", "--up", "1G").expectDone()
            try fleet.hub.ctl("limit", "ann", "--up", "off").expectDone()
            let then = proxy.bytes.up
            try eventually("it goes on") { proxy.bytes.up - then > 32_768 }
            #expect(try fleet.hub.status(of: "ann").progress.map { $0.left.bytes > 8 << 20 } == true)
            #expect(!bea.folder.exists("large"))
            try limit("32k", "off")
            try fleet.expectSame()
            #expect(bea.folder.read("large") == bytes)
        }
    }
}
