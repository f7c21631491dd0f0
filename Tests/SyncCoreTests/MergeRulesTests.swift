import SyncCore
import TestSupport
import Testing

@Suite("Merge rules")
struct MergeRulesTests {
    @Test(arguments: mergeTable)
    func `what happens when changes meet`(row: MergeCase) throws {
        let played = try row.play(at: MemoryHub())
        #expect(played.answer == row.answer)
        #expect(played.result == row.result)
    }

    @Test func `a copy is recorded as a conflict with what holds the name`() throws {
        let hub = MemoryHub()
        var ann = try Member("ann", at: hub)
        var bea = try Member("bea", at: hub)
        _ = try ann.do(.file("f", "1"))
        _ = try bea.do(.file("f", "2"))
        #expect(hub.conflicts.map { [$0.0, $0.1] } == [[NodeID(2), NodeID(3)]])
    }

    @Test func `a node that came back has versions that nobody has seen`() throws {
        let hub = MemoryHub()
        var ann = try Member("ann", at: hub)
        _ = try ann.do(.file("f", "0"))
        var bea = try Member("bea", at: hub)
        var cid = try Member("cid", at: hub)
        _ = try ann.do(.delete("f"))
        _ = try bea.do(.edit("f", "1"))
        #expect(try Text.word(cid.do(.delete("f"))) == "refused changed")
    }

    @Test func `two spellings of one word are two names`() throws {
        let hub = MemoryHub()
        var ann = try Member("ann", at: hub)
        #expect(try Text.word(ann.do(.file("caf\u{e9}", "1"))) == "applied")
        #expect(try Text.word(ann.do(.file("cafe\u{301}", "2"))) == "applied")
        #expect(try hub.live().count == 2)
    }

    /// Directories that were deleted, each after the one in it: what goes takes its place in the other along, wherever that
    /// goes, so that there is no end to their row.
    @Test(arguments: [(255, "applied"), (256, "refused orphaned"), (20_000, "refused orphaned")])
    func `a row of deleted directories comes back if it can be one`(length: Int, answer: String) throws {
        let hub = MemoryHub()
        func commit(_ change: Change) throws -> Node {
            let outcome = try hub.commit(change, by: "ann")
            let node: Node? = if case .applied(let node) = outcome { node } else { nil }
            return try #require(node)
        }
        let mode = Content.directory(Mode(0o755))
        let first = try commit(.create(in: .node(.root), name: Name("d0"), content: mode))
        var last = first
        for number in 1...length {
            let next = try commit(.create(in: .node(.root), name: Name("d\(number)"), content: mode))
            last = try commit(.move(last.id, base: .first, to: .node(next.id), name: Name("d")))
            _ = try commit(.delete(last.id, contentBase: last.contentVersion, locationBase: last.locationVersion))
            last = next
        }
        let outcome = try hub.commit(.create(in: .node(first.id), name: Name("f"), content: Text.file("1")), by: "ann")
        #expect(Text.word(outcome) == answer)
        // Nor may anything go there.
        let file = try commit(.create(in: .node(.root), name: Name("g"), content: Text.file("2")))
        let move = try hub.commit(.move(file.id, base: .first, to: .node(first.id), name: Name("g")), by: "ann")
        #expect((Text.word(move) == "applied") == (answer == "applied"))
    }

    // MARK: - What no honest client sends

    private func hubWithFile() throws -> MemoryHub {
        let hub = MemoryHub()
        var ann = try Member("ann", at: hub)
        _ = try ann.do(.file("f", "0"))
        return hub
    }

    @Test func `a base from the future is no base`() throws {
        let hub = try hubWithFile()
        let future = Version(2)
        let id = NodeID(2)
        let changes: [Change] = [
            .edit(id, base: future, content: Text.file("1")),
            .move(id, base: future, to: .node(.root), name: try Name("g")),
            .delete(id, contentBase: future, locationBase: .first),
            .delete(id, contentBase: .first, locationBase: future),
        ]
        for change in changes {
            #expect(throws: InvalidOperation.baseFromTheFuture(id, base: future, current: .first)) {
                try hub.commit(change, by: "bea")
            }
        }
    }

    @Test func `reserved names are refused, and names that only look like them are not`() throws {
        let hub = try hubWithFile()
        let reserved = try Name(".synchub-x")
        #expect(throws: InvalidOperation.reservedName(reserved)) {
            try hub.commit(.create(in: .node(.root), name: reserved, content: Text.file("")), by: "bea")
        }
        #expect(throws: InvalidOperation.reservedName(reserved)) {
            try hub.commit(.move(NodeID(2), base: .first, to: .node(.root), name: reserved), by: "bea")
        }
        let close = Change.create(in: .node(.root), name: try Name(".synchu"), content: Text.file(""))
        #expect(try Text.word(hub.commit(close, by: "bea")) == "applied")
    }

    @Test func `an edit cannot change the kind, of a tombstone neither`() throws {
        let hub = try hubWithFile()
        let change = Change.edit(NodeID(2), base: .first, content: .directory(Mode(0o755)))
        #expect(throws: InvalidOperation.kindChanged(NodeID(2))) { try hub.commit(change, by: "bea") }
        _ = try hub.commit(.delete(NodeID(2), contentBase: .first, locationBase: .first), by: "bea")
        #expect(throws: InvalidOperation.kindChanged(NodeID(2))) { try hub.commit(change, by: "bea") }
    }

    @Test func `the share itself is not touched, and a file holds nothing`() throws {
        let hub = try hubWithFile()
        let name = try Name("x")
        #expect(throws: InvalidOperation.root) {
            try hub.commit(.delete(.root, contentBase: .first, locationBase: .first), by: "bea")
        }
        #expect(throws: InvalidOperation.notADirectory(NodeID(2))) {
            try hub.commit(.create(in: .node(NodeID(2)), name: name, content: Text.file("")), by: "bea")
        }
    }

    @Test func `what is not known is refused by name`() throws {
        let hub = try hubWithFile()
        let nobody = NodeID(99)
        let name = try Name("x")
        let rows: [(Change, String)] = [
            (.edit(nobody, base: .first, content: Text.file("")), "refused unknown"),
            (.move(nobody, base: .first, to: .node(.root), name: name), "refused unknown"),
            (.delete(nobody, contentBase: .first, locationBase: .first), "refused unknown"),
            (.create(in: .node(nobody), name: name, content: Text.file("")), "refused orphaned"),
            (.move(NodeID(2), base: .first, to: .node(nobody), name: name), "refused orphaned"),
            (
                .create(in: .created(by: OperationID(generation: "0", number: 1)), name: name, content: Text.file("")),
                "refused orphaned"
            ),
        ]
        for (change, answer) in rows { #expect(try Text.word(hub.commit(change, by: "bea")) == answer) }
        // Also of what is deleted: it is known, and may come back in the same breath.
        _ = try hub.commit(.delete(NodeID(2), contentBase: .first, locationBase: .first), by: "bea")
        let deleted = try #require(try hub.node(NodeID(2)))
        let move = Change.move(NodeID(2), base: deleted.locationVersion, to: .node(nobody), name: name)
        #expect(try Text.word(hub.commit(move, by: "bea")) == "refused orphaned")
    }
}
