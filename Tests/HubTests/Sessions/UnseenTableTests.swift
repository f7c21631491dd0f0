import Share
import SyncCore
import Testing

@testable import Hub

/// Whether who writes a file could have seen what was placed there just before.
struct UnseenTableTests {
    /// What was told or done, in order: `p: LINE` by the phone's session, `q: LINE` by its other one, `t: LINE` by the tablet's;
    /// `placed PATH` and `taken PATH` by the hub; a number: so many milliseconds pass. At the end the file `a` is asked about.
    private static let rule: [(words: [String], isUnseen: Bool)] = [
        // Renamed over it, or written in place.
        (["placed a", "p: posix-rename old \"a.part\" new \"a\""], true),
        (["placed a", "p: open \"a\" flags WRITE,CREATE,TRUNCATE mode 0644"], true),
        (["placed a", "p: set \"a\" size 0"], true),
        (["p: lstat name \"a\"", "placed a", "p: rename old \"b\" new \"a\""], true),
        (["p: opendir \".\"", "placed a", "p: rename old \"b\" new \"a\""], true),
        (["placed a", "p: lstat name \"b\"", "p: rename old \"b\" new \"a\""], true),
        (["placed a", "p: opendir \"d\"", "p: rename old \"b\" new \"a\""], true),
        (["placed a", "t: lstat name \"a\"", "p: rename old \"b\" new \"a\""], true),
        (["placed a", "p: lstat name \"a\"", "placed a", "p: rename old \"b\" new \"a\""], true),
        (["placed a", "59999", "p: rename old \"b\" new \"a\""], true),
        // Told just before it was placed, and done just after.
        (["p: rename old \"b\" new \"a\"", "199", "placed a"], true),
        // It could have been seen.
        (["placed a", "p: lstat name \"a\"", "p: rename old \"b\" new \"a\""], false),
        (["placed a", "p: stat name \"a\"", "p: open \"a\" flags WRITE mode 0644"], false),
        (["placed a", "q: lstat name \"a\"", "p: rename old \"b\" new \"a\""], false),
        (["placed a", "p: open \"a\" flags READ mode 0644", "p: rename old \"b\" new \"a\""], false),
        (["placed a", "p: opendir \"/share\"", "p: rename old \"b\" new \"a\""], false),
        (["placed a", "60000", "p: rename old \"b\" new \"a\""], false),
        // Nothing was placed there, or nothing written.
        (["placed b", "p: rename old \"b\" new \"a\""], false), (["placed a", "p: rename old \"a\" new \"b\""], false),
        (["placed a", "p: set \"a\" mode 0644"], false), (["p: rename old \"b\" new \"a\"", "200", "placed a"], false),
        (["p: rename old \"b\" new \"a\"", "p: lstat name \"c\"", "placed a"], false),
        (["placed a", "p: rename old \"b\" new \"a\"", "p: sent status Failure"], false),
        // It was found, and taken in.
        (["placed a", "p: rename old \"b\" new \"a\"", "taken a"], false),
        (["p: rename old \"b\" new \"a\"", "taken a", "placed a"], false),
        (["placed a", "p: rename old \"b\" new \"a\"", "taken a", "p: rename old \"b\" new \"a\""], true),
        // Who has not seen it has replaced it, whatever was looked at later.
        (["placed a", "p: rename old \"b\" new \"a\"", "p: lstat name \"a\"", "p: set \"a\" size 3"], true),
        (
            [
                "placed a", "p: rename old \"b\" new \"a\"", "p: open \"a\" flags WRITE mode 0644",
                "p: sent status Failure",
            ], true
        ),
    ]

    @Test(arguments: UnseenTableTests.rule)
    func `who has not looked since has not seen what it replaces`(_ words: [String], _ isUnseen: Bool) throws {
        var table = UnseenTable()
        let place = SessionPlace(share: Array("/share".utf8), start: Array("/share".utf8))
        for (id, name) in [(UInt64(1), "phone"), (2, "tablet"), (3, "phone")] {
            table.begin(SessionID(rawValue: id), try ClientName(name), place)
        }
        var now: Int64 = 0
        for word in words {
            if let pause = Int64(word) {
                now += pause
                continue
            }
            let rest = word.drop { $0 != " " }.dropFirst()
            if word.hasPrefix("placed") {
                table.placed(try path(rest), at: now)
            } else if word.hasPrefix("taken") {
                table.take([FoundChange(try path(rest), .rewritten)])
            } else {
                let id = try #require(["p": UInt64(1), "t": 2, "q": 3][word.prefix(1)])
                table.note(SessionRecord(Array("\(rest)\r\n".utf8)), by: SessionID(rawValue: id), at: now)
            }
        }
        #expect(table.isUnseen(try path("a")) == isUnseen)
    }

    private func path(_ text: some StringProtocol) throws -> RelativePath {
        try RelativePath(bytes: Array(text.utf8))
    }

    @Test func `what is placed while no session is there need not be remembered`() throws {
        var table = UnseenTable()
        table.placed(try path("a"), at: 0)
        let place = SessionPlace(share: Array("/share".utf8), start: Array("/share".utf8))
        table.begin(SessionID(rawValue: 1), try ClientName("phone"), place)
        table.note(SessionRecord(Array("rename old \"b\" new \"a\"\r\n".utf8)), by: SessionID(rawValue: 1), at: 1)
        #expect(!table.isUnseen(try path("a")))
    }
}
