/// What happens when changes meet (DESIGN §3): an operation, the tree as it is, and what follows. Pure but for the
/// questions to the tree.
package struct MergeRules<Tree: HubTree> {
    private let tree: Tree
    private let client: String
    private let date: String

    /// - Parameters:
    ///   - client: who asks; stands in conflict names.
    ///   - date: stands in conflict names, for the reader; nothing depends on it.
    package init(tree: Tree, client: String, date: String) {
        self.tree = tree
        self.client = client
        self.date = date
    }

    /// - Parameters:
    ///   - change: the parent reference of a creation or move is given by `parent`, already resolved.
    ///   - parent: nil if the operation that should have created it was refused.
    /// - Throws: ``InvalidOperation``, and what the tree throws.
    package func decide(_ change: Change, parent: NodeID?) throws -> Decision {
        if change.node == .root { throw InvalidOperation.root }
        switch change {
        case .create(_, let name, let content):
            guard let parent else { return Decision(.refused(.orphaned, current: nil)) }
            return try create(in: parent, name, content)
        case .edit(let id, let base, let content):
            guard let node = try tree.node(id) else { return Decision(.refused(.unknown, current: nil)) }
            return try edit(node, base, content)
        case .move(let id, let base, _, let name):
            guard let node = try tree.node(id) else { return Decision(.refused(.unknown, current: nil)) }
            guard let parent else { return Decision(.refused(.orphaned, current: id)) }
            return try move(node, base, to: parent, name)
        case .delete(let id, let contentBase, let locationBase):
            guard let node = try tree.node(id) else { return Decision(.refused(.unknown, current: nil)) }
            return try delete(node, contentBase, locationBase)
        }
    }

    // MARK: - The four changes

    private func create(in parent: NodeID, _ name: Name, _ content: Content) throws -> Decision {
        try refuseReserved(name)
        guard let place = try directory(parent) else { return Decision(.refused(.orphaned, current: nil)) }
        guard let occupant = try place.occupant(tree, name) else {
            return Decision(
                .applied(.inserted), place.effects + [.insert(Location(parent: place.id, name: name), content)])
        }
        if occupant.content.hasSameBytes(as: content) {
            // What nobody has said of it yet is taken from whoever says it first.
            let filled = occupant.content.filled(from: content)
            let learned = filled == occupant.content ? [] : [Effect.rewrite(occupant.id, filled)]
            return Decision(.merged(occupant.id), place.effects + learned)
        }
        let copy = Location(parent: place.id, name: try freeName(for: name, content, in: place.id))
        return Decision(
            .conflict(current: occupant.id, copy: .inserted),
            place.effects + [.insert(copy, content), .conflict(over: occupant.id, with: .inserted)])
    }

    private func edit(_ node: Node, _ base: Version, _ content: Content) throws -> Decision {
        try refuseFuture(node.id, base, node.contentVersion)
        if content.kind != node.content.kind { throw InvalidOperation.kindChanged(node.id) }
        let known = base == node.contentVersion ? node.content : try tree.content(of: node.id, at: base)
        // What this client does not carry it has not changed.
        let content = content.filled(from: known ?? node.content)
        if node.isDeleted { return try revive(node, at: node.location, content) }
        let merged =
            base == node.contentVersion
            ? .combined(content) : ContentMerge.merge(base: known, theirs: node.content, mine: content)
        switch merged {
        case .combined(node.content):
            return Decision(.merged(node.id))
        case .combined(let combined):
            let answer: Decision.Answer = combined == content ? .applied(.node(node.id)) : .merged(node.id)
            return Decision(answer, [.rewrite(node.id, combined)])
        case .conflict:
            let name = try freeName(for: node.name, content, in: node.parent)
            return Decision(
                .conflict(current: node.id, copy: .inserted),
                [
                    .insert(Location(parent: node.parent, name: name), content),
                    .conflict(over: node.id, with: .inserted),
                ])
        }
    }

    private func move(_ node: Node, _ base: Version, to parent: NodeID, _ name: Name) throws -> Decision {
        try refuseReserved(name)
        try refuseFuture(node.id, base, node.locationVersion)
        let wanted = Location(parent: parent, name: name)
        if !node.isDeleted, node.location == wanted { return Decision(.merged(node.id)) }
        if base != node.locationVersion {
            return Decision(.refused(.moved, current: node.id))
        }
        if node.isDeleted {
            // Whoever moved it wants to keep it. Without its bytes here, the client sends it as new.
            guard try tree.holds(node.content) else { return Decision(.refused(.unknown, current: nil)) }
            // The node is known, and what comes after this may bring it back.
            guard try directory(parent) != nil else { return Decision(.refused(.orphaned, current: node.id)) }
            return try revive(node, at: wanted, node.content)
        }
        if try isBelow(parent, node.id) { return Decision(.refused(.cycle, current: node.id)) }
        guard let place = try directory(parent) else { return Decision(.refused(.orphaned, current: node.id)) }
        if try isBelow(place.id, node.id) { return Decision(.refused(.cycle, current: node.id)) }
        guard let occupant = try place.occupant(tree, name), occupant.id != node.id else {
            return Decision(
                .applied(.node(node.id)),
                place.effects + [.relocate(node.id, to: Location(parent: place.id, name: name))])
        }
        let free = Location(parent: place.id, name: try freeName(for: name, node.content, in: place.id))
        return Decision(
            .applied(.node(node.id)),
            place.effects + [.relocate(node.id, to: free), .conflict(over: occupant.id, with: .node(node.id))])
    }

    private func delete(_ node: Node, _ contentBase: Version, _ locationBase: Version) throws -> Decision {
        try refuseFuture(node.id, contentBase, node.contentVersion)
        try refuseFuture(node.id, locationBase, node.locationVersion)
        if node.isDeleted { return Decision(.merged(node.id)) }
        if contentBase != node.contentVersion || locationBase != node.locationVersion {
            return Decision(.refused(.changed, current: node.id))
        }
        if node.content.isDirectory, try tree.hasChildren(node.id) {
            return Decision(.refused(.notEmpty, current: node.id))
        }
        return Decision(.applied(.node(node.id)), [.remove(node.id)])
    }

    // MARK: - What they share

    /// A tombstone comes back with `content`, at `location` or beside it when the name is taken by now.
    private func revive(_ node: Node, at location: Location, _ content: Content) throws -> Decision {
        guard let place = try directory(location.parent), try !isBelow(place.id, node.id) else {
            return Decision(.refused(.unknown, current: nil))
        }
        guard let occupant = try place.occupant(tree, location.name) else {
            let there = Location(parent: place.id, name: location.name)
            return Decision(.applied(.node(node.id)), place.effects + [.revive(node.id, at: there, content)])
        }
        if occupant.content.hasSameBytes(as: content) { return Decision(.merged(occupant.id), place.effects) }
        let beside = Location(parent: place.id, name: try freeName(for: location.name, content, in: place.id))
        return Decision(
            .conflict(current: occupant.id, copy: .node(node.id)),
            place.effects + [
                .revive(node.id, at: beside, content), .conflict(over: occupant.id, with: .node(node.id)),
            ])
    }

    /// A directory that is to hold something, and what must happen first so that it can.
    private struct Place {
        var id: NodeID
        var effects: [Effect]

        /// Nothing is in a directory that has only just come back.
        func occupant(_ tree: Tree, _ name: Name) throws -> Node? {
            try tree.child(of: id, named: name)
        }
    }

    /// The live directory `id`, brought back with its ancestors if it was deleted meanwhile; nil if it is unknown, or would
    /// come back with more of them than can be in one another.
    private func directory(_ id: NodeID) throws -> Place? {
        // From the one asked for upwards.
        var deleted: [Node] = []
        var current = id
        while current != .root {
            guard let node = try tree.node(current) else { return nil }
            guard node.content.isDirectory else { throw InvalidOperation.notADirectory(current) }
            if !node.isDeleted { break }
            // One that goes takes its place along, so that the tombstones' row can be longer than any that was there.
            if deleted.count == TreeLimits.directories { return nil }
            deleted.append(node)
            current = node.parent
        }
        var place = Place(id: current, effects: [])
        while let node = deleted.popLast() {
            var name = node.name
            if let occupant = try place.occupant(tree, name) {
                if occupant.content.isDirectory {
                    place.id = occupant.id
                    continue
                }
                name = try freeName(for: name, node.content, in: place.id)
            }
            place.effects.append(.revive(node.id, at: Location(parent: place.id, name: name), node.content))
            place.id = node.id
        }
        return place
    }

    private func isBelow(_ id: NodeID, _ ancestor: NodeID) throws -> Bool {
        var current = id
        // Deleted ones, and those that they are in: what is longer is no place for anything.
        for _ in 0...2 * TreeLimits.directories {
            if current == .root { return false }
            if current == ancestor { return true }
            guard let node = try tree.node(current) else { return false }
            current = node.parent
        }
        return true
    }

    private func freeName(for name: Name, _ content: Content, in parent: NodeID) throws -> Name {
        var attempt = 1
        while true {
            let candidate = ConflictName.make(
                from: name, keepsExtension: !content.isDirectory, date: date, client: client, attempt: attempt)
            if try tree.child(of: parent, named: candidate) == nil { return candidate }
            attempt += 1
        }
    }

    private func refuseReserved(_ name: Name) throws {
        if name.isReserved { throw InvalidOperation.reservedName(name) }
    }

    private func refuseFuture(_ node: NodeID, _ base: Version, _ current: Version) throws {
        if base > current { throw InvalidOperation.baseFromTheFuture(node, base: base, current: current) }
    }
}
