import Journal
import SyncCore
import TestSupport
import Testing

/// What has become of one path.
struct PathHistoryTests {
    private let hub: JournalHub
    private var journal: Journal { hub.journal }

    init() throws { hub = JournalHub(try Journal.inMemory()) }

    private func node(_ text: String) throws -> Node { try #require(try journal.node(at: path(text))) }

    private func run(_ changes: Change..., by client: String = "ann") throws {
        for change in changes { _ = try hub.commit(change, by: client) }
    }

    /// `VERSION CHANGE CLIENT PATH WORDS`, oldest first.
    private func past(_ text: String, limit: Int = 99) throws -> [String] {
        try journal.past(of: path(text), limit: limit).entries.map { entry in
            let (record, words) = (
                entry.record,
                [entry.isCurrent ? "current" : nil, entry.isThere ? "there" : nil].compactMap { $0 }
            )
            return "\(record.node.contentVersion.rawValue) \(record.change) \(record.client) \(record.path) "
                + words.joined(separator: " ")
        }
    }

    @Test func `each content of a path is told with whose it was and whether it is kept`() throws {
        try run(.file("a", "1"))
        try run(.edit(try node("a"), "2"), by: "bea")
        try run(.edit(try node("a"), "3"))
        #expect(try past("a") == ["1 create ann a there", "2 edit bea a there", "3 edit ann a current there"])
        #expect(try past("a", limit: 2) == Array(past("a").suffix(2)))
        _ = try journal.forgetVersions([try #require(Text.file("1").file).digest])
        #expect(try past("a").first == "1 create ann a ")
        // Its bytes lie elsewhere.
        try run(.file("b", "1"))
        #expect(try past("a").first == "1 create ann a there")
        #expect(try past("c").isEmpty && past("a/b").isEmpty)
        #expect(try journal.past(of: .top, limit: 9).entries.isEmpty)
    }

    @Test func `what was deleted keeps its history, also when its tombstone is forgotten`() throws {
        try run(.directory("d"))
        try run(.file("f", "1", in: try node("d").id))
        let told = ["1 create ann d/f there", "1 delete bea d/f "]
        try run(.delete(try node("d/f")), .delete(try node("d")), by: "bea")
        #expect(try past("d/f") == told)
        #expect(try past("d") == ["1 create ann d there", "1 delete bea d "])
        _ = try journal.collectTombstones(upTo: try journal.head)
        #expect(try past("d/f") == told)
        // Who comes after it has the name, and a past of its own.
        try run(.directory("d"))
        try run(.file("f", "9", in: try node("d").id))
        #expect(try past("d/f") == told + ["1 create ann d/f current there"])
    }

    @Test func `what was moved brings its past along, and leaves what was until then`() throws {
        try run(.file("a", "1"))
        try run(.edit(try node("a"), "2"), .move(try node("a"), "b"))
        try run(.edit(try node("b"), "3"))
        try run(.file("a", "new"))
        #expect(try past("b") == ["1 create ann a there", "2 edit ann a there", "3 edit ann b current there"])
        #expect(
            try past("a") == ["1 create ann a there", "2 edit ann a there", "1 create ann a current there"])
    }

    @Test func `what is in a directory that was moved is found under both names, in its time`() throws {
        try run(.directory("d"))
        try run(.file("old", "1", in: try node("d").id), .move(try node("d"), "e"))
        try run(.edit(try node("e/old"), "2"), .file("late", "3", in: try node("e").id))
        #expect(try past("e/old") == ["1 create ann d/old there", "2 edit ann e/old current there"])
        #expect(try past("d/old") == ["1 create ann d/old there"])
        #expect(try past("e/late") == ["1 create ann e/late current there"])
        // It never was there.
        #expect(try past("d/late").isEmpty)
    }

    @Test func `an edit that meets a deletion comes back as one past`() throws {
        try run(.file("a", "1"))
        let before = try node("a")
        try run(.delete(before))
        try run(.edit(before, "2"), by: "bea")
        #expect(
            try past("a") == ["1 create ann a there", "1 delete ann a ", "2 revive bea a current there"])
    }

    @Test func `a name that came and went thousands of times is answered at once`() throws {
        for _ in 0..<300 {
            try run(.file("lock", "x"))
            try run(.delete(try node("lock")))
        }
        #expect(try past("lock", limit: 10).count == 10)
        #expect(try past("lock", limit: 10).last == "1 delete ann lock ")
    }
}
