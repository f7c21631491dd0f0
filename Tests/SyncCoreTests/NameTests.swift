import SyncCore
import Testing

@Suite struct NameTests {
    @Test func `a name has 1 to 255 bytes`() throws {
        #expect(throws: NameError.empty) { try Name([]) }
        #expect(try Name([UInt8](repeating: 0x61, count: 255)).bytes.count == 255)
        #expect(throws: NameError.tooLong(256)) { try Name([UInt8](repeating: 0x61, count: 256)) }
    }

    @Test func `slash, NUL and dots are refused`() {
        #expect(throws: NameError.slash) { try Name("a/b") }
        #expect(throws: NameError.nul) { try Name([0x61, 0]) }
        #expect(throws: NameError.dots) { try Name(".") }
        #expect(throws: NameError.dots) { try Name("..") }
        #expect(throws: Never.self) { try Name("...") }
    }

    @Test func `NFC and NFD are two names`() throws {
        let composed = try Name([0x63, 0x61, 0x66, 0xC3, 0xA9])
        let decomposed = try Name([0x63, 0x61, 0x66, 0x65, 0xCC, 0x81])
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
    }

    @Test func `escaping loses nothing`() throws {
        for bytes: [UInt8] in [
            [0xFF], [0x61, 0xFF, 0x62], Array("plain".utf8), Array("back\\slash".utf8), [0x0A], [0xC3, 0xA9],
            [0xC3], [0xED, 0xA0, 0x80], [0xF0, 0x9F, 0x98, 0x80], [0x7F], [0xE2, 0x82], [0xC0, 0x80],
        ] {
            #expect(try Escaping.bytes(Escaping.text(bytes)) == bytes)
        }
        for byte in UInt8.min...UInt8.max { #expect(try Escaping.bytes(Escaping.text([byte])) == [byte]) }
        #expect(Escaping.text([0x61, 0xFF]) == "a\\xff")
        #expect(throws: NameError.badEscape) { try Escaping.bytes("a\\q") }
        #expect(throws: NameError.badEscape) { try Escaping.bytes("a\\x1") }
    }

    @Test func `paths have no dots, no leading and no doubled slash`() throws {
        #expect(try RelativePath(bytes: Array("a/b/".utf8)).names.count == 2)
        #expect(try RelativePath(bytes: []).isTop)
        for bad in ["/a", "a//b", "a/../b", "./a"] {
            #expect(throws: NameError.self, "\(bad)") { try RelativePath(bytes: Array(bad.utf8)) }
        }
    }

    @Test func `a digest survives hex`() {
        let hex = String(repeating: "0f", count: 31) + "a5"
        #expect(Digest(hex: hex)?.hex == hex)
        #expect(Digest(hex: String(hex.dropLast())) == nil)
        #expect(Digest(hex: String(hex.dropLast()) + "g") == nil)
        #expect(Digest(bytes: [UInt8](repeating: 1, count: 31)) == nil)
    }
}
