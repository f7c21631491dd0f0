import Share
import SyncCore
import Testing

@testable import Hub

/// Whether who writes a file, or takes it away, could have seen what was placed there just before.
struct UnseenTableTests {
    /// What was told or done, in order: `p: LINE` by the phone's session, `q: LINE` by its other one, `t: LINE` by the tablet's;
    /// by the hub `placed PATH` (also with other bytes: `placed PATH 2`), `moved PATH PATH`, `taken PATH` (as an edit), `beside PATH` (as
    /// something that is made there), `found PATH PATH` (as something that was renamed) and `same PATH` (it was found as the journal has it); a number: so many milliseconds pass. At the
    /// end the file `a` is asked about.
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
        // Taken away.
        (["placed a", "p: remove name \"a\""], true), (["p: remove name \"a\"", "199", "placed a"], true),
        (["placed a", "p: rename old \"a\" new \"/elsewhere/a\""], true),
        (["placed a", "p: lstat name \"a\"", "p: remove name \"a\""], false),
        (["placed a", "p: remove name \"a\"", "p: sent status No such file"], false),
        // It goes along when it is renamed, by a device or by the hub, and what happened to it does.
        (["placed b", "p: rename old \"b\" new \"a\"", "p: remove name \"a\""], true),
        (["placed a", "p: rename old \"a\" new \"b\"", "p: remove name \"b\""], true),
        (["placed a", "p: rename old \"a\" new \"b\"", "200", "t: remove name \"b\""], true),
        (["placed b", "p: rename old \"b\" new \"a\"", "p: sent status Failure", "p: remove name \"a\""], false),
        (["placed b", "p: lstat name \"b\"", "p: rename old \"b\" new \"a\"", "p: remove name \"a\""], false),
        (
            [
                "placed d/a", "p: rename old \"d\" new \"e\"", "p: lstat name \"c\"", "moved e/a a",
                "p: remove name \"a\"",
            ], true
        ),
        (["placed b", "moved b a", "p: remove name \"a\""], true),
        (["placed b", "p: remove name \"b\"", "moved b a"], true),
        (["placed d/a", "p: remove name \"d/a\"", "moved d e", "moved e/a a"], true),
        (["placed a", "p: remove name \"a\"", "moved a b"], false),
        (["placed d/a", "p: remove name \"d/a\"", "p: rename old \"d\" new \"e\"", "found d e", "moved e/a a"], true),
        (
            [
                "placed d/a", "p: rename old \"d\" new \"e\"", "p: lstat name \"c\"", "p: remove name \"e/a\"",
                "found d e", "moved e/a a",
            ], true
        ),
        (["placed d/a", "p: remove name \"d/a\"", "p: rename old \"d\" new \"e\"", "found d e", "moved d/a a"], false),
        // What has the old name by then is not what was placed.
        (
            [
                "placed a", "p: rename old \"a\" new \"b\"", "p: open \"a\" flags WRITE mode 0644", "500", "taken a",
                "beside b", "p: remove name \"b\"",
            ], false
        ),
        (["placed a", "p: rename old \"a\" new \"b\"", "500", "taken a", "p: remove name \"b\""], false),
        (["placed a", "p: rename old \"a\" new \"b\"", "500", "found a b", "p: remove name \"b\""], false),
        (["placed a", "p: rename old \"a\" new \"b\"", "500", "placed a 2", "p: remove name \"b\""], false),
        (["placed a", "p: rename old \"a\" new \"b\"", "500", "beside b", "p: remove name \"b\""], true),
        (["placed b", "p: rename old \"b\" new \"a\"", "500", "taken b", "beside a", "p: remove name \"a\""], true),
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
        (["placed a", "p: rename old \"b\" new \"a\"", "taken a", "t: rename old \"b\" new \"a\""], true),
        // Of one placement each device has made one copy: that it comes back is no other.
        (["placed a", "p: rename old \"b\" new \"a\"", "taken a", "p: rename old \"b\" new \"a\""], false),
        (["placed a", "p: rename old \"b\" new \"a\"", "beside a", "placed a", "p: remove name \"a\""], false),
        (
            ["placed a", "p: rename old \"b\" new \"a\"", "beside a", "moved a c", "placed a", "p: remove name \"a\""],
            false
        ),
        (["placed a", "p: rename old \"b\" new \"a\"", "beside a", "placed a", "t: remove name \"a\""], true),
        (
            [
                "placed a", "p: rename old \"b\" new \"a\"", "beside a", "59999", "placed a", "1",
                "t: remove name \"a\"",
            ], false
        ),
        (["placed a", "p: rename old \"b\" new \"a\"", "beside a", "placed a 2", "p: remove name \"a\""], true),
        (["placed a", "p: rename old \"b\" new \"a\"", "taken a", "placed a", "p: remove name \"a\""], true),
        // Nothing came of it.
        (["placed a", "p: open \"a\" flags WRITE mode 0644", "200", "same a"], false),
        (["placed a", "p: open \"a\" flags WRITE mode 0644", "199", "same a"], true),
        (["placed a", "p: open \"a\" flags WRITE mode 0644", "200", "same a", "p: remove name \"a\""], true),
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
            let names = rest.split(separator: " ")
            switch word.prefix(while: { $0 != " " }) {
            case "placed":
                table.placed(try path(names[0]), content(names.count > 1 ? "two" : "one").digest, at: now)
            case "moved": table.moved(try path(names[0]), try path(names[1]))
            case "taken": table.take([FoundChange(try path(rest), .rewritten)])
            case "beside": table.take([FoundChange(try path(rest), .created)])
            case "found": table.take([FoundChange(try path(names[1]), .moved(from: try path(names[0])))])
            case "same": table.confirm(try path(rest), at: now)
            default:
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
        table.placed(try path("a"), content("one").digest, at: 0)
        let place = SessionPlace(share: Array("/share".utf8), start: Array("/share".utf8))
        table.begin(SessionID(rawValue: 1), try ClientName("phone"), place)
        table.note(SessionRecord(Array("rename old \"b\" new \"a\"\r\n".utf8)), by: SessionID(rawValue: 1), at: 1)
        #expect(!table.isUnseen(try path("a")))
    }
}
