import SyncCore
import Testing

@Suite("Conflict names")
struct ConflictNameTests {
    private func make(_ name: [UInt8], _ keeps: Bool = true, attempt: Int = 1) throws -> [UInt8] {
        ConflictName.make(
            from: try Name(name), keepsExtension: keeps, date: "2026-11-21", client: "bea", attempt: attempt
        ).bytes
    }

    private func make(_ name: String, _ keeps: Bool = true, attempt: Int = 1) throws -> String {
        String(decoding: try make(Array(name.utf8), keeps, attempt: attempt), as: UTF8.self)
    }

    @Test(arguments: [
        ("photo.jpg", "photo (conflict 2026-11-21 bea).jpg"),
        ("a.tar.gz", "a.tar (conflict 2026-11-21 bea).gz"),
        (".bashrc", ".bashrc (conflict 2026-11-21 bea)"),
        ("README", "README (conflict 2026-11-21 bea)"),
        ("dot.", "dot (conflict 2026-11-21 bea)."),
    ])
    func `the mark stands before the extension`(name: String, expected: String) throws {
        #expect(try make(name) == expected)
    }

    @Test func `a directory has no extension, and a second copy has a number`() throws {
        #expect(try make("v1.2", false) == "v1.2 (conflict 2026-11-21 bea)")
        #expect(try make("f.txt", attempt: 2) == "f (conflict 2026-11-21 bea 2).txt")
    }

    @Test func `a long name is cut, between characters, and keeps its extension`() throws {
        let long = String(repeating: "\u{e9}", count: 125) + ".jpg"  // 254 bytes
        let made = try make(long)
        #expect(made.utf8.count <= 255)
        #expect(made.hasSuffix(" (conflict 2026-11-21 bea).jpg"))
        #expect(!made.unicodeScalars.contains("\u{FFFD}"))
        #expect(try make([UInt8](repeating: 0x61, count: 255)).count == 255)
    }

    @Test func `bytes that are no text are cut too`() throws {
        let made = try make([UInt8](repeating: 0x80, count: 255))
        #expect(made.count <= 255)
        #expect(made.starts(with: [0x80, 0x80]))
    }

    @Test func `a long client name leaves room for the rest`() throws {
        let name = ConflictName.make(
            from: try Name([UInt8](repeating: 0x61, count: 255)), keepsExtension: true, date: "2026-11-21",
            client: String(repeating: "c", count: 255), attempt: 12)
        #expect(name.bytes.count <= 255)
        #expect(String(decoding: name.bytes, as: UTF8.self).hasSuffix(" 12)"))
    }

    @Test(
        arguments: ["photo.jpg", "a.tar.gz", ".bashrc", "README", "dot.", "x (conflict 2026-01-02 ann).txt"], [1, 7])
    func `the name of a copy tells the name that was wanted, and whose it is`(name: String, attempt: Int) throws {
        for keeps in [true, false] {
            let copy = try Name(Array(make(name, keeps, attempt: attempt).utf8))
            let parts = try #require(ConflictName.parts(of: copy))
            #expect(parts.original == (try Name(name)) && parts.date == "2026-11-21" && parts.client == "bea")
        }
    }

    @Test(arguments: [
        "plain.txt", "a (conflict).txt", "a (conflict 2026-11-21).txt", "a (conflict yesterday bea)",
        " (conflict 1-2-3 b)",
        "a (conflict 2026-11-21 bea) more", "a (conflict 2026-11-21 bea x)", " (conflict 2026-11-21 bea)",
    ])
    func `other names are no copies`(name: String) throws {
        #expect(ConflictName.parts(of: try Name(name)) == nil)
    }
}
