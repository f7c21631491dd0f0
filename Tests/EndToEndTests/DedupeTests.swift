import SyncCore
import TestSupport
import Testing

/// Bytes that are there already do not travel. Counted by the proxy between each agent and the hub.
@Suite(.fleet)
struct DedupeTests {
    /// Bytes of each direction through an agent's proxy while something happens.
    private func travelled(_ agent: FleetAgent, _ body: () throws -> Void) throws -> (up: Int, down: Int) {
        let proxy = try #require(agent.proxy)
        let before = proxy.bytes
        try body()
        let after = proxy.bytes
        return (after.up - before.up, after.down - before.down)
    }

    private func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return (0..<count / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    }

    @Test func `many copies of a file cross each hop once`() throws {
        try withFleet(proxied: true) { fleet in
            let content = bytes(2 << 20, seed: 1)
            let small = bytes(40_000, seed: 2)
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            try fleet.wait()
            let down = try travelled(bea) {
                let up = try travelled(ann) {
                    for number in 0..<20 {
                        try ann.folder.write(content, to: "copies/\(number)")
                        try ann.folder.write(small, to: "small/\(number)")
                    }
                    try fleet.expectSame()
                }
                #expect(up.up > 2 << 20 && up.up < 5 << 19, "\(up.up) bytes went up")
            }
            #expect(down.down > 2 << 20 && down.down < 5 << 19, "\(down.down) bytes came down")
        }
    }

    @Test func `a large file that is copied, touched, or comes back, is not sent again`() throws {
        try withFleet(agents: ["ann"], proxied: true) { fleet in
            let ann = fleet["ann"]
            let content = bytes(9 << 20, seed: 5)
            try ann.folder.write(content, to: "large")
            try fleet.expectSame()
            let up = try travelled(ann) {
                try ann.folder.write(content, to: "copy")
                try fleet.expectSame()
                try ann.folder.remove("large")
                try ann.folder.remove("copy")
                try fleet.expectSame()
                try ann.folder.write(content, to: "again")
                try fleet.expectSame()
                // Other times, and the same bytes.
                try ann.folder.write(content, to: "again")
                try fleet.expectSame()
            }
            #expect(up.up < 200_000, "\(up.up) bytes went up")
            #expect(fleet.hub.share.item("again") == ann.folder.item("again"))
            #expect(FleetFolder(fleet.hub.root + "/.synchub/ahead/ann").names().isEmpty)
            #expect(fleet.hub.staged(by: "ann") == [])
        }
    }

    @Test func `what is in versions is not sent, and what is in the folder or its trash is not fetched`() throws {
        try withFleet(proxied: true) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            let (content, other) = (bytes(1 << 20, seed: 3), bytes(1 << 20, seed: 4))
            try ann.folder.write(content, to: "a")
            try fleet.expectSame()
            try ann.folder.remove("a")
            try fleet.expectSame()
            try bea.folder.write(content, to: ".synchub/trash/kept")
            let again = try travelled(bea) {
                let up = try travelled(ann) {
                    try ann.folder.write(content, to: "again")
                    try fleet.expectSame()
                }
                #expect(up.up < 100_000, "\(up.up) bytes went up")
            }
            #expect(again.down < 100_000, "\(again.down) bytes came down")
            let copied = try travelled(bea) {
                try ann.folder.write(content, to: "a copy")
                try fleet.expectSame()
            }
            #expect(copied.down < 100_000, "\(copied.down) bytes came down")
            // Of the right size, and something else.
            try bea.folder.write(content, to: ".synchub/trash/other")
            try ann.folder.write(other, to: "other")
            try fleet.expectSame()
        }
    }

    @Test func `a directory that is renamed costs a few kilobytes on each hop`() throws {
        try withFleet(proxied: true) { fleet in
            let (ann, bea) = (fleet["ann"], fleet["bea"])
            for number in 0..<100 { try ann.folder.write(bytes(20_000, seed: UInt64(number)), to: "old/\(number)") }
            try fleet.expectSame()
            let down = try travelled(bea) {
                let up = try travelled(ann) {
                    try ann.folder.rename("old", to: "new")
                    try fleet.expectSame()
                }
                #expect(up.up + up.down < 40_000, "\(up) between the one that renames and the hub")
            }
            #expect(down.up + down.down < 40_000, "\(down) between the other and the hub")
        }
    }
}
