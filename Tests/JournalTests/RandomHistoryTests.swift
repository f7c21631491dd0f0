import Journal
import SyncCore
import TestSupport
import Testing

/// Several members do what they like to an ever older view of the tree; a hub in memory does the same.
@Suite("Random histories")
struct RandomHistoryTests {
    @Test func `journal, share and the rules in memory agree, and counters equal a recount`() throws {
        let seed = SeededRandom.seedFromEnvironment()
        print("SYNC_SEED=\(seed)")
        var random = SeededRandom(seed: seed)
        for round in 0..<12 {
            try withTemporaryDirectory { directory in
                let hub = JournalHub(try Journal(path: directory.path("journal.db")))
                hub.placesAtOnce = false
                try play(hub, MemoryHub(), &random, "SYNC_SEED=\(seed), round \(round)")
            }
        }
    }

    private func play(_ hub: JournalHub, _ model: MemoryHub, _ random: inout SeededRandom, _ label: String) throws {
        var views = [[Node]](repeating: [], count: 3)
        for step in 0..<80 {
            let who = Int.random(in: 0..<3, using: &random)
            if Int.random(in: 0..<8, using: &random) == 0 || step == 0 { views[who] = try sorted(hub.live()) }
            let changes = try batch(views[who], &random)
            // What is not placed yet is not in versions either, and the journal would answer otherwise than the model.
            if case .move = changes[0] { try hub.place() }
            if Int.random(in: 0..<6, using: &random) == 0 { try hub.place() }
            let outcomes = try hub.commit(changes, by: "m\(who)")
            let expected = try changes.map { try model.commit($0, by: "m\(who)") }
            #expect(outcomes == expected, "\(label), step \(step): \(changes)")
            guard outcomes == expected else { return }
        }
        try hub.place()
        let live = try hub.live()
        #expect(try live == model.live(), "\(label)")
        #expect(hub.share.entries == live.mapValues(\.content), "\(label)")
        #expect(try hub.journal.check() == [], "\(label)")
        let files = live.values.compactMap(\.content.file)
        #expect(
            try hub.journal.statistics()
                == Statistics(files: Int64(files.count), bytes: files.reduce(0) { $0 + $1.size }), "\(label)")
    }

    /// A move only comes first: see above.
    private func batch(_ view: [Node], _ random: inout SeededRandom) throws -> [Change] {
        var changes = [try change(view, &random)]
        for _ in 0..<Int.random(in: 0..<6, using: &random) {
            let next = try change(view, &random)
            if case .move = next { continue }
            changes.append(next)
        }
        return changes
    }

    private func sorted(_ live: [RelativePath: Node]) -> [Node] { live.sorted { $0.key < $1.key }.map(\.value) }

    private func change(_ view: [Node], _ random: inout SeededRandom) throws -> Change {
        let parents = [NodeID.root] + view.filter(\.content.isDirectory).map(\.id)
        let parent = ParentReference.node(parents.randomElement(using: &random)!)
        let name = try Name(["a", "b.txt", "c", "d"].randomElement(using: &random)!)
        let text = String(Int.random(in: 0..<12, using: &random))
        let mode: UInt16 = [0o644, 0o600].randomElement(using: &random)!
        guard let node = view.randomElement(using: &random), Int.random(in: 0..<4, using: &random) > 0 else {
            let contents: [Content] = [
                Text.file(text, mode: mode), .directory(Mode(0o755)), .symlink(target: Array(text.utf8), mtime: 0),
            ]
            return .create(in: parent, name: name, content: contents.randomElement(using: &random)!)
        }
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            let content: Content =
                switch node.content {
                case .file: Text.file(text, mode: mode)
                case .directory: .directory(Mode(mode | 0o100))
                case .symlink: .symlink(target: Array(text.utf8), mtime: 0)
                }
            return .edit(node.id, base: node.contentVersion, content: content)
        case 1: return .move(node.id, base: node.locationVersion, to: parent, name: name)
        default: return .delete(node)
        }
    }
}
