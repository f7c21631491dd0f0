import SyncCore
import Testing

@testable import Hub

/// What is known at the hub of contents that are being sent.
@Suite struct ComingTableTests {
    private func coming(_ number: UInt8, of uploader: String = "ann", through: Int64 = 0, at heard: Nanoseconds = 0)
        -> Coming
    {
        Coming(
            uploader: uploader,
            digest: Digest(bytes: [UInt8](repeating: number, count: 32))!,  // SAFETY: 32 bytes.
            size: 100, through: through, directory: .root, path: RelativePath(), heard: heard)
    }

    /// What became of each when they were spoken of in turn.
    private func noted(_ table: inout ComingTable, _ contents: Coming...) -> [Bool] {
        contents.map { table.note($0).isNews }
    }

    @Test func `what has come grows, and is news when it does`() {
        var table = ComingTable()
        let news = noted(
            &table, coming(1, through: 10), coming(1, through: 10, at: 5), coming(1, through: 20))
        #expect(news == [true, false, true])
        #expect(table.all.values.map(\.through) == [20])
    }

    @Test func `who begins anew may do so in another file, to which nobody has access`() {
        var table = ComingTable()
        _ = table.note(coming(1, through: 50))
        table.add(reader: "bea", of: coming(1).digest)
        let (more, less) = (table.note(coming(1, through: 60)), table.note(coming(1, through: 10)))
        #expect(more.stale.isEmpty)
        #expect(less == ComingTable.Noted(isNews: true, stale: ["bea"]))
        #expect(table.all[coming(1).digest]?.readers == [])
    }

    @Test func `what another client sends already, and what is too many of one, is passed over`() {
        var table = ComingTable()
        let first = noted(&table, coming(1, through: 10), coming(1, of: "bea", through: 90))
        #expect(first == [true, false])
        #expect(table.all[coming(1).digest] == coming(1, through: 10))
        for number in 2...UInt8(ComingTable.most) { _ = table.note(coming(number)) }
        #expect(table.all.count == ComingTable.most)
        let last = noted(&table, coming(99), coming(99, of: "bea"))
        #expect(last == [false, true])
    }

    @Test func `when all has come it can be read to its end, and is not written on unless it was wrong`() {
        var table = ComingTable()
        let digest = coming(1).digest
        let unknown = table.finish(digest, of: "ann", at: 0)
        _ = table.note(coming(1, through: 10))
        let another = table.finish(digest, of: "bea", at: 0)
        #expect(unknown == nil && another == nil)
        let whole = table.finish(digest, of: "ann", at: 7)
        #expect(whole?.through == 100)
        let closed = noted(&table, coming(1, through: 20))
        table.reopen(digest, of: "ann")
        let open = noted(&table, coming(1, through: 20))
        #expect(closed == [false] && open == [true])
    }

    @Test func `who has said nothing for long does not go on`() {
        var table = ComingTable()
        _ = table.note(coming(1, at: 0))
        _ = table.note(coming(2, at: 9))
        #expect(table.nextEnd == ComingTable.silence)
        let now = ComingTable.silence
        let ended = table.end { now - $0.heard >= ComingTable.silence }
        #expect(ended.map(\.digest) == [coming(1).digest])
        #expect(table.nextEnd == ComingTable.silence + 9)
    }

    @Test func `a mark tells for each client whether there is news`() {
        var table = ComingTable()
        #expect(table.mark(of: "bea") == 0)
        table.tell("bea")
        let first = table.mark(of: "bea")
        table.tell("cem")
        #expect(first > 0 && table.mark(of: "bea") == first)
        table.tell("bea")
        #expect(table.mark(of: "bea") > first)
    }
}
