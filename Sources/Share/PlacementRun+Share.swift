internal import FileTree
internal import Journal
package import SyncCore

/// Things in the share that nobody has told the journal of: each becomes a node, or an edit of one, by the rules.
extension PlacementRun {
    /// What has the name is moved to a conflict name, and is a node of its own from then on.
    func makeWay(_ path: RelativePath) throws {
        try refusePieces(path)
        if try isOnItsWay(path) { return }
        guard let parent = try directory(of: path), let name = path.last,
            try placer.journal.child(of: parent, named: name)?.id == placement.node
        else {
            // A later step of the same node has left the name: to the journal it is free, on the disk not yet.
            let aside = try moveAside(path)
            return try takeIn(aside)
        }
        // The rules give it the conflict name, and the placement that follows from that moves it there.
        let before = try share.status(of: path)?.identity
        try takeIn(path, in: parent)
        // Pipes and sockets are no nodes.
        if let before, try share.status(of: path)?.identity == before { _ = try moveAside(path) }
    }

    /// What has the name may be a node already, that was to make way when the hub died: it goes where that is to lie, and not a second
    /// time into the journal. Otherwise the step that was decided for it would find what this one brings, and take that away.
    private func isOnItsWay(_ path: RelativePath) throws -> Bool {
        guard isReplay, let status = try share.status(of: path) else { return false }
        // What a step is yet to bring does not lie there.
        var brought: Set<NodeID> = [placement.node]
        for later in try placer.journal.pendingPlacements() where brought.insert(later.node).inserted {
            guard later.id > placement.id, case .move(from: path, let to) = later.step,
                later.expected?.content.kind == status.kind.node, try share.status(of: to) == nil
            else { continue }
            try placer.carryOutEarly(later)
            return true
        }
        return false
    }

    /// What is no directory has the name of one that is needed: it gets a conflict name, and is a node of its own.
    func makeWayForDirectory(_ path: RelativePath) throws {
        try refusePieces(path)
        try takeIn(moveAside(path))
    }

    /// No agent receives a piece: what somebody is still writing, or did not finish, is not taken in, and the placement waits for it.
    func refusePieces(_ path: RelativePath) throws {
        if share.isWriterActive(path) == true {
            throw PlacementWaits(description: "somebody is writing \(path) in the share")
        }
        if let piece = placer.piece(path) { throw PlacementWaits(description: "\(path) in the share: \(piece)") }
    }

    /// Nothing is displaced that somebody has open for writing: where leases cannot be had, this is what tells.
    func refuseOpen(_ path: RelativePath) throws {
        guard case .open? = placer.piece(path) else { return }
        throw PlacementWaits(description: "somebody is writing \(path) in the share")
    }

    private func isPiece(_ path: RelativePath) -> Bool {
        share.isWriterActive(path) == true || placer.piece(path) != nil
    }

    /// An unseen edit at the placement's own path.
    func takeIn(_ path: RelativePath) throws {
        try refusePieces(path)
        if try isOnItsWay(path) { return }
        guard let parent = try directory(of: path) else { return }
        try takeIn(path, in: parent)
    }

    /// An unseen edit of the placement's own node, which stays where it is.
    func takeInEdit(_ path: RelativePath) throws {
        try refusePieces(path)
        guard let node = try placer.journal.node(placement.node), !node.isDeleted,
            let found = try content(at: path), found.content.kind == node.content.kind, try !isFollowed()
        else { return }
        // The journal must not know bytes that a power cut can still take: what is left of them would be somebody's edit.
        try placer.store.sync()
        _ = try placer.commitShare { next in
            [Operation(id: next(), change: .edit(node.id, base: node.contentVersion, content: found.content))]
        }
        note(found.status)
    }

    /// Whether other bytes of the same node are decided and come after this. What lies there may be what those were made upon,
    /// and no answer to them; their placement looks at it, and knows.
    private func isFollowed() throws -> Bool {
        try placer.journal.pendingPlacements().contains { later in
            guard later.node == placement.node, later.id > placement.id else { return false }
            return switch later.step {
            case .file, .symlink: true
            case .attributes, .directory, .move, .remove: false
            }
        }
    }

    /// Everything in a directory, which comes back for it if it was deleted.
    func takeInEntries(of path: RelativePath, in directory: NodeID) throws {
        for entry in try share.list(path) where !entry.name.isReserved {
            // The journal has it already: it was taken in a moment ago.
            if try placer.journal.child(of: directory, named: entry.name) != nil { continue }
            try refusePieces(path.appending(entry.name))
            try takeIn(path.appending(entry.name), in: directory)
        }
    }

    /// An entry, with all that is in it.
    private func takeIn(_ path: RelativePath, in parent: NodeID) throws {
        var found: [FileStatus] = []
        let outcomes = try placer.commitShare { next in
            var operations: [Operation] = []
            try collect(path, in: .node(parent), next, &operations, &found)
            try placer.store.sync()
            return operations
        }
        if outcomes.isEmpty { return }
        for (outcome, status) in zip(outcomes, found) {
            // A rename has changed the ctime of what was moved to a conflict name: its placement has noted that.
            if let node = outcome.node, placer.placed[node.id] == nil {
                placer.placed[node.id] = Placed(status)
            }
        }
        placer.onNews("taken_in", ["path": path, "nodes": outcomes.count])
    }

    private func collect(
        _ path: RelativePath, in parent: ParentReference, _ next: () -> OperationID, _ operations: inout [Operation],
        _ found: inout [FileStatus]
    ) throws {
        guard let name = path.last, !name.isReserved, let here = try content(at: path) else { return }
        let id = next()
        operations.append(Operation(id: id, change: .create(in: parent, name: name, content: here.content)))
        found.append(here.status)
        guard here.content.isDirectory else { return }
        for entry in try share.list(path) {
            // A piece of an upload stays where it is, and is taken in like anything that appears once it is whole.
            if isPiece(path.appending(entry.name)) { continue }
            try collect(path.appending(entry.name), in: .created(by: id), next, &operations, &found)
        }
    }

    /// Nil for what is no node.
    private func content(at path: RelativePath) throws -> (content: Content, status: FileStatus)? {
        guard let status = try share.status(of: path) else { return nil }
        switch status.kind {
        case .file:
            let hashed = try share.hash(path)
            return (.file(hashed.content), hashed.status)
        case .directory: return (.directory(status.mode), status)
        case .symlink: return (.symlink(target: try share.readLink(path), mtime: status.mtime), status)
        case .other: return nil
        }
    }

    /// The directory of a path as the journal has it now; nil when a later step of the same commit moves it elsewhere.
    private func directory(of path: RelativePath) throws -> NodeID? {
        if path.parent.isTop { return .root }
        guard let node = try placer.journal.node(placement.node) else { return nil }
        if try placer.journal.path(of: node.parent) == path.parent { return node.parent }
        // What has the directory's name by now may be a file that is still to be placed.
        guard let there = try placer.journal.node(at: path.parent), there.content.isDirectory else { return nil }
        return there.id
    }

    /// Without the journal.
    /// - Returns: the conflict name that it has now.
    private func moveAside(_ path: RelativePath) throws -> RelativePath {
        guard let name = path.last, let status = try share.status(of: path) else { return path }
        let author = placer.authors([FoundChange(path, .created)]).first ?? nil
        for attempt in 1...100 {
            let aside = path.parent.appending(
                ConflictName.make(
                    from: name, keepsExtension: status.kind != .directory, date: placer.day,
                    client: author ?? Placer<Disk>.shareClient, attempt: attempt))
            if try placer.journal.node(at: aside) != nil { continue }
            let moved = try share.move(path, to: aside, expecting: status.identity)
            if case .occupied = moved { continue }
            if case .moved(let after) = moved { placer.onMoved(path, aside, after) }
            placer.warn("moved_aside", ["path": aside])
            return aside
        }
        throw PlacementWaits(description: "no free conflict name beside \(path)")
    }
}

extension Outcome {
    /// The node that came of it.
    package var node: Node? {
        switch self {
        case .applied(let node), .merged(let node), .conflict(_, copy: let node): node
        case .refused, .contentMissing, .held: nil
        }
    }
}
