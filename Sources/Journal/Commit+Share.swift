import SyncCore

/// What somebody did in the share, as it lies there.
struct Asked {
    /// The node that was changed; none for a creation.
    var node: NodeID?
    var location: Location
    /// What lies there; nil where only the place changed.
    var content: Content?

    /// Nil for a deletion, of which nothing lies there, and where the place is not known.
    init?(_ change: Change, parent: NodeID?, _ journal: Journal) throws {
        switch change {
        case .create(_, let name, let content):
            guard let parent else { return nil }
            self.init(node: nil, location: Location(parent: parent, name: name), content: content)
        case .edit(let id, _, let content):
            guard let node = try journal.node(id) else { return nil }
            self.init(node: id, location: node.location, content: content)
        case .move(let id, _, _, let name):
            guard let parent else { return nil }
            self.init(node: id, location: Location(parent: parent, name: name), content: nil)
        case .delete:
            return nil
        }
    }

    private init(node: NodeID?, location: Location, content: Content?) {
        self.node = node
        self.location = location
        self.content = content
    }
}

/// A node that lies in the share otherwise than the journal has it.
struct Deviation {
    var node: NodeID
    var isDirectory: Bool
    var asked: Asked
}

extension Commit {
    /// Notes the node of an outcome if it became something else than what lies in the share.
    mutating func compare(_ asked: Asked, _ outcome: Outcome) {
        let found: Node? =
            switch outcome {
            case .refused(_, let current): current
            default: outcome.madeNode
            }
        guard let node = found, !node.isDeleted else { return }
        let isAsAsked = node.location == asked.location && (asked.content ?? node.content).bare == node.content.bare
        if isAsAsked { return }
        deviations.append(Deviation(node: node.id, isDirectory: node.content.isDirectory, asked: asked))
    }

    /// The share has all of the commit at once, so the paths are those after all of it; directories go first, and
    /// take what is in them along.
    mutating func placeDeviations() throws {
        for deviation in deviations.filter(\.isDirectory) + deviations.filter({ !$0.isDirectory }) {
            let node = try node(deviation.node)
            if node.isDeleted { continue }
            let path = try path(of: node.location)
            let place = deviation.asked.location
            let isParentLive = try place.parent == .root || journal.node(place.parent)?.isDeleted == false
            if isParentLive, node.location != place {
                let from = try self.path(of: place)
                try self.place(.move(from: from, to: path), node, expected: deviation.asked.content ?? node.content)
            }
            if let content = deviation.asked.content, content.bare != node.content.bare {
                try self.place(.change(from: node.content, to: node.content, path, nil), node, expected: node.content)
            }
        }
    }
}
