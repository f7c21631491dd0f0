import Journal
import SyncCore
import TestSupport
import Testing

@Suite("The merge table, through a journal on disk")
struct MergeTableTests {
    @Test(arguments: mergeTable)
    func `what happens when changes meet`(row: MergeCase) throws {
        try withTemporaryDirectory { directory in
            let hub = JournalHub(try Journal(path: directory.path("journal.db")))
            let played = try row.play(at: hub)
            #expect(played.answer == row.answer)
            #expect(played.result == row.result)
            #expect(hub.share.entries == (try hub.live().mapValues(\.content)))
            #expect(try hub.journal.check() == [])
        }
    }

    @Test func `a conflict is open while both nodes live`() throws {
        let desk = Desk(try Journal.inMemory())
        _ = try desk.run(.file("f", "1"))
        let outcome = try desk.run(.file("f", "2")).outcomes[0]
        guard case .conflict(let current, let copy) = outcome else { throw UnknownPath(path: "\(outcome)") }
        let open = try desk.journal.openConflicts()
        #expect(open.map(\.over) == [current])
        #expect(open.map(\.copy) == [copy])
        #expect(open.map(\.client) == ["ann"])
        _ = try desk.run(.delete(copy))
        #expect(try desk.journal.openConflicts().isEmpty)
    }

    @Test func `one node moved onto a taken name and edited twice makes conflict names that never collide`() throws {
        let desk = Desk(try Journal.inMemory())
        let long = String(repeating: "n", count: 251) + ".txt"
        for number in 0..<12 { _ = try desk.run(.file(long, "\(number)")) }
        let names = try desk.journal.children(of: .root).map(\.name)
        #expect(Set(names).count == 12)
        #expect(names.allSatisfy { $0.bytes.count <= Name.limit })
    }

    @Test func `names are bytes, up to 255 of them`() throws {
        let journal = try Journal.inMemory()
        let desk = Desk(journal)
        let odd = [
            try Name([0xFF, 0xFE, 0x0A]), try Name([UInt8](repeating: 0xC3, count: 255)), try Name("caf\u{e9}"),
            try Name("cafe\u{301}"),
        ]
        for name in odd {
            _ = try desk.run(.create(in: .node(.root), name: name, content: Text.file("x")))
        }
        #expect(try journal.children(of: .root).map(\.name) == odd.sorted())
        for name in odd { #expect(try journal.node(at: RelativePath([name]))?.name == name) }
    }
}
