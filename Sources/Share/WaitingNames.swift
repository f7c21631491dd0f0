internal import Journal
internal import SyncCore

/// Which nodes and names placements wait for, found without walking over the placements.
struct WaitingNames {
    private var nodes: Set<NodeID> = []
    private var names: Set<RelativePath> = []
    /// The directories that the names are in, up to the top.
    private var above: Set<RelativePath> = []

    init(_ placements: [Placement]) { for placement in placements { insert(placement) } }

    mutating func insert(_ placement: Placement) {
        nodes.insert(placement.node)
        for path in placement.paths {
            names.insert(path)
            var directory = path
            while !directory.isTop {
                directory = directory.parent
                // What is above this one is known then, too.
                guard above.insert(directory).inserted else { break }
            }
        }
    }

    /// Whether one of them concerns a path, or what is above or below it.
    func concern(_ path: RelativePath) -> Bool {
        if names.isEmpty { return false }
        if above.contains(path) { return true }
        var path = path
        while !names.contains(path) {
            if path.isTop { return false }
            path = path.parent
        }
        return true
    }

    /// Whether the order of a placement and of one of them matters.
    func overlap(_ placement: Placement) -> Bool {
        nodes.contains(placement.node) || placement.paths.contains(where: concern)
    }
}
