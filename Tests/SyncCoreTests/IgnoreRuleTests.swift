import SyncCore
import Testing

/// The rules of gitignore(5), by hand. `/` at the end of a path says that it is a directory.
@Suite struct IgnoreRuleTests {
    private static func match(_ files: [String: String], _ path: String, machine: String? = nil) throws -> IgnoreMatch?
    {
        func list(_ directory: String) -> IgnoreList? {
            files[directory].map { IgnoreList(Array($0.utf8), origin: .file) }
        }
        let isDirectory = path.hasSuffix("/")
        let names = try RelativePath(bytes: Array(path.utf8)).names
        var rules = DirectoryRules.top(
            file: list(""), machine: machine.map { IgnoreList(Array($0.utf8), origin: .machine) })
        var above = ""
        for name in names.dropLast() {
            above += (above.isEmpty ? "" : "/") + name.description
            rules = rules.entering(name, file: list(above))
        }
        let last = try #require(names.last)
        return rules.match(last, isDirectory: isDirectory)
    }

    static let table: [(rules: String, path: String, isIgnored: Bool)] = [
        // Comments, blank lines, spaces at the end, escapes.
        ("# *.log", "a.log", false), ("\\#a", "#a", true), ("\n\n*.log\n", "a.log", true), ("a.log   ", "a.log", true),
        ("a\\ ", "a ", true), ("a\\ ", "a", false), ("a \\  ", "a  ", true), ("\\!a", "!a", true), ("a\\", "a", false),
        ("a\\*", "a*", true), ("a\\*", "ab", false), ("a.log\r\n", "a.log", true), ("\u{FEFF}a", "a", true),
        // Where a pattern is anchored.
        ("a", "x/a", true), ("/a", "a", true), ("/a", "x/a", false), ("x/a", "x/a", true), ("x/a", "y/x/a", false),
        ("x/*", "x/y/a", true), ("x/*.c", "x/y/a.c", false), ("*.c", "x/y/a.c", true),
        // Directories only.
        ("a/", "a", false), ("a/", "a/", true), ("a/", "a/b", true), ("a/", "x/a/b", true), ("/", "a", false),
        // Wildcards.
        ("*", "a", true), ("?", "ab", false), ("a?c", "abc", true), ("x/?/c", "x/y/c", true), ("x?c", "x/c", false),
        ("[a-c]x", "bx", true), ("[a-c]x", "dx", false), ("[!a-c]x", "dx", true), ("[^a-c]x", "ax", false),
        ("[]-]x", "]x", true), ("[]-]x", "-x", true), ("[a-]x", "-x", true), ("[\\]]", "]", true), ("[a", "[a", false),
        ("[[:digit:]]x", "7x", true), ("[[:digit:]]x", "ax", false), ("[[:none:]]x", "ax", false),
        ("[[:]x", ":x", true),
        ("x[/]c", "x/c", false), ("a*b*c", "aXbYc", true), ("a*b*c", "aXbY", false), ("*.tar.*", "x.tar.gz", true),
        // `**` in its three places, and elsewhere.
        ("**/a", "a", true), ("**/a", "x/y/a", true), ("**/x/a", "y/x/a", true), ("**/a", "ba", false),
        ("x/**", "x/a", true), ("x/**", "x/y/a", true), ("x/**", "x/", false), ("x/**/a", "x/a", true),
        ("x/**/a", "x/y/z/a", true), ("x/**/a", "x/ya", false), ("x/b**a", "x/bya", true), ("x/b**a", "x/b/a", false),
        // Negation, and that there is no way back below an ignored directory.
        ("*.log\n!a.log", "a.log", false), ("!a.log\n*.log", "a.log", true), ("x/\n!x/a", "x/a", true),
        ("x/*\n!x/a", "x/a", false), ("/*\n!/x", "x/a", false), ("/*\n!/x\n/x/*\n!/x/y", "x/z", true),
        // What is built in, and how it is taken in again.
        ("", ".a.txt.swp", true), ("", "4913", true), ("", "a~", true), ("", "#a#", true), ("", ".#a", true),
        ("", "a.part", true), ("", "a.iso.1f2e3d4c.partial", true), ("", "a.filepart", true),
        ("", "a.crdownload", true), ("", "a.tacitpart", true), ("", "a.cyberduckpart", true), ("", ".in.a.jpg", true),
        ("", "a.tmp", false),
        // A file under such a name is no whole one; a directory is a directory, unless somebody says otherwise.
        ("", "a.part/", false), ("", "a.part/b", false), ("", ".in.a/", false), ("*.part", "a.part/", true),
        ("", ".rsync-partial/", true), ("", ".rsync-partial", false),
        ("", ".~lock.a.odt#", true), ("", "~$a.docx", true), ("", ".goutputstream-X1Y2Z3", true),
        ("", ".nfs000000000001a2b300000004", true), ("", ".Trash-1000/", true), ("", ".Trash-1000", false),
        ("", ".DS_Store", true), ("", "Thumbs.db", true), ("", "a", false), ("", ".a.txt", false),
        ("", ".a.swz", false),
        ("!*.part", "a.part", false),
        // The list of rules itself is never ignored by name.
        (".*", ".syncignore", false), (".*", "x/.syncignore", false), ("x/", "x/.syncignore", true),
    ]

    @Test(arguments: table) func `a line means what gitignore says`(
        _ row: (rules: String, path: String, isIgnored: Bool)
    ) throws {
        #expect(try (Self.match(["": row.rules], row.path) != nil) == row.isIgnored, "\(row.rules) and \(row.path)")
    }

    @Test func `the deeper file wins, and the machine's own list over all`() throws {
        let files = ["": "*.log\n!keep.txt", "x": "!a.log\n/b", "x/y": "a.log\nkeep.txt"]
        #expect(try Self.match(files, "a.log") != nil)
        #expect(try Self.match(files, "x/a.log") == nil)
        #expect(try Self.match(files, "x/y/a.log") != nil)
        #expect(try Self.match(files, "x/b") != nil)
        #expect(try Self.match(files, "x/y/b") == nil)
        #expect(try Self.match(files, "x/y/keep.txt") != nil)
        #expect(try Self.match(files, "x/y/keep.txt", machine: "!keep.txt") == nil)
        #expect(try Self.match(files, "x/a.log", machine: "x/*.log") != nil)
    }

    @Test func `a match names the rule, its file and its line`() throws {
        let files = ["": "# logs\n*.log", "photos": "\n\nraw/ "]
        #expect(try Self.match(files, "a.log")?.description == "ignored by rule '*.log' (.syncignore line 2)")
        #expect(
            try Self.match(files, "photos/raw/1/a.raw")?.description
                == "ignored by rule 'raw/' (photos/.syncignore line 3)")
        #expect(try Self.match(files, "a.part")?.description == "ignored by rule '*.part' (built-in)")
        #expect(try Self.match(files, "a", machine: "a")?.description == "ignored by rule 'a' (agent.json5)")
    }

    @Test func `names and patterns are bytes`() throws {
        let rules = DirectoryRules.top(file: IgnoreList([0xFF, 0x2A, 0x0A, 0xC3, 0xA9], origin: .file))
        #expect(rules.match(try Name([0xFF, 0x80]), isDirectory: false)?.line == 1)
        #expect(rules.match(try Name([0xC3, 0xA9]), isDirectory: false)?.line == 2)
        // The same letter in NFD is another name.
        #expect(rules.match(try Name([0x65, 0xCC, 0x81]), isDirectory: false) == nil)
    }

    @Test(.timeLimit(.minutes(1))) func `a pattern made to be slow is not`() throws {
        let slow = IgnoreList(Array((String(repeating: "*a", count: 60) + "b\n**/").utf8), origin: .file)
        let deep = IgnoreList(Array((String(repeating: "**/", count: 60) + "b").utf8), origin: .file)
        let name = try Name(Array(repeating: UInt8(ascii: "a"), count: 255))
        #expect(DirectoryRules.top(file: slow).match(name, isDirectory: false) == nil)
        #expect(DirectoryRules.top(file: deep).match(name, isDirectory: false) == nil)
    }
}
