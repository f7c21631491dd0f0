internal import Journal
internal import SyncCore

/// Steps that were done and are not written down, to be asked for by node and path.
struct DoneSteps {
    private(set) var ids: [Int64] = []
    private var nodes: Set<NodeID> = []
    private var paths: Set<RelativePath> = []
    private(set) var touched = Touched()

    var isEmpty: Bool { ids.isEmpty }

    mutating func append(_ placement: Placement) {
        ids.append(placement.id)
        nodes.insert(placement.node)
        paths.formUnion(placement.paths)
        touched.note(placement)
    }

    /// Whether a start could not tell any more, after `next`, that one of these was done: a step is recognised as done by what
    /// lies at its path, so that has to be written down before it changes again. A move changes every path below it.
    func isHidden(by next: Placement) -> Bool {
        if case .move = next.step { return !isEmpty }
        return nodes.contains(next.node) || next.paths.contains { paths.contains($0) }
    }
}

extension Placement {
    var paths: [RelativePath] {
        switch step {
        case .file(let path, _, _), .attributes(let path, _), .directory(let path, _), .symlink(let path, _, _),
            .remove(let path):
            [path]
        case .move(let from, let to): [from, to]
        }
    }

    /// The content that has to be in `versions/` for it; nil if there is none.
    var neededVersion: Digest? {
        guard case .file(_, _, source: .version(let digest)) = step else { return nil }
        return digest
    }

    /// Whether what lies at its path after this does not depend on what lay there before.
    var decidesContent: Bool {
        switch step {
        case .file, .symlink, .remove: true
        case .attributes, .directory, .move: false
        }
    }

    /// Whether the node does not lie at its path before this is done.
    var brings: Bool {
        switch step {
        case .file, .symlink, .directory: expected == nil
        case .move: true
        case .attributes, .remove: false
        }
    }

    /// Whether the order of the two matters.
    func overlaps(_ other: Placement) -> Bool {
        node == other.node
            || paths.contains { mine in other.paths.contains { mine.contains($0) || $0.contains(mine) } }
    }
}

/// Why a step cannot be done now.
struct PlacementWaits: Error, CustomStringConvertible {
    var description: String
}
