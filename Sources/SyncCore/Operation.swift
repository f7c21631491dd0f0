/// The directory that an operation names: one the journal knows, or one that an earlier operation of the same client
/// (in this commit or one before) created.
package enum ParentReference: Hashable, Sendable {
    case node(NodeID)
    case created(by: OperationID)
}

/// What a client asks the hub to do to one node, against the base version that it saw.
package enum Change: Hashable, Sendable {
    case create(in: ParentReference, name: Name, content: Content)
    case edit(NodeID, base: Version, content: Content)
    case move(NodeID, base: Version, to: ParentReference, name: Name)
    case delete(NodeID, contentBase: Version, locationBase: Version)

    /// The node that it names; none for a creation.
    package var node: NodeID? {
        switch self {
        case .create: nil
        case .edit(let id, _, _), .move(let id, _, _, _), .delete(let id, _, _): id
        }
    }

    /// The content that must be at the hub for it.
    package var content: Content? {
        switch self {
        case .create(_, _, let content), .edit(_, _, let content): content
        case .move, .delete: nil
        }
    }
}

/// A change with the id under which it may be repeated.
package struct Operation: Hashable, Sendable {
    /// Under which it may be repeated.
    package let id: OperationID
    /// What is asked for.
    package let change: Change

    package init(id: OperationID, change: Change) {
        self.id = id
        self.change = change
    }
}

/// Why the hub kept its own state. The client takes that state.
package enum Refusal: String, Hashable, Sendable, Codable {
    /// A move whose base is old: another move came first.
    case moved
    /// A move of a directory into itself or below itself.
    case cycle
    /// A deletion of what was edited (or moved) since.
    case changed
    /// A deletion of a directory that holds something.
    case notEmpty
    /// The id is not in this journal (its tombstone is gone).
    case unknown
    /// The operation it hangs on (the creation of its parent) did not succeed.
    case orphaned
    /// A directory would lie deeper than one may, or take others there: see ``TreeLimits``.
    case tooDeep
    /// It was held, and a person rejected it.
    case rejected
}

/// What the hub answered to one operation. In each case the nodes are as the journal has them now.
package enum Outcome: Hashable, Sendable {
    /// Done as asked; the node's name may be a conflict name if the one asked for was taken.
    case applied(Node)
    /// Nothing had to be done, or both changes fitted together: the node as it is now.
    case merged(Node)
    /// The name stays with `current`; what the client sent lives beside it as `copy`.
    case conflict(current: Node, copy: Node)
    /// Not done; the node as it is now, if there is one.
    case refused(Refusal, current: Node?)
    /// The bytes were not where the client said, or were not what it promised. Nothing was done; send them again.
    case contentMissing
    /// Written down, and neither done nor told to anybody until a person decides about the batch.
    case held(batch: Int64)

    /// Whether a person has to decide.
    package var isHeld: Bool { if case .held = self { true } else { false } }
}
