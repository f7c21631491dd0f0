/// What the merge rules ask of the hub's tree while a commit is decided. The journal answers from SQLite, tests from
/// memory.
package protocol HubTree {
    /// Live nodes and tombstones; nil if the id was never given or its tombstone is gone. The root is never asked for.
    func node(_ id: NodeID) throws -> Node?
    /// The live node under that name.
    func child(of parent: NodeID, named name: Name) throws -> Node?
    /// Whether a directory has live children.
    func hasChildren(_ id: NodeID) throws -> Bool
    /// The content that a node had at a version; nil if the history of it is gone.
    func content(of id: NodeID, at version: Version) throws -> Content?
    /// Whether the bytes of a content are at the hub, in the share or in versions. True for directories and symlinks.
    func holds(_ content: Content) throws -> Bool
}

/// One step by which an accepted operation changes the tree. Each grows `seq` by one, except ``conflict(over:with:)``.
package enum Effect: Hashable, Sendable {
    case insert(Location, Content)
    case rewrite(NodeID, Content)
    case relocate(NodeID, to: Location)
    /// A tombstone becomes live again, with new versions.
    case revive(NodeID, at: Location, Content)
    case remove(NodeID)
    /// Not a change of the tree: the record that `with` came second to `over`.
    case conflict(over: NodeID, with: Target)
}

/// A node that a decision speaks of.
package enum Target: Hashable, Sendable {
    case node(NodeID)
    /// The node that this decision's ``Effect/insert(_:_:)`` makes (a decision has at most one).
    case inserted
}

/// What is to be done and what is to be answered.
package struct Decision: Hashable, Sendable {
    /// What to tell the client; nodes are looked up after the effects.
    package enum Answer: Hashable, Sendable {
        case applied(Target)
        case merged(NodeID)
        case conflict(current: NodeID, copy: Target)
        case refused(Refusal, current: NodeID?)
    }

    /// To be applied in order; empty for refusals and when nothing has to change.
    package var effects: [Effect]
    /// What to tell the client.
    package var answer: Answer

    package init(_ answer: Answer, _ effects: [Effect] = []) {
        self.effects = effects
        self.answer = answer
    }
}

/// An operation that no honest client sends; the whole request is refused and nothing is done.
package enum InvalidOperation: Error, Hashable, Sendable, CustomStringConvertible {
    case baseFromTheFuture(NodeID, base: Version, current: Version)
    case kindChanged(NodeID)
    case reservedName(Name)
    case root
    case notADirectory(NodeID)

    package var description: String {
        switch self {
        case .baseFromTheFuture(let node, let base, let current):
            "node \(node.rawValue): the base version \(base.rawValue) is newer than the journal's \(current.rawValue)"
        case .kindChanged(let node): "node \(node.rawValue): an edit cannot change the kind; delete and create"
        case .reservedName(let name): "'\(name)': names that begin with '.synchub' are reserved"
        case .root: "the share itself cannot be edited, moved or deleted"
        case .notADirectory(let node): "node \(node.rawValue) is not a directory and cannot hold anything"
        }
    }
}
