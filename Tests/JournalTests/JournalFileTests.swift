import Journal
import SQLite
import SyncCore
import TestSupport
import Testing

@Suite("The journal's file")
struct JournalFileTests {
    private func withJournal(_ body: (String, Desk) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let file = directory.path("journal.db")
            try body(file, Desk(try Journal(path: file)))
        }
    }

    private func fill(_ desk: Desk) throws {
        _ = try desk.run(.directory("d"), .file("f", "1"), .file("f", "2"))
        let file = try #require(try desk.journal.node(at: path("f")))
        _ = try desk.run(.move(file, "g"), .edit(file, "3"))
        _ = try desk.run(.delete(try #require(try desk.journal.node(at: path("d")))))
    }

    @Test func `what was answered is there after it is opened again`() throws {
        try withJournal { file, desk in
            try fill(desk)
            let again = try Journal(path: file)
            #expect(again.epoch == desk.journal.epoch)
            #expect(try again.head == desk.journal.head)
            #expect(try again.chain == desk.journal.chain)
            #expect(try again.history(after: .zero, limit: 99) == desk.journal.history(after: .zero, limit: 99))
            #expect(try again.statistics() == Statistics(files: 2, bytes: 2))
            #expect(try again.checkpoint())
            #expect(try again.check() == [])
        }
    }

    @Test func `each seq has the chain value that was the journal's when it was the last`() throws {
        let desk = Desk(try Journal.inMemory())
        var chains = [try desk.journal.chain]
        for number in 0..<4 {
            _ = try desk.run(.file("f\(number)", "1"))
            chains.append(try desk.journal.chain)
        }
        #expect(Set(chains).count == 5)
        for (seq, chain) in chains.enumerated() {
            #expect(try desk.journal.chain(at: Sequence(Int64(seq))) == chain)
        }
        for seq in [5, Int64.max, -1, .min] { #expect(try desk.journal.chain(at: Sequence(seq)) == nil) }
    }

    @Test func `a journal that was set back and has grown since has other chain values from there on`() throws {
        try withTemporaryDirectory { directory in
            let desk = Desk(try Journal(path: directory.path("journal.db")))
            _ = try desk.run(.file("a", "1"), .file("b", "1"))
            try desk.journal.checkpoint()
            directory.write(try #require(directory.read("journal.db")), to: "copy.db")
            _ = try desk.run(.file("c", "1"), .file("d", "1"))
            let other = Desk(try Journal(path: directory.path("copy.db")))
            other.number = 4
            _ = try other.run(.file("x", "1"), .file("y", "1"), .file("z", "1"))
            #expect(other.journal.epoch == desk.journal.epoch)
            for seq in [Int64(0), 1, 2] {
                #expect(try desk.journal.chain(at: Sequence(seq)) == other.journal.chain(at: Sequence(seq)))
            }
            for seq in [Int64(3), 4] {
                #expect(try desk.journal.chain(at: Sequence(seq)) != other.journal.chain(at: Sequence(seq)))
            }
        }
    }

    @Test func `two journals have two epochs of 32 hex digits`() throws {
        let (a, b) = (try Journal.inMemory(), try Journal.inMemory())
        #expect(a.epoch != b.epoch)
        #expect(a.epoch.count == 32 && a.epoch.allSatisfy(\.isHexDigit))
        #expect(try a.chain != b.chain)
    }

    @Test(arguments: [
        ("UPDATE history SET at = at + 1 WHERE seq = 2", "breaks at change 2"),
        ("UPDATE history SET client = 'eve' WHERE seq = 4", "breaks at change 4"),
        ("UPDATE history SET chain = zeroblob(32) WHERE seq = 1", "breaks at change 1"),
        ("UPDATE history SET sha256 = zeroblob(32) WHERE seq = 3", "breaks at change 3"),
        ("DELETE FROM history WHERE seq = 2", "jumps from 1 to 3"),
        ("DELETE FROM history WHERE seq = 6", "ends at change 5"),
        ("UPDATE node SET mode = 511 WHERE id = 3", "node 3 is not what the history says"),
        ("DELETE FROM node WHERE id = 4", "node 4 lacks"),
        ("UPDATE meta SET bytes = 7", "the journal counts 2 of 7"),
        ("UPDATE meta SET files = 1", "the journal counts 1 of 2"),
        ("UPDATE node SET parent = 99 WHERE id = 3", "node 3 is live, and not in a live directory"),
        ("UPDATE node SET deleted = 0, parent = 2 WHERE id = 2", "1 nodes are in a cycle"),
    ])
    func `damage that SQLite does not see is noticed`(sql: String, sentence: String) throws {
        try withJournal { file, desk in
            try fill(desk)
            #expect(try desk.journal.check() == [])
            let database = try Database(path: file)
            try database.execute(sql)
            #expect(try database.integrityCheck() == [])
            #expect(try desk.journal.check().contains { $0.contains(sentence) })
        }
    }

    @Test func `a byte flipped in the file, in a node or its history, is noticed`() throws {
        try withTemporaryDirectory { directory in
            try writeOneFile("somebody-was-here", directory.path("journal.db"))
            var bytes = try #require(directory.read("journal.db"))
            let name = Array("somebody-was-here".utf8)
            let places = bytes.indices.filter { bytes[$0...].starts(with: name) }
            #expect(places.count == 4)  // In node, its index, and as name and path in history.
            for place in places {
                bytes[place] ^= 1
                directory.write(bytes, to: "journal.db")
                #expect(try !Journal(path: directory.path("journal.db")).check().isEmpty, "at \(place)")
                bytes[place] ^= 1
            }
            directory.write(bytes, to: "journal.db")
            #expect(try Journal(path: directory.path("journal.db")).check() == [])
        }
    }

    /// Nothing of it lies in outcomes, placements or free pages any more, nor in the log.
    private func writeOneFile(_ name: String, _ file: String) throws {
        let journal = try Journal(path: file)
        let desk = Desk(journal)
        _ = try desk.run(.file(name, "1"))
        _ = try desk.commit([desk.operation(.directory("d"))], acknowledged: 1)
        try journal.finish(journal.pendingPlacements().map(\.id))
        try Database(path: file).run("VACUUM")
        #expect(try journal.checkpoint())
    }
}
