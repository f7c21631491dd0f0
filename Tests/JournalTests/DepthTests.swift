import Journal
import SyncCore
import TestSupport
import Testing

/// A tree does not become deeper than it may be, whoever makes it so.
struct DepthTests {
    private let directory = TemporaryDirectory()
    private let mode = Content.directory(Mode(0o755))

    private func hub() throws -> JournalHub { JournalHub(try Journal(path: directory.path("journal.db"))) }

    private func applied(_ outcome: Outcome) throws -> Node {
        let node: Node? = if case .applied(let node) = outcome { node } else { nil }
        return try #require(node, "\(outcome)")
    }

    /// So many directories in one another.
    /// - Returns: them, the highest first.
    private func row(_ count: Int, _ name: String, below parent: NodeID = .root, at hub: JournalHub) throws -> [Node] {
        var made: [Node] = []
        for _ in 0..<count {
            let change = Change.create(in: .node(made.last?.id ?? parent), name: try Name(name), content: mode)
            made.append(try applied(hub.commit(change, by: "ann")))
        }
        return made
    }

    @Test func `the 256th directory is refused by itself, and a file in the last one is not`() throws {
        let hub = try hub()
        let last = try #require(row(255, "d", at: hub).last)
        #expect(try hub.journal.path(of: last.id)?.names.count == 255)
        let outcomes = try hub.commit(
            [
                .create(in: .node(last.id), name: Name("d"), content: mode),
                .create(in: .node(last.id), name: Name("f"), content: .symlink(target: [0x61], mtime: 1)),
            ], by: "ann")
        #expect(outcomes[0] == .refused(.tooDeep, current: nil))
        _ = try applied(outcomes[1])
        #expect(try hub.journal.children(of: last.id).map(\.name.description) == ["f"])
    }

    @Test func `a directory goes where the deepest one in it still may be`() throws {
        let hub = try hub()
        let upper = try row(200, "u", at: hub)
        let lower = try row(60, "l", at: hub)
        #expect(try hub.journal.height(of: lower[0].id, atMost: 255) == 59)
        #expect(try hub.journal.height(of: lower[0].id, atMost: 10) == 10)
        #expect(try hub.journal.height(of: lower[59].id, atMost: 255) == 0)
        func move(to place: NodeID) throws -> Outcome {
            let node = try #require(try hub.journal.node(lower[0].id))
            return try hub.commit(
                .move(node.id, base: node.locationVersion, to: .node(place), name: Name("l")), by: "ann")
        }
        // The row begins at 197: the last of 60 is at 256.
        #expect(try move(to: upper[195].id) == .refused(.tooDeep, current: hub.journal.node(lower[0].id)))
        _ = try applied(move(to: upper[194].id))
        #expect(try hub.journal.path(of: lower[59].id)?.names.count == 255)
        // What does not go deeper may go anywhere, and what is deleted in it does not count.
        _ = try applied(move(to: upper[193].id))
        let last = try #require(try hub.journal.node(lower[59].id))
        _ = try applied(
            hub.commit(
                .delete(last.id, contentBase: last.contentVersion, locationBase: last.locationVersion), by: "ann"))
        _ = try applied(move(to: upper[195].id))
        // Where it was it would be too deep now.
        let again = try hub.commit(.create(in: .node(last.id), name: Name("f"), content: mode), by: "ann")
        #expect(again == .refused(.tooDeep, current: nil))
    }
}
