internal import Index
internal import SyncCore

// What is here, but different, or gone there.
extension Placer {
    mutating func change(_ local: LocalState, _ synced: SyncedState, _ remote: Node) throws -> Bool {
        var now = synced
        if local.parent.node != remote.parent || local.name != remote.name {
            guard try move(local.entry, remote) else { return false }
        }
        now.location = remote.location
        now.locationVersion = remote.locationVersion
        try index.setSynced(remote.id, now)
        // Bytes that were changed here are none of the hub's business; mode and times may be.
        let here = local.content.flatMap { $0.hasSameBytes(as: synced.content) ? $0 : nil } ?? synced.content
        if here != remote.content {
            guard try rewrite(local.entry, here, remote) else { return false }
        }
        try agreed(remote)
        return true
    }

    private mutating func move(_ entry: EntryID, _ remote: Node) throws -> Bool {
        guard let (parent, path) = try clearWay(to: remote.location, for: remote.id), var row = try index.local(entry),
            let from = try index.path(of: entry)
        else { return false }
        guard case .done(let status) = try tree.move(from, Known(row), to: path) else {
            if try folder.isBlocked(remote, in: parent, path) { return false }
            try lookAgainQuietly(row.parent)
            return try lookAgain(parent)
        }
        folder.touched.formUnion([from.parent, path.parent])
        row.parent = parent
        row.name = remote.name
        row.follow(status.stamp)
        try index.update(row)
        return true
    }

    private func rewrite(_ entry: EntryID, _ old: Content, _ remote: Node) throws -> Bool {
        guard var row = try index.local(entry), let path = try index.path(of: entry) else { return false }
        let known = Known(row)
        let placing: Placing
        switch remote.content {
        case .directory(let mode):
            placing = try tree.setAttributes(path, known, mode: mode, mtime: nil)
        case .symlink(let target, let mtime):
            guard try tree.remove(path, known) else { return try lookAgain(row.parent) }
            placing = try tree.makeSymlink(path, target: target, mtime: mtime)
            row.target = target
        case .file(let file) where remote.content.hasSameBytes(as: old):
            placing = try tree.setAttributes(path, known, mode: file.mode, mtime: file.mtime)
        case .file(let file):
            guard let staged = folder.staged[remote.id], staged.digest == file.digest else { return false }
            placing = try tree.replace(path, known, by: staged, as: file)
            row.digest = file.digest
        }
        guard case .done(let status) = placing else { return try lookAgain(row.parent) }
        placed(remote.id, at: path)
        if remote.content.hasSameBytes(as: old) { row.follow(status.stamp) } else { row.stamp = status.stamp }
        row.mode = folder.understood(status.mode, for: remote.content.mode)
        row.mean(remote.content)
        try index.update(row)
        return true
    }

    // MARK: - Gone there

    mutating func remove(_ entry: EntryID, _ remote: Node) throws -> Bool {
        guard let row = try index.local(entry), let path = try index.path(of: entry) else { return false }
        if row.kind == .directory {
            for child in try index.children(of: entry) {
                if let node = child.node { _ = try settle(node) }
            }
        }
        // The hub may not have its bytes any more.
        let isLastCopy = try index.isPurged(remote.id)
        guard
            try isLastCopy
                ? tree.trash(path, Known(row))
                : tree.remove(path, Known(row))
        else {
            if row.kind == .directory {
                if try folder.keepHollow(row, path) { return true }
                if try holdsOnlyOwn(row) {
                    try folder.part(entry)
                    return true
                }
                folder.receivingTroubles[remote.id] = "deleted elsewhere, but it still holds something here"
            }
            return try lookAgain(row.kind == .directory ? entry : row.parent)
        }
        folder.touched.insert(path.parent)
        folder.touched.remove(path)
        try index.removeLocal(entry)
        try index.forget(remote.id)
        folder.receivingTroubles[remote.id] = nil
        return true
    }

    /// Whether all that is left in a directory is this machine's own, and never sent.
    private func holdsOnlyOwn(_ row: LocalRow) throws -> Bool {
        guard index.mode == .receiveOnly else { return false }
        let children = try index.children(of: row.entry)
        return !children.isEmpty && children.allSatisfy { $0.node == nil }
    }

    // MARK: - The way

    /// The directory that something goes into, here and at its place, and its name free.
    /// - Returns: nil if that cannot be had yet.
    mutating func clearWay(
        to location: Location, for node: NodeID
    ) throws -> (parent: EntryID, path: RelativePath)? {
        if location.parent != .root { _ = try settle(location.parent) }
        if try folder.comesBack(location.parent) {
            try index.dropSynced(location.parent)
            _ = try settle(location.parent)
        }
        guard let parent = try index.local(of: location.parent), !parent.isVanished, parent.kind == .directory,
            let directory = try index.path(of: parent.entry)
        else { return nil }
        let path = directory.appending(location.name)
        guard let occupant = try index.child(of: parent.entry, named: location.name) else {
            return (parent.entry, path)
        }
        if occupant.node == node { return (parent.entry, path) }
        if occupant.isHollow { try folder.fill(occupant.entry) }
        guard let other = occupant.node else {
            // New here and not told yet: the hub decides first. Where nothing is told it gives way.
            return try folder.stepAside(occupant, path) ? (parent.entry, path) : nil
        }
        _ = try settle(other)
        guard let still = try index.child(of: parent.entry, named: location.name) else { return (parent.entry, path) }
        return try park(still, path) ? (parent.entry, path) : nil
    }

    /// Two nodes that want each other's place: one steps aside under a name of ours until its own place is free.
    private mutating func park(_ row: LocalRow, _ path: RelativePath) throws -> Bool {
        guard let node = row.node, visiting.contains(node) else { return false }
        let known = Known(row)
        var row = row
        row.name = ParkedName.make(row.name, row.entry)
        guard case .done(let status) = try tree.move(path, known, to: path.parent.appending(row.name))
        else {
            return try lookAgain(row.parent)
        }
        row.follow(status.stamp)
        try index.update(row)
        return true
    }

    /// The disk is not as the index has it.
    func lookAgain(_ directory: EntryID) throws -> Bool {
        try lookAgainQuietly(directory)
        return false
    }

    func lookAgainQuietly(_ directory: EntryID) throws {
        folder.look(into: directory, deep: false)
    }
}
