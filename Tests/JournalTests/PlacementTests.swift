import Journal
import SyncCore
import TestSupport
import Testing

@Suite("Placements")
struct PlacementTests {
    let desk: Desk
    var journal: Journal { desk.journal }

    init() throws { desk = Desk(try Journal.inMemory()) }

    private func node(_ text: String) throws -> Node { try #require(try journal.node(at: path(text))) }

    private func finishAll() throws { try journal.finish(journal.pendingPlacements().map(\.id)) }

    private func place(_ text: String, _ inode: UInt64) throws -> Placed {
        let placed = Placed(device: .max, inode: inode, size: 1, mtime: -5, ctime: 7)
        try journal.finish(journal.pendingPlacements().map(\.id), placed: [(node(text).id, placed)])
        return placed
    }

    @Test func `of what is done nothing else is forgotten`() throws {
        let placements = try desk.run(
            .file("a", "1"), .file("b", "2"), .file("c", "3"), .file("d", "4"), .file("e", "5")
        ).placements
        try journal.finish([placements[4].id, placements[0].id, placements[1].id])
        #expect(try journal.pendingPlacements() == [placements[2], placements[3]])
        try journal.finish([placements[3].id])
        #expect(try journal.pendingPlacements() == [placements[2]])
    }

    @Test func `nested creations, moves and removals of one commit run in their order`() throws {
        var share = MemoryShare()
        let a = desk.operation(.directory("a"))
        let b = desk.operation(.create(in: .created(by: a.id), name: try Name("b"), content: .directory(Mode(0o755))))
        let file = desk.operation(.create(in: .created(by: b.id), name: try Name("f"), content: Text.file("1")))
        for placement in try desk.commit([a, b, file]).placements { try share.run(placement) }
        let (top, inner, leaf) = (try node("a"), try node("a/b"), try node("a/b/f"))
        let result = try desk.run(
            .move(inner, "c"), .edit(leaf, "2"), .move(top, "d", in: inner.id), .move(leaf, "g"),
            .file("a", "3"), .delete(leaf), .move(inner, "e"))
        let answers = ["applied", "applied", "applied", "applied", "applied", "refused changed", "refused moved"]
        #expect(result.outcomes.map(Text.word) == answers)
        for placement in result.placements { try share.run(placement) }
        #expect(
            share.entries == [
                path("c"): inner.content, path("c/d"): top.content, path("g"): Text.file("2"),
                path("a"): Text.file("3"),
            ])
        let emptied = try desk.run(.delete(try node("c/d")), .delete(try node("c")), .directory("c"))
        for placement in emptied.placements { try share.run(placement) }
        #expect(share.entries.keys.sorted() == [path("a"), path("c"), path("g")])
    }

    @Test func `what lies below a directory that moved in the same commit is found at its new path`() throws {
        _ = try desk.run(.directory("d"))
        let d = try node("d")
        let steps = try desk.run(.file("f", "1", in: d.id), .move(d, "e"), .file("g", "2", in: d.id)).placements
            .map(\.step)
        #expect(steps.map(\.path) == [path("d/f"), path("d"), path("e/g")])
        #expect(try journal.history(after: .zero, limit: 9).map(\.path) == ["d", "d/f", "e", "e/g"].map(path))
    }

    @Test func `what is read back after a restart is what was decided`() throws {
        try withTemporaryDirectory { directory in
            let file = directory.path("journal.db")
            let desk = Desk(try Journal(path: file))
            var decided = try desk.run(
                .directory("d"), .file("f", "1"),
                .create(in: .node(.root), name: try Name("l"), content: .symlink(target: [0xFF], mtime: -1))
            ).placements
            let found = try #require(try desk.journal.node(at: path("f")))
            decided += try desk.run(.edit(found, "2", mode: 0o755)).placements
            let again = try #require(try desk.journal.node(at: path("f")))
            decided += try desk.run(.edit(again, "2", mode: 0o600), .move(again, "g"), .delete(again)).placements
            let last = try #require(try desk.journal.node(at: path("g")))
            decided += try desk.run(.delete(last)).placements
            #expect(decided.count == 7)
            #expect(try Journal(path: file).pendingPlacements() == decided)
        }
    }

    @Test func `a placement tells what lies there, unless another comes before it`() throws {
        _ = try desk.run(.file("f", "0"))
        let placed = try place("f", 10)
        let first = try node("f")
        let one = try desk.run(.edit(first, "1")).placements[0]
        #expect(one.expected == Placement.Expected(content: first.content, placed: placed))
        let second = try node("f")
        let two = try desk.run(.edit(second, "2")).placements[0]
        #expect(two.expected == Placement.Expected(content: second.content, placed: nil))
        try journal.finish([one.id], placed: [(first.id, Placed(device: 1, inode: 11, size: 1, mtime: 0, ctime: 0))])
        #expect(try journal.pendingPlacements()[0].expected?.placed?.inode == 11)
    }

    @Test func `what lies in the share is found by inode, until the node is gone`() throws {
        _ = try desk.run(.file("f", "0"))
        let placed = try place("f", .max - 1)
        let node = try node("f")
        #expect(try journal.placed(node.id) == placed)
        #expect(try journal.nodes(device: .max, inode: .max - 1) == [node])
        _ = try desk.run(.delete(node))
        #expect(try journal.nodes(device: .max, inode: .max - 1).isEmpty)
        #expect(try journal.placed(node.id) == placed)
        try finishAll()
        #expect(try journal.placed(node.id) == nil)
    }

    @Test func `a change of attributes moves no bytes`() throws {
        _ = try desk.run(.file("f", "0"), .directory("d"))
        let outcome = try desk.run(
            .edit(try node("f"), "0", mode: 0o600),
            .edit(try node("d").id, base: .first, content: .directory(Mode(0o700))))
        #expect(
            outcome.placements.map(\.step) == [
                .attributes(path("f"), Text.file("0", mode: 0o600)), .attributes(path("d"), .directory(Mode(0o700))),
            ])
    }

    // MARK: - The share's own changes

    @Test func `what was done in the share as asked needs no placement`() throws {
        let made = try desk.run(.directory("d"), .file("f", "0"), origin: .share)
        let file = try node("f")
        let more = try desk.run(
            .edit(file, "1"), .move(file, "g", in: try node("d").id), .file("h", "2"), origin: .share)
        let removed = try desk.run(
            .delete(try node("d/g")), .delete(try node("h")), .delete(try node("d")), origin: .share)
        #expect((made.placements + more.placements + removed.placements).isEmpty)
        #expect(removed.outcomes.map(Text.word) == ["applied", "applied", "applied"])
        #expect(try journal.check() == [])
    }

    @Test func `what was seen of a file before somebody wrote it in the share is not expected any more`() throws {
        _ = try desk.run(.file("f", "0"))
        _ = try place("f", 10)
        _ = try desk.run(.edit(try node("f"), "1"), origin: .share)
        #expect(try journal.placed(node("f").id) == nil)
        let edit = try desk.run(.edit(try node("f"), "2")).placements[0]
        #expect(edit.expected == Placement.Expected(content: Text.file("1"), placed: nil))
    }

    @Test func `bytes in the share need not be staged`() throws {
        let outcomes = try desk.commit([desk.operation(.file("f", "0"))], staged: false, origin: .share).outcomes
        #expect(outcomes.map(Text.word) == ["applied"])
    }

    @Test func `what got another name in the share is moved to it, directories first`() throws {
        _ = try Desk(journal, client: "bea").run(.file("f", "0"), .file("n", "0"))
        try finishAll()
        let directory = desk.operation(.directory("n"))
        let inside = desk.operation(
            .create(in: .created(by: directory.id), name: try Name("x"), content: Text.file("1")))
        let result = try desk.commit([desk.operation(.file("f", "1")), directory, inside], origin: .share)
        #expect(
            result.placements.map(\.step) == [
                .move(from: path("n"), to: path("n (conflict 2026-11-21 ann)")),
                .move(from: path("f"), to: path("f (conflict 2026-11-21 ann)")),
            ])
    }

    @Test func `a move in the share that came second is moved back`() throws {
        _ = try desk.run(.file("f", "0"))
        let seen = try node("f")
        _ = try Desk(journal, client: "bea").run(.move(seen, "g"))
        try finishAll()
        let result = try desk.run(.move(seen, "h"), origin: .share)
        #expect(result.outcomes.map(Text.word) == ["refused moved"])
        #expect(result.placements.map(\.step) == [.move(from: path("h"), to: path("g"))])
    }

    @Test func `attributes that were merged are set in the share`() throws {
        _ = try desk.run(.file("f", "0"))
        let seen = try node("f")
        _ = try Desk(journal, client: "bea").run(.edit(seen, "0", mode: 0o600))
        try finishAll()
        let result = try desk.run(.edit(seen, "1"), origin: .share)
        #expect(result.outcomes.map(Text.word) == ["merged"])
        #expect(result.placements.map(\.step) == [.attributes(path("f"), Text.file("1", mode: 0o600))])
    }

    @Test func `a directory that must come back for the share's file is made`() throws {
        _ = try desk.run(.directory("d"))
        let gone = try node("d")
        _ = try desk.run(.delete(gone))
        try finishAll()
        let result = try desk.run(.file("f", "1", in: gone.id), origin: .share)
        #expect(result.placements.map(\.step) == [.directory(path("d"), Mode(0o755))])
    }
}
