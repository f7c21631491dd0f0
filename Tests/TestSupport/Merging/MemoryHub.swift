import SyncCore

/// The merge rules over a dictionary: what a hub does, without disk, history or placements.
package final class MemoryHub: HubTree, MergingHub {
    private var nodes: [NodeID: Node] = [:]
    private var places: [Location: NodeID] = [:]
    private var contents: [NodeID: [Version: Content]] = [:]
    private var lastID = NodeID.root.rawValue
    private var seq = Sequence.zero
    /// `over` and `copy` of each conflict, in order.
    package private(set) var conflicts: [(NodeID, NodeID)] = []

    package init() {}

    package func node(_ id: NodeID) throws -> Node? { nodes[id] }
    package func child(of parent: NodeID, named name: Name) throws -> Node? {
        places[Location(parent: parent, name: name)].flatMap { nodes[$0] }
    }
    package func hasChildren(_ id: NodeID) throws -> Bool { places.keys.contains { $0.parent == id } }
    package func content(of id: NodeID, at version: Version) throws -> Content? { contents[id]?[version] }
    package func holds(_ content: Content) throws -> Bool { true }

    package func commit(_ change: Change, by client: String) throws -> Outcome {
        let rules = MergeRules(tree: self, client: client, date: "2026-11-21")
        let decision = try rules.decide(change, parent: change.plainParent)
        var inserted: NodeID?
        for effect in decision.effects {
            if let id = apply(effect, inserted) { inserted = id }
        }
        func find(_ target: Target) -> Node {
            switch target {
            case .node(let id): nodes[id]!
            case .inserted: nodes[inserted!]!
            }
        }
        switch decision.answer {
        case .applied(let target): return .applied(find(target))
        case .merged(let id): return .merged(nodes[id]!)
        case .conflict(let current, let copy): return .conflict(current: nodes[current]!, copy: find(copy))
        case .refused(let reason, let current): return .refused(reason, current: current.map { nodes[$0]! })
        }
    }

    private func apply(_ effect: Effect, _ inserted: NodeID?) -> NodeID? {
        switch effect {
        case .insert(let location, let content):
            lastID += 1
            keep(Node(id: NodeID(lastID), location: location, content: content))
            return NodeID(lastID)
        case .rewrite(let id, let content):
            change(id) {
                $0.content = content
                $0.contentVersion = $0.contentVersion.next
            }
        case .relocate(let id, let location):
            change(id) {
                $0.location = location
                $0.locationVersion = $0.locationVersion.next
            }
        case .revive(let id, let location, let content):
            change(id) {
                $0.location = location
                $0.content = content
                $0.contentVersion = $0.contentVersion.next
                $0.locationVersion = $0.locationVersion.next
                $0.isDeleted = false
            }
        case .remove(let id):
            change(id) { $0.isDeleted = true }
        case .conflict(let over, .node(let id)): conflicts.append((over, id))
        case .conflict(let over, .inserted): conflicts.append((over, inserted!))
        }
        return nil
    }

    private func change(_ id: NodeID, _ body: (inout Node) -> Void) {
        var node = nodes[id]!
        if !node.isDeleted { places[node.location] = nil }
        body(&node)
        keep(node)
    }

    private func keep(_ node: Node) {
        var node = node
        seq = seq.next
        node.seq = seq
        if !node.isDeleted {
            precondition(places[node.location] == nil, "two nodes at \(node.name)")
            places[node.location] = node.id
        }
        nodes[node.id] = node
        contents[node.id, default: [:]][node.contentVersion] = node.content
    }

    package func live() throws -> [RelativePath: Node] {
        var found: [RelativePath: Node] = [:]
        for node in nodes.values where !node.isDeleted {
            var names = [node.name]
            var parent = node.parent
            while parent != .root {
                precondition(
                    names.count < 1000 && nodes[parent]!.isDeleted == false, "node \(node.id) hangs in the air")
                names.append(nodes[parent]!.name)
                parent = nodes[parent]!.parent
            }
            found[RelativePath(names.reversed())] = node
        }
        return found
    }
}

extension Change {
    /// The parent, where the test names it as a node.
    package var plainParent: NodeID? {
        switch self {
        case .create(.node(let id), _, _), .move(_, _, .node(let id), _): id
        default: nil
        }
    }
}
