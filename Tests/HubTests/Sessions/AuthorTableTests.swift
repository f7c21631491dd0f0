import Share
import SyncCore
import Testing

@testable import Hub

/// Whose a change is that is found in the share, by what sessions have told.
struct AuthorTableTests {
    /// Sessions of `phone` (1, and again 3) and `tablet` (2), a second apart. Everything from before was taken in.
    private struct Told {
        var table = AuthorTable()
        var now: Int64 = 0

        init(atStart: Bool = false) throws {
            let place = SessionPlace(share: Array("/share".utf8), start: Array("/share".utf8))
            for (id, name) in [(UInt64(1), "phone"), (2, "tablet"), (3, "phone")] {
                table.begin(SessionID(rawValue: id), try ClientName(name), place)
            }
            if !atStart { rest() }
        }

        /// `p: LINE` for the phone's session, `t: LINE` for the tablet's, `q: LINE` for the phone's other one; `p: .` ends it.
        mutating func say(_ lines: [String]) throws {
            for line in lines {
                let id = try #require(["p": UInt64(1), "t": 2, "q": 3][line.prefix(1)])
                let text = line.dropFirst(3)
                if text == "." {
                    table.end(SessionID(rawValue: id))
                } else {
                    table.note(SessionRecord(Array("\(text)\r\n".utf8)), by: SessionID(rawValue: id), at: now)
                }
            }
        }

        mutating func author(_ change: FoundChange) -> String? { table.authors(of: [change], at: now)[0] }
        mutating func rest(keeping names: Set<RelativePath> = []) {
            if let mark = table.mark(at: now) { table.rest(until: mark, keeping: names) }
        }
    }

    private static func path(_ text: String) throws -> RelativePath { try RelativePath(bytes: Array(text.utf8)) }
    /// `created a`, `moved a b` and so on.
    private static func change(_ text: String) throws -> FoundChange {
        let words = text.split(separator: " ")
        let path = try path(String(words[words.count - 1]))
        return switch words[0] {
        case "created": FoundChange(path, .created)
        case "rewritten": FoundChange(path, .rewritten)
        case "dressed": FoundChange(path, .dressed)
        case "deleted": FoundChange(path, .deleted)
        default: FoundChange(path, .moved(from: try Self.path(String(words[1]))))
        }
    }

    private static func put(_ who: String, _ name: String) -> [String] {
        [
            "\(who): open \"\(name)\" flags WRITE,CREATE,TRUNCATE mode 0644",
            "\(who): close \"\(name)\" bytes read 0 written 5",
        ]
    }

    // What was told, what is found, and whose it is.
    private static let rule: [(told: [String], found: String, author: String?)] = [
        // One device.
        (put("p", "a"), "created a", "phone"), (put("p", "a"), "rewritten a", "phone"),
        (put("p", "a"), "dressed a", "phone"),
        (put("p", "a") + put("q", "a"), "rewritten a", "phone"),
        (put("p", "a") + put("t", "b"), "created a", "phone"), (put("p", "a") + put("t", "b"), "created b", "tablet"),
        (["p: set \"a\" size 3"], "rewritten a", "phone"), (["p: set \"a\" mode 0600"], "dressed a", "phone"),
        (["p: mkdir name \"d\" mode 0777"], "created d", "phone"),
        (["p: symlink old \"x\" new \"a\""], "created a", "phone"),
        (["p: hardlink old \"x\" new \"a\""], "created a", "phone"),
        (["p: remove name \"a\""], "deleted a", "phone"), (["p: rmdir name \"d\""], "deleted d", "phone"),
        (["p: rename old \"a\" new \"b\""], "moved a b", "phone"),
        (["p: rename old \"d\" new \"e\""], "moved d e", "phone"),
        // A second name that a file goes through on its way.
        (put("p", "a.part") + ["p: posix-rename old \"a.part\" new \"a\""], "created a", "phone"),
        (put("p", "a.part") + ["p: posix-rename old \"a.part\" new \"a\""], "rewritten a", "phone"),
        (put("p", "a.part") + ["p: posix-rename old \"a.part\" new \"a\"", "p: ."], "created a", "phone"),
        (["p: rename old \"a\" new \"b\"", "p: rename old \"b\" new \"c\""], "moved a c", "phone"),
        // In a directory that is renamed, by the same one or by another one.
        (put("p", "d/a") + ["p: rename old \"d\" new \"e\""], "created e/a", "phone"),
        (put("p", "d/a") + ["t: rename old \"d\" new \"e\""], "created e/a", "phone"),
        (put("p", "d/a") + ["t: rename old \"d\" new \"e\"", "t: ."], "created e/a", "phone"),
        (put("p", "d/a") + ["t: rename old \"d\" new \"e\""], "moved d e", "tablet"),
        // It went with its directory, to where nothing is taken in.
        (["p: rename old \"d\" new \"d.ignored\""], "deleted d/x/y", "phone"),
        (["p: rename old \"d\" new \"d.ignored\"", "p: ."], "deleted d", "phone"),
        // Two devices.
        (put("p", "a") + put("t", "a"), "rewritten a", nil),
        (put("p", "a") + ["t: set \"a\" mode 0600"], "rewritten a", nil),
        (put("p", "a") + ["t: remove name \"a\""] + put("p", "a"), "rewritten a", nil),
        (put("p", "b") + ["t: rename old \"b\" new \"a\""], "rewritten a", nil),
        (["p: remove name \"a\"", "t: remove name \"a\""], "deleted a", nil),
        (["p: rename old \"a\" new \"b\"", "t: rename old \"b\" new \"c\""], "moved a c", nil),
        (["p: rename old \"d\" new \"d.ignored\"", "t: remove name \"d/a\""], "deleted d/a", nil),
        // Who has written what another one took away has not taken it away.
        (put("p", "a") + ["t: remove name \"a\""], "deleted a", "tablet"),
        // No device: somebody at the hub itself.
        ([], "created a", nil), (put("p", "b"), "created a", nil),
        (["p: open \"a\" flags READ mode 0644", "p: close \"a\" bytes read 5 written 0"], "rewritten a", nil),
        (["p: set \"a\" mode 0600"], "rewritten a", nil), (["p: set \"a\" mode 0600"], "deleted a", nil),
        (put("p", "a"), "deleted a", nil), (["p: remove name \"a\""], "created a", nil),
        (put("p", "a"), "moved a b", nil), (put("p", "b"), "moved a b", nil),
        // What failed was not done. An open that fails generally may have been done, and what came after it failed.
        (["p: open \"a\" flags WRITE mode 0644", "p: sent status Permission denied"], "rewritten a", nil),
        (["p: rename old \"a\" new \"b\"", "p: sent status Failure", "p: ."], "moved a b", nil),
        (["p: remove name \"a\"", "p: sent status No such file"], "deleted a", nil),
        (
            put("p", "a") + ["t: open \"a\" flags WRITE mode 0644", "t: sent status Permission denied"], "rewritten a",
            "phone"
        ),
        (["p: open \"a\" flags WRITE mode 0644", "p: sent status Failure"], "rewritten a", "phone"),
        // What cannot be read, or found.
        (put("p", "a") + ["t: rename old \"x\" new \"y\" new \"z\""], "rewritten a", nil),
        (put("p", "a") + ["t: remove name \"d/../a\""], "rewritten a", nil),
        (put("p", "a") + ["t: open \"../a\" flags READ mode 0644"], "rewritten a", "phone"),
        (put("p", "a") + ["t: remove name \"/elsewhere/a\""], "rewritten a", "phone"),
        (["p: rename old \"/elsewhere/a\" new \"a\""], "created a", "phone"),
        (["p: rename old \"a\" new \"/elsewhere/a\""], "deleted a", "phone"),
    ]

    @Test(arguments: AuthorTableTests.rule)
    func `a change has a device's name if it alone has done what makes it`(
        _ told: [String], _ found: String, _ author: String?
    ) throws {
        var table = try Told()
        try table.say(told)
        #expect(table.author(try Self.change(found)) == author, "at once")
        table.now += AuthorTable.patience
        #expect(table.author(try Self.change(found)) == author, "when all that was told is done")
    }

    @Test func `of what was cut only names that begin so are nobody's`() throws {
        var table = try Told()
        let long = String(repeating: "n", count: 1_100)
        try table.say(Self.put("p", "a") + Self.put("p", "\(long.prefix(240))"))
        try table.say(["t: remove name \"\(long)\""])
        #expect(table.author(FoundChange(try Self.path("a"), .created)) == "phone")
        #expect(table.author(FoundChange(try Self.path(String(long.prefix(240))), .created)) == nil)
        table.rest()
        try table.say(Self.put("p", "\(long.prefix(240))"))
        #expect(table.author(FoundChange(try Self.path(String(long.prefix(240))), .created)) == nil)
        try table.say(["t: ."])
        table.rest()
        try table.say(Self.put("p", "\(long.prefix(240))"))
        #expect(table.author(FoundChange(try Self.path(String(long.prefix(240))), .created)) == "phone")
    }

    // What both do, one after the other: the first is taken in between.
    private static let turns: [(first: [String], found: String, second: [String], later: String, author: String?)] = [
        (put("p", "a"), "created a", put("t", "a"), "rewritten a", "tablet"),
        (put("p", "a") + ["p: set \"a\" modtime x"], "created a", put("t", "a"), "rewritten a", "tablet"),
        (put("p", "a"), "created a", ["t: remove name \"a\""], "deleted a", "tablet"),
        (["p: mkdir name \"d\" mode 0777"], "created d", ["t: set \"d\" mode 0700"], "dressed d", "tablet"),
        (["p: remove name \"a\""], "deleted a", put("t", "a"), "created a", "tablet"),
        (["p: rename old \"a\" new \"b\""], "moved a b", put("t", "a"), "created a", "tablet"),
        (["p: rename old \"a\" new \"b\""], "moved a b", ["t: rename old \"b\" new \"a\""], "moved b a", "tablet"),
        (put("p", "a") + ["p: rename old \"a\" new \"b\""], "moved a b", [], "rewritten b", "phone"),
        // Nothing more was done by anybody: somebody at the hub itself.
        (put("p", "a"), "created a", [], "rewritten a", nil),
        (["p: mkdir name \"d\" mode 0777"], "created d", [], "dressed d", nil),
        (["p: remove name \"a\""], "deleted a", [], "deleted a", nil),
    ]

    @Test(arguments: AuthorTableTests.turns, [0, AuthorTable.patience])
    func `what was taken in says nothing about what comes later`(
        _ turn: (first: [String], found: String, second: [String], later: String, author: String?), _ after: Int64
    ) throws {
        // What is written counts when it is quiet.
        let isAtOnce = turn.first.allSatisfy { !$0.contains("open") && !$0.contains("set") }
        if after == 0, !isAtOnce { return }
        var table = try Told()
        try table.say(turn.first)
        table.now += after
        let change = try Self.change(turn.found)
        #expect(table.author(change) == "phone")
        table.table.take([change])
        try table.say(turn.second)
        table.now += after
        #expect(table.author(try Self.change(turn.later)) == turn.author)
    }

    @Test func `what was done before it was asked about stays, and what comes later is not taken with it`() throws {
        var table = try Told()
        let change = try Self.change("created a")
        try table.say(Self.put("p", "a"))
        #expect(table.author(change) == "phone")
        try table.say(Self.put("p", "a"))
        table.table.take([change])
        #expect(table.author(try Self.change("rewritten a")) == "phone")
    }

    @Test func `all that made no change is forgotten when everything is taken in, but for what waits`() throws {
        var table = try Told()
        try table.say(Self.put("p", "a") + Self.put("p", "d/b") + ["p: ."])
        table.rest(keeping: [try Self.path("d/b")])
        try table.say(Self.put("t", "a") + Self.put("t", "d/b"))
        #expect(table.author(try Self.change("rewritten a")) == "tablet")
        #expect(table.author(try Self.change("rewritten d/b")) == nil)
        // The directory above what waits was renamed.
        table = try Told()
        try table.say(["p: rename old \"d\" new \"d.ignored\"", "p: ."])
        table.rest(keeping: [try Self.path("d/b")])
        #expect(table.author(try Self.change("deleted d/b")) == "phone")
    }

    @Test func `after a start nobody's name is told until everything was looked at`() throws {
        var table = try Told(atStart: true)
        try table.say(Self.put("p", "a"))
        #expect(table.author(try Self.change("rewritten a")) == nil)
        table.rest()
        try table.say(Self.put("p", "b"))
        #expect(table.author(try Self.change("rewritten b")) == "phone")
    }

    @Test func `more names than are remembered are nobody's, until everything was looked at`() throws {
        var table = try Told()
        for number in 0...AuthorTable.most { try table.say(["p: mkdir name \"\(number)\" mode 0777"]) }
        #expect(table.author(try Self.change("created 1")) == "phone")
        try table.say(["p: ."])
        #expect(table.author(try Self.change("created 1")) == nil)
        table.rest()
        try table.say(["t: mkdir name \"x\" mode 0777"])
        #expect(table.author(try Self.change("created x")) == "tablet")
    }

    // Who goes on with a piece that the phone left, and whose the whole is.
    @Test(arguments: [("p", "phone"), ("t", nil), ("", nil)])
    func `a piece is of all who wrote to it, and of nobody if somebody else has finished it`(
        _ second: String, _ author: String?
    ) throws {
        var (table, started) = (try Told(), try Told())
        try table.say(Self.put("p", "a") + ["p: set \"x\" mode 0644"])
        table.table.fade(try Self.path("a"))
        // The same after a start.
        started.table.remember("phone", at: try Self.path("a"), counts: false)
        if !second.isEmpty {
            try table.say(Self.put(second, "a"))
            try started.say(Self.put(second, "a"))
        }
        #expect(table.author(try Self.change("rewritten a")) == author)
        #expect(started.author(try Self.change("rewritten a")) == author)
    }

    @Test func `a piece that has waited for long enough is of who left it`() throws {
        var table = try Told()
        table.table.remember("phone", at: try Self.path("a"), counts: false)
        #expect(table.author(try Self.change("created a")) == nil)
        table.table.remember("phone", at: try Self.path("a"), counts: true)
        #expect(table.author(try Self.change("created a")) == "phone")
    }

    @Test func `what the hub renames takes along what was done to it`() throws {
        var table = try Told()
        try table.say(Self.put("p", "d/a") + ["p: ."])
        table.table.moved(try Self.path("d"), try Self.path("e"))
        #expect(table.author(try Self.change("created e/a")) == "phone")
        #expect(table.author(try Self.change("created d/a")) == nil)
    }
}
