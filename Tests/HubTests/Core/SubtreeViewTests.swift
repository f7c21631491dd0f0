import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// A part of the share as its client comes to know it.
@Suite struct SubtreeViewTests {
    /// A journal, and a client that knows of it what the view's pages tell.
    private final class World {
        let journal: Journal
        let top: NodeID
        private var number: Int64 = 0
        /// What the client knows, tombstones too.
        private(set) var known: [NodeID: Node] = [:]
        private(set) var received = Sequence.zero
        private(set) var complete = Sequence.zero

        init() throws {
            journal = try .inMemory()
            top = .root
        }

        init(below journal: Journal, top: NodeID) {
            (self.journal, self.top) = (journal, top)
        }

        @discardableResult
        func commit(_ change: Change) throws -> Outcome {
            number += 1
            let id = OperationID(generation: "g", number: number)
            let staged = change.content?.file.map { [id: StagedContent(name: $0.digest.hex)] } ?? [:]
            let result = try journal.commit(
                client: "c", operations: [Operation(id: id, change: change)], staged: staged, at: 1, date: "D")
            // Whatever was placed is in the share.
            try journal.finish(result.placements.map(\.id))
            return result.outcomes[0]
        }

        func make(_ name: String, in parent: NodeID, directory: Bool = false) throws -> NodeID {
            // SAFETY: 32 bytes.
            let digest = Digest(bytes: Array(repeating: UInt8(truncatingIfNeeded: name.count), count: 32))!
            let content: Content =
                directory
                ? .directory(Mode(0o755)) : .file(FileContent(digest: digest, size: 1, mode: Mode(0o644), mtime: 0))
            switch try commit(.create(in: .node(parent), name: Name(name), content: content)) {
            case .applied(let node), .merged(let node), .conflict(_, let node): return node.id
            case let outcome: throw WorldError(description: "\(outcome)")
            }
        }

        func move(_ id: NodeID, to parent: NodeID, _ name: String? = nil) throws {
            guard let node = try journal.node(id) else { return }
            try commit(
                .move(id, base: node.locationVersion, to: .node(parent), name: name.map { try Name($0) } ?? node.name))
        }

        func delete(_ id: NodeID) throws {
            guard let node = try journal.node(id) else { return }
            try commit(.delete(id, contentBase: node.contentVersion, locationBase: node.locationVersion))
        }

        /// One answer to the client.
        /// - Returns: whether everything is told.
        func listen(limit: Int = 1_000) throws -> Bool {
            var view = SubtreeView(journal, top: top)
            let page = try view.page(journal.changes(after: received, limit: limit), complete: complete)
            for node in page.nodes where known[node.id].map({ $0.seq <= node.seq }) ?? true { known[node.id] = node }
            received = page.through
            if page.through == page.head { complete = received }
            return page.through == page.head
        }

        /// Every live node in the view, as the client is to know it.
        func expected() throws -> Set<String> {
            Set(try journal.descendants(of: top).map { World.text($0, parent: $0.parent == top ? .root : $0.parent) })
        }

        var told: Set<String> {
            Set(known.values.filter { !$0.isDeleted }.map { World.text($0, parent: $0.parent) })
        }

        private static func text(_ node: Node, parent: NodeID) -> String {
            "\(node.id.rawValue) in \(parent.rawValue) as \(node.name) of \(node.contentVersion.rawValue)"
        }
    }

    private struct WorldError: Error { var description: String }

    @Test func `what moves in comes with all below it, what moves out goes with all below it`() throws {
        let world = try World()
        let part = try world.make("part", in: .root, directory: true)
        let outside = try world.make("outside", in: .root, directory: true)
        let deep = try world.make("deep", in: outside, directory: true)
        let file = try world.make("file", in: deep)
        let inside = try world.make("inside", in: part)
        let client = World(below: world.journal, top: part)
        #expect(try client.listen())
        #expect(Set(client.known.keys) == [inside])
        #expect(client.known[inside]?.parent == .root)
        try world.move(outside, to: part, "moved")
        #expect(try client.listen())
        #expect(Set(client.known.keys) == [inside, outside, deep, file])
        #expect(try client.told == client.expected())
        try world.move(deep, to: .root)
        #expect(try client.listen())
        #expect(client.known[file]?.isDeleted == true && client.known[deep]?.isDeleted == true)
        // Nothing of what is outside is told.
        #expect(client.known[file]?.name.description == "gone" && client.known[file]?.content.size == 0)
        #expect(try client.told == client.expected())
        // The part's own directory goes elsewhere: nothing changes in it.
        try world.move(part, to: deep, "renamed")
        #expect(try client.listen())
        #expect(try client.told == client.expected())
    }

    @Test func `what never was inside is not told`() throws {
        let world = try World()
        let part = try world.make("part", in: .root, directory: true)
        let client = World(below: world.journal, top: part)
        let secret = try world.make("secret", in: .root)
        let other = try world.make("other", in: .root, directory: true)
        try world.move(secret, to: other)
        try world.delete(secret)
        #expect(try client.listen())
        #expect(client.known.isEmpty && client.received == client.complete)
    }

    @Test(arguments: 0..<150 as Range<UInt64>)
    func `whatever moves in and out, in pages of any length, the client knows what is inside`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let world = try World()
        let part = try world.make("part", in: .root, directory: true)
        var directories = [NodeID.root, part]
        var nodes: [NodeID] = [part]
        let client = World(below: world.journal, top: part)
        for step in 0..<120 {
            let directory = directories[Int.random(in: 0..<directories.count, using: &random)]
            let node = nodes[Int.random(in: 0..<nodes.count, using: &random)]
            switch Int.random(in: 0..<9, using: &random) {
            case 0, 1:
                let made = try world.make("d\(step)", in: directory, directory: true)
                directories.append(made)
                nodes.append(made)
            case 2, 3: nodes.append(try world.make("f\(step)", in: directory))
            case 4, 5: try world.move(node, to: directory, "m\(step)")
            // The view's own directory has to stay.
            case 6: if node != part { try world.delete(node) }
            case 7: _ = try client.listen(limit: Int.random(in: 1...4, using: &random))
            default: while try !client.listen(limit: Int.random(in: 1...8, using: &random)) {}
            }
        }
        guard let top = try world.journal.node(part), !top.isDeleted else { return }
        while try !client.listen(limit: 3) {}
        let expected = try client.expected()
        #expect(
            client.told.subtracting(expected).isEmpty && expected.subtracting(client.told).isEmpty,
            "seed \(seed): \(client.told.subtracting(expected)) for \(expected.subtracting(client.told))")
    }
}
