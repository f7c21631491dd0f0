import Journal
import SyncCore
import TestSupport

/// A journal whose clients always send their bytes, with a share that follows it.
final class JournalHub: MergingHub {
    let journal: Journal
    private(set) var share = MemoryShare()
    private var number: Int64 = 0
    /// Whether placements are carried out at once.
    var placesAtOnce = true

    init(_ journal: Journal) { self.journal = journal }

    func commit(_ change: Change, by client: String) throws -> Outcome { try commit([change], by: client)[0] }

    func commit(_ changes: [Change], by client: String) throws -> [Outcome] {
        var staged: [OperationID: StagedContent] = [:]
        let operations = changes.map { change in
            number += 1
            let id = OperationID(generation: "a1", number: number)
            if change.content?.file != nil { staged[id] = StagedContent(name: "staged-\(number)") }
            return Operation(id: id, change: change)
        }
        let result = try journal.commit(
            client: client, operations: operations, staged: staged, at: 1000, date: "2026-11-21")
        if placesAtOnce { try place() }
        return result.outcomes
    }

    /// Carries out what is pending, and keeps what it displaces.
    func place() throws {
        for placement in try journal.pendingPlacements() {
            try share.run(placement)
            var stored: [(Digest, Int64)] = []
            if let file = placement.expected?.content.file { stored.append((file.digest, file.size)) }
            try journal.finish([placement.id], stored: stored)
        }
    }

    func live() throws -> [RelativePath: Node] {
        var found: [RelativePath: Node] = [:]
        func look(_ id: NodeID, _ path: RelativePath) throws {
            for node in try journal.children(of: id) {
                found[path.appending(node.name)] = node
                if node.content.isDirectory { try look(node.id, path.appending(node.name)) }
            }
        }
        try look(.root, .top)
        return found
    }
}

/// A journal with one client, whose operations count up; the placements wait.
final class Desk {
    let journal: Journal
    let client: String
    var number: Int64 = 0

    init(_ journal: Journal, client: String = "ann") {
        self.journal = journal
        self.client = client
    }

    func operation(_ change: Change, generation: String = "a1") -> Operation {
        number += 1
        return Operation(id: OperationID(generation: generation, number: number), change: change)
    }

    /// In one commit, with bytes for all files unless told.
    func commit(
        _ operations: [Operation], staged: Bool = true, acknowledged: Int64 = 0, origin: CommitOrigin = .client
    ) throws -> CommitResult {
        var contents: [OperationID: StagedContent] = [:]
        for operation in operations where staged && operation.change.content?.file != nil {
            contents[operation.id] = StagedContent(name: "s\(operation.id.number)")
        }
        return try journal.commit(
            client: client, operations: operations, acknowledged: acknowledged, staged: contents, at: 1000,
            date: "2026-11-21", origin: origin)
    }

    func run(_ changes: Change..., origin: CommitOrigin = .client) throws -> CommitResult {
        try commit(changes.map { operation($0) }, origin: origin)
    }
}

extension Change {
    static func file(_ name: String, _ text: String, in parent: NodeID = .root) -> Change {
        .create(in: .node(parent), name: try! Name(name), content: Text.file(text))
    }
    static func directory(_ name: String, in parent: NodeID = .root) -> Change {
        .create(in: .node(parent), name: try! Name(name), content: .directory(Mode(0o755)))
    }
    static func delete(_ node: Node) -> Change {
        .delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion)
    }
    static func move(_ node: Node, _ name: String, in parent: NodeID = .root) -> Change {
        .move(node.id, base: node.locationVersion, to: .node(parent), name: try! Name(name))
    }
    static func edit(_ node: Node, _ text: String, mode: UInt16 = 0o644) -> Change {
        .edit(node.id, base: node.contentVersion, content: Text.file(text, mode: mode))
    }
}

func path(_ text: String) -> RelativePath { try! RelativePath(bytes: Array(text.utf8)) }
