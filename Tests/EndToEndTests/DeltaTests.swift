import SyncCore
import TestSupport
import Testing

/// Of a large file that changed a little, a little travels. Counted by the proxy between each agent and the hub.
@Suite(.fleet)
struct DeltaTests {
    private static let megabyte = 1 << 20

    /// Bytes of both directions through each agent's proxy until all are the same again.
    private func travelled(_ fleet: Fleet, _ body: () throws -> Void) throws -> [String: Int] {
        let before = fleet.agents.map { $0.proxy?.total ?? 0 }
        try body()
        try fleet.expectSame(seconds: 120)
        let after = fleet.agents.map { $0.proxy?.total ?? 0 }
        return Dictionary(
            uniqueKeysWithValues: zip(fleet.agents, zip(before, after)).map { ($0.name, $1.1 - $1.0) })
    }

    /// Little travels until all are the same again.
    private func expectLittle(_ what: String, _ fleet: Fleet, _ body: () throws -> Void) throws {
        for (name, bytes) in try travelled(fleet, body) {
            #expect(bytes < 450_000, "\(what): \(bytes) bytes at \(name)\n\(fleet.logs)")
        }
    }

    private func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            for offset in stride(from: 0, to: count, by: 8) {
                UnsafeMutableRawBufferPointer(buffer).storeBytes(
                    of: random.next(), toByteOffset: offset, as: UInt64.self)
            }
            filled = count
        }
    }

    @Test func `an overwritten part and an inserted byte of a large file cost little on each hop, whoever makes them`()
        throws
    {
        try withFleet(proxied: true) { fleet in
            var content = bytes(64 * Self.megabyte, seed: 1)
            try fleet["ann"].folder.write(content, to: "large")
            try fleet.expectSame(seconds: 120)

            content.replaceSubrange(40_000_000..<40_065_536, with: bytes(65_536, seed: 2))
            try expectLittle("overwritten", fleet) { try fleet["ann"].folder.write(content, to: "large") }

            content.insert(0x5A, at: Self.megabyte)
            try expectLittle("inserted", fleet) { try fleet["ann"].folder.write(content, to: "large") }

            // Who has received it has never cut it: it asks the hub what it consists of.
            content.removeSubrange(30_000_000..<30_000_100)
            try expectLittle("removed", fleet) { try fleet["bea"].folder.write(content, to: "large") }
        }
    }

    @Test
    func `what is like another file travels as what differs, and a machine that missed versions asks for the chunks`()
        throws
    {
        try withFleet(proxied: true) { fleet in
            let content = bytes(16 * Self.megabyte, seed: 3)
            try fleet["ann"].folder.write(content, to: "one")
            try fleet.expectSame(seconds: 120)
            var like = content
            like.insert(contentsOf: bytes(8_000, seed: 4), at: 5_000_000)
            try expectLittle("like another", fleet) { try fleet["ann"].folder.write(like, to: "like it") }

            try fleet["bea"].stop()
            for at in [2_000_000, 9_000_000] {
                like.replaceSubrange(at..<at + 1_000, with: bytes(1_000, seed: UInt64(at)))
                try fleet["ann"].folder.write(like, to: "one")
                try fleet.wait(on: ["ann"])
            }
            let cost = try travelled(fleet) { try fleet["bea"].start() }
            #expect(cost["bea"]! < 450_000, "\(cost["bea"]!) bytes at bea\n\(fleet.logs)")
        }
    }

    @Test func `a file that was replaced where its parts are looked for comes whole`() throws {
        try withFleet { fleet in
            let content = bytes(4 * Self.megabyte, seed: 5)
            try fleet["ann"].folder.write(content, to: "a")
            try fleet.expectSame()
            // The hub's copy is another one, of the same size; the agents hear of it later than ann has her recipe.
            var other = content
            other[1_000_000] ^= 1
            var edited = content
            edited[3_000_000] ^= 1
            try fleet["bea"].stop()
            try fleet.hub.share.write(other, to: "a")
            try fleet["ann"].folder.write(edited, to: "a")
            try fleet["bea"].start()
            try fleet.expectSame()
            let folder = fleet["bea"].folder
            let kept = folder.names().filter { !$0.description.hasPrefix(".synchub") }.map { folder.read($0) }
            #expect(kept.count == 2 && kept.contains(other) && kept.contains(edited))
        }
    }
}
