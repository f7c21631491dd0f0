internal import FileTree
internal import Journal
internal import Share
import SyncCore

/// Pieces of uploads are no changes: see ``Uploads``.
extension ShareWatcher {
    /// Whether what lies under a name is a piece, and is left for later. What is written is looked at again when it is closed, or in a
    /// while; what broke off when something happens to it, or has waited for long enough.
    func waits(_ spot: Spot, _ path: RelativePath, _ node: Node?, _ status: FileStatus?) throws -> Bool {
        guard uploads.concern(path, spot.location) else { return false }
        guard let status, try !isIgnored(spot, node, status),
            let piece = uploads.piece(at: path, spot.location, status)
        else {
            // Where its directory lies elsewhere by now that says nothing.
            if status == nil, try !liesElsewhere(spot.directory) { uploads.forget(path, spot.location) }
            return false
        }
        switch piece {
        case .open: postpone(spot, because: uploads.reason(piece))
        case .broken:
            // Opened, and nothing was written.
            if let node, try placed(node.id)?.fingerprint(of: status.kind) == status.fingerprint {
                uploads.forget(path, spot.location)
                return false
            }
            uploads.fade(path)
            problems[spot] = uploads.reason(piece)
            quietOnce[spot] = nil
            end(.name(spot))
        }
        return true
    }

    /// Sessions have told something. Any time.
    func uploadsChanged() {
        uploads.hasNews(at: now)
        plan()
    }

    /// Writes down what is being uploaded for a while, and looks at what has waited for long enough.
    func followUploads() throws {
        for location in try uploads.follow(at: now) { note(Spot(directory: location.parent, name: location.name)) }
    }
}

/// Whose changes are: see ``AuthorTable``.
extension ShareWatcher {
    /// What sessions have done under names is forgotten once all of it has become changes, or has made none.
    func restAuthors() throws {
        guard isAtRest, let mark = uploads.mark else { return }
        // What was done until the mark was taken is in these.
        watcher?.drain()
        try takeEvents()
        guard isAtRest else { return }
        var kept: Set<RelativePath> = []
        for spot in Set(problems.keys).union(settling.waiting) {
            if let path = try path(of: spot) { kept.insert(path) }
        }
        for node in heldNodes { if let path = try journal.path(of: node) { kept.insert(path) } }
        uploads.rest(until: mark, keeping: kept)
    }

    /// Whether nothing is known that is to become a change; what waits for somebody else is no matter.
    private var isAtRest: Bool {
        fence.reason == nil && unfinished.isEmpty && toList.isEmpty && due.isEmpty && inHash.isEmpty
            && vanished.isSubset(of: heldNodes) && afterwards.isEmpty && astray.isEmpty
    }
}

extension Spot {
    /// As the journal calls it.
    var location: Location { Location(parent: directory, name: name) }
}
