/// What the planner asks of the index beyond the subjects it was given: each answered by one index look-up.
package protocol ThreeTrees {
    /// The subject of a node, or of an entry that the hub does not know.
    func subject(of key: SubjectKey) throws -> Subject?
    /// The node that was agreed to be at a place.
    func syncedNode(at location: Location) throws -> NodeID?
    /// The nodes that were agreed to be in a directory.
    func syncedChildren(of directory: NodeID) throws -> [NodeID]
    /// Where a node was agreed to be.
    func syncedParent(of node: NodeID) throws -> NodeID?
    /// Whether just this was sent, and waits at the hub for a person.
    func isHeld(_ sending: Verdict.Sending, of key: SubjectKey) throws -> Bool
    /// Whether it cannot be sent yet: its bytes travel ahead of it.
    func waits(_ sending: Verdict.Sending) throws -> Bool
}

extension ThreeTrees {
    /// Nothing is.
    package func isHeld(_ sending: Verdict.Sending, of key: SubjectKey) throws -> Bool { false }
    /// It can.
    package func waits(_ sending: Verdict.Sending) throws -> Bool { false }
}

/// How the planner names a subject.
package enum SubjectKey: Hashable, Sendable, Comparable {
    case entry(EntryID)
    case node(NodeID)
}

extension Subject {
    /// How it is named: by its node if it has one.
    package var key: SubjectKey? { node.map(SubjectKey.node) ?? local.map { .entry($0.entry) } }
}

/// What is to be sent for one subject.
package struct PlannedSending: Hashable, Sendable {
    /// Whom it is about.
    package let key: SubjectKey
    /// What is to be told to the hub.
    package let sending: Verdict.Sending
    /// Its name is still held by what depends on it in turn (two names that were swapped, a file that takes the place
    /// of the directory that it was in): it goes under a name of its own first, and to its place with the next plan.
    package let makesDetour: Bool

    package init(key: SubjectKey, sending: Verdict.Sending, makesDetour: Bool = false) {
        self.key = key
        self.sending = sending
        self.makesDetour = makesDetour
    }
}

/// Puts what is to be sent into an order in which the hub can take each step: directories before what goes into them, a
/// name vacated before it is taken again, what leaves a directory before the directory goes, and of two moves that
/// would make a cycle the one that opens it first.
package struct OperationOrder<Trees: ThreeTrees> {
    private let trees: Trees
    private let limit: Int
    private var ordered: [PlannedSending] = []
    private var seen: Set<SubjectKey> = []
    private var blocked: Set<SubjectKey> = []
    private var visiting: Set<SubjectKey> = []
    private var detours: Set<SubjectKey> = []

    private init(trees: Trees, limit: Int) {
        self.trees = trees
        self.limit = limit
    }

    /// - Parameters:
    ///   - keys: subjects that changed, in any order.
    ///   - limit: about how many to return at most; what hangs together is not torn, so it may be a few more.
    /// - Returns: each with everything it depends on before it. What hangs on a subject that cannot be decided yet
    ///   (still settling, not hashed) is left out.
    package static func order(
        _ keys: [SubjectKey], in trees: Trees, limit: Int
    ) throws -> [PlannedSending] {
        var order = OperationOrder(trees: trees, limit: limit)
        for key in keys {
            if order.ordered.count >= limit { break }
            _ = try order.visit(key, depth: 0)
        }
        return order.ordered
    }

    /// - Returns: false if the subject cannot be sent now, so that neither can what hangs on it.
    private mutating func visit(_ key: SubjectKey, depth: Int) throws -> Bool {
        if !seen.insert(key).inserted { return !blocked.contains(key) }
        // Deeper than any real tree needs: the rest comes with the next plan.
        guard depth < 2_000, let subject = try trees.subject(of: key) else { return true }
        switch subject.verdict {
        case .send(let sending):
            if try trees.isHeld(sending, of: key) { return true }
            if try trees.waits(sending) {
                blocked.insert(key)
                return false
            }
            visiting.insert(key)
            defer { visiting.remove(key) }
            guard try visitDependencies(of: sending, key, depth) else {
                blocked.insert(key)
                return false
            }
            ordered.append(PlannedSending(key: key, sending: sending, makesDetour: detours.contains(key)))
            return true
        case .hash, .settling, .unruled:
            blocked.insert(key)
            return false
        case .settled, .forget, .adopt, .receive, .barred, .ignored, .release, .discard:
            return true
        }
    }

    private mutating func visitDependencies(
        of sending: Verdict.Sending, _ key: SubjectKey, _ depth: Int
    ) throws -> Bool {
        switch sending {
        case .create(let local, _):
            return try visitPlace(of: local, taker: key, depth)
        case .change(let node, let local, _, _, let moves):
            guard moves else { return true }
            guard try visitPlace(of: local, taker: key, depth) else { return false }
            return try visitWayUp(from: local.parent.node, to: node, depth)
        case .delete(let node, let synced):
            guard synced.content.isDirectory else { return true }
            var all = true
            for child in try trees.syncedChildren(of: node) {
                all = try visit(.node(child), depth: depth + 1) && all
            }
            return all
        }
    }

    /// The directory must be there, and whoever had the name must have left it.
    private mutating func visitPlace(of local: LocalState, taker: SubjectKey, _ depth: Int) throws -> Bool {
        guard let parent = local.parent.node else {
            return try visit(.entry(local.parent.entry), depth: depth + 1)
        }
        let place = Location(parent: parent, name: local.name)
        guard let holder = try trees.syncedNode(at: place), .node(holder) != taker else { return true }
        if visiting.contains(.node(holder)) {
            detours.insert(taker)
            return true
        }
        return try visit(.node(holder), depth: depth + 1)
    }

    /// A directory cannot go below itself: whatever was between the new place and it must have moved away first.
    private mutating func visitWayUp(from place: NodeID?, to node: NodeID, _ depth: Int) throws -> Bool {
        var way: [NodeID] = []
        var current = place
        while let step = current, step != .root, step != node {
            way.append(step)
            current = try trees.syncedParent(of: step)
        }
        guard current == node else { return true }
        var all = true
        for step in way { all = try visit(.node(step), depth: depth + 1) && all }
        return all
    }
}
