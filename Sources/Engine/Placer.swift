internal import Index
internal import SyncCore

/// Places one node, and before it whatever it depends on: the directory it goes into, and whoever has its name.
struct Placer<Tree: LocalTree> {
    let folder: Folder<Tree>
    var visiting: Set<NodeID> = []

    init(folder: Folder<Tree>) { self.folder = folder }

    var index: FolderIndex { folder.index }
    var tree: Tree { folder.tree }

    /// - Returns: true if the node was brought to where and what the hub has.
    mutating func settle(_ node: NodeID) throws -> Bool {
        let before = try index.local(of: node)
        guard try settleAlone(node) else { return false }
        // What came, went or moved may be rules, or be where others hold.
        for row in [before, try index.local(of: node)].compactMap(\.self) {
            if row.name == IgnoreList.fileName { try folder.noticeRules(in: row.parent) }
            if row.kind == .directory, let before, before.name != row.name || before.parent != row.parent {
                try folder.rulesMoved(with: row.entry)
            }
        }
        return true
    }

    private mutating func settleAlone(_ node: NodeID) throws -> Bool {
        guard node != .root, visiting.insert(node).inserted else { return false }
        defer { visiting.remove(node) }
        guard let subject = try index.subject(of: .node(node)), case .receive(let receiving) = subject.verdict
        else { return false }
        return try attempting(node, subject.local?.parent.entry, subject.remote?.parent) { placer in
            switch receiving {
            case .make(let remote): return try placer.make(remote)
            case .change(let local, let synced, let remote): return try placer.change(local, synced, remote)
            case .remove(let local, _, let remote): return try placer.remove(local.entry, remote)
            }
        }
    }

    /// What goes wrong with one node keeps no other away.
    /// - Parameters:
    ///   - directory: in which it lies.
    ///   - remote: in which it is to lie.
    private mutating func attempting(
        _ node: NodeID, _ directory: EntryID?, _ remote: NodeID?, _ body: (inout Placer) throws -> Bool
    ) throws -> Bool {
        do { return try body(&self) } catch let problem as DiskProblem where problem.cause == .notFound {
            // Its user has moved something on the way, or what was fetched is gone: the next look tells, or the next fetch.
            if let staged = folder.staged.removeValue(forKey: node) { tree.discard(staged) }
            if let directory { try lookAgainQuietly(directory) }
            if let parent = try remote.flatMap({ try index.local(of: $0) }) { try lookAgainQuietly(parent.entry) }
            return false
        } catch let problem as DiskProblem {
            folder.receivingTroubles[node] = problem.description
            return false
        }
    }

    // MARK: - New here

    /// The short way of ``settle(_:)`` for what is new, with nothing in its way.
    mutating func settle(_ arrival: Arrival) throws -> Bool {
        let (remote, directory) = (arrival.node, arrival.directory)
        return try attempting(remote.id, nil, remote.parent) { placer in
            let (folder, path) = (placer.folder, arrival.path)
            guard let file = remote.content.file, let staged = folder.staged[remote.id], staged.digest == file.digest
            else { return false }
            guard case .done(let status) = try folder.tree.place(staged, as: file, at: path) else {
                if try folder.isBlocked(remote, in: directory.entry, path) { return false }
                return try placer.lookAgain(directory.entry)
            }
            placer.placed(remote.id, at: path)
            folder.justPlaced.note(directory.entry, remote.name, path, status)
            try folder.index.settleArrival(remote, in: directory.entry, stamp: status.stamp, mode: status.mode)
            folder.receivingTroubles[remote.id] = nil
            return true
        }
    }

    mutating func make(_ remote: Node) throws -> Bool {
        // What this side has just created comes with the changes too: until the answer is here it cannot be told from
        // what others made, and its user may have deleted it since.
        guard try !index.isInflight else { return false }
        if remote.content.isDirectory, try takeOver(remote) || takeHollow(remote) { return true }
        if let isUnited = try folder.unite(remote) {
            if isUnited { return true }
            // It steps aside when the bytes are here, and not before it is known to be something else.
            guard hasBytes(remote), try !isUnknown(remote) else { return false }
        }
        guard let (parent, path) = try clearWay(to: remote.location, for: remote.id) else { return false }
        let placing: Placing
        switch remote.content {
        case .directory(let mode):
            placing = try tree.makeDirectory(path, mode: mode)
        case .symlink(let target, let mtime):
            placing = try tree.makeSymlink(path, target: target, mtime: mtime)
        case .file(let file):
            guard let staged = folder.staged[remote.id], staged.digest == file.digest else { return false }
            placing = try tree.place(staged, as: file, at: path)
        }
        guard case .done(let status) = placing else {
            return try folder.isBlocked(remote, in: parent, path) ? false : lookAgain(parent)
        }
        placed(remote.id, at: path)
        let entry = try index.insertLocal(
            parent: parent, name: remote.name, kind: remote.content.kind, stamp: status.stamp,
            mode: folder.understood(status.mode, for: remote.content.mode), digest: remote.content.file?.digest,
            target: target(of: remote.content))
        if remote.content.file != nil { folder.justPlaced.note(parent, remote.name, path, status) }
        try become(entry, remote)
        if remote.content.isDirectory { folder.look(into: entry, deep: false) }
        return true
    }

    private func hasBytes(_ remote: Node) -> Bool {
        guard let file = remote.content.file else { return true }
        return folder.staged[remote.id]?.digest == file.digest
    }

    /// Whether what lies at its place has not been read yet.
    private func isUnknown(_ remote: Node) throws -> Bool {
        guard let parent = try index.local(of: remote.parent),
            let row = try index.child(of: parent.entry, named: remote.name)
        else { return false }
        return row.content == nil
    }

    /// A directory that was deleted and made again elsewhere: the one that lies here becomes the new one, with all that
    /// is in it and may have changed here, instead of waiting to become empty.
    private mutating func takeOver(_ remote: Node) throws -> Bool {
        if remote.parent != .root { _ = try settle(remote.parent) }
        guard let parent = try index.local(of: remote.parent), !parent.isVanished,
            var row = try index.child(of: parent.entry, named: remote.name), row.kind == .directory, let old = row.node,
            old != remote.id, try index.remote(old)?.isDeleted == true, let agreed = try index.synced(old)
        else { return false }
        for child in try index.syncedChildren(of: old) {
            guard var state = try index.synced(child) else { continue }
            state.location.parent = remote.id
            try index.setSynced(child, state)
        }
        row.node = remote.id
        try index.update(row)
        try index.forget(old)
        try index.setSynced(
            remote.id,
            SyncedState(
                location: remote.location, content: agreed.content, contentVersion: remote.contentVersion,
                locationVersion: remote.locationVersion))
        _ = try settle(remote.id)
        return true
    }

    /// A directory that was left here for the ignored things in it, and is made again by others.
    private mutating func takeHollow(_ remote: Node) throws -> Bool {
        guard let parent = try index.local(of: remote.parent), !parent.isVanished,
            let row = try index.child(of: parent.entry, named: remote.name), row.isHollow, row.node == nil
        else { return false }
        guard try folder.adoptHollow(row, as: remote) else { return false }
        _ = try settle(remote.id)
        return true
    }

    func placed(_ node: NodeID, at path: RelativePath) {
        folder.touched.insert(path.parent)
        if let staged = folder.staged.removeValue(forKey: node), !staged.isDurable { folder.touchedBytes = true }
    }

    private func become(_ entry: EntryID, _ remote: Node) throws {
        if var row = try index.local(entry) {
            row.node = remote.id
            row.mean(remote.content)
            try index.update(row)
            try index.markSettled(.entry(entry))
        }
        try agreed(remote)
    }

    func agreed(_ remote: Node) throws {
        var remote = remote
        if let row = try index.local(of: remote.id) { remote = try index.fillUnsaid(remote, from: row.mode) }
        try index.setSynced(remote.id, SyncedState(remote))
        folder.receivingTroubles[remote.id] = nil
        try index.markSettled(.node(remote.id))
        // What the file system did not keep exactly (a mode that the umask or the file system changed) shows as a
        // difference now.
        if let again = try index.subject(of: .node(remote.id)), again.verdict != .settled {
            try index.markUnsettled(.node(remote.id))
        }
    }

    func target(of content: Content) -> [UInt8] {
        if case .symlink(let target, _) = content { target } else { [] }
    }
}
