import FileTree
import Journal
import Share
import SyncCore

/// Takes in what somebody did in the share, as the hub's watcher does it, without events and threads: each look is one at
/// everything. What a name is to the journal is the hub's own decision (``ShareDifference``), and so is what becomes of it.
final class ShareWatch {
    fileprivate struct Spot: Hashable {
        var directory: NodeID
        var name: Name
    }

    fileprivate struct Deed {
        var spot: Spot
        var change: Change
        var status: FileStatus?
    }

    private let placer: Placer<MemoryShare>
    /// Files that were read, and are not taken in yet.
    private var hashed: [(spot: Spot, file: HashedFile)] = []
    private var vanished: Set<NodeID> = []

    private var disk: MemoryShare { placer.store }
    private var journal: Journal { placer.journal }

    init(_ placer: Placer<MemoryShare>) { self.placer = placer }

    /// Something was seen that is not taken in yet.
    var waits: Bool { !hashed.isEmpty || !vanished.isEmpty }

    // MARK: - Looking

    /// Looks at everything: directories and moves are taken in, files are read.
    func look() throws {
        hashed = []
        vanished = []
        guard disk.tree.isMounted else { return }
        try list(.root, .top)
        if !hashed.isEmpty { try disk.sync() }
    }

    private func list(_ directory: NodeID, _ path: RelativePath) throws {
        let entries: [DirectoryEntry]
        do { entries = try disk.list(path) } catch let error as FileTreeError where error.meansAbsence { return }
        var known: [Name: Node] = [:]
        for node in try journal.children(of: directory) { known[node.name] = node }
        for entry in entries where !entry.name.isReserved {
            known[entry.name] = nil
            try examine(Spot(directory: directory, name: entry.name), path.appending(entry.name))
        }
        for name in known.keys.sorted() { try examine(Spot(directory: directory, name: name), path.appending(name)) }
    }

    private func examine(_ spot: Spot, _ path: RelativePath) throws {
        if placer.isWaiting(at: path) { return }
        let status = try disk.status(of: path)
        let node = try journal.child(of: spot.directory, named: spot.name)
        let difference = ShareDifference.between(node, placed: try node.flatMap { try placed($0.id) }, status)
        switch (difference, node, status) {
        case (.none, let node?, _): if node.content.isDirectory { try list(node.id, path) }
        case (.vanished, let node?, _), (.replaced, let node?, _): vanished.insert(node.id)
        case (.directory(let isOther, let mode), let node?, let status?):
            if isOther { placer.placed[node.id] = Placed(status) }
            if let mode { try commit([.edit(node, spot, .directory(mode), status)]) }
            try list(node.id, path)
        case (.touched, let node?, let status?): try read(spot, path, status, node)
        case (.appeared(let kind), _, let status?): try appear(kind, spot, path, status)
        default: break
        }
    }

    private func read(_ spot: Spot, _ path: RelativePath, _ status: FileStatus, _ node: Node?) throws {
        if node?.content.kind ?? status.kind.node == .symlink {
            let content = Content.symlink(target: try disk.readLink(path), mtime: status.mtime)
            guard let node else { return _ = try commit([.create(spot, content, status)]) }
            if content != node.content { return _ = try commit([.edit(node, spot, content, status)]) }
            return placer.placed[node.id] = Placed(status)
        }
        // A program is writing it.
        if disk.isWriterActive(path) != false { return }
        do { hashed.append((spot, try disk.hash(path))) } catch let error as FileTreeError where error.meansAbsence {}
    }

    private func appear(_ kind: NodeKind, _ spot: Spot, _ path: RelativePath, _ status: FileStatus) throws {
        if let node = try origin(of: status, into: spot) {
            try move(node, to: spot, status)
            return try examine(spot, path)
        }
        if kind != .directory { return try read(spot, path, status, nil) }
        if let made = try commit([.create(spot, .directory(status.mode), status)]).first ?? nil {
            try list(made.id, path)
        }
    }

    // MARK: - Taking in

    /// What was read counts if it still is what lies there.
    func take() throws {
        let taken = hashed
        hashed = []
        for (spot, file) in taken {
            guard let path = try path(of: spot), let status = try disk.status(of: path),
                status.fingerprint == file.fingerprint, disk.isWriterActive(path) == false,
                !placer.isWaiting(at: path)
            else { continue }
            let content = Content.file(file.content)
            guard let node = try journal.child(of: spot.directory, named: spot.name) else {
                if let node = try origin(of: status, into: spot) {
                    try move(node, to: spot, status)
                } else {
                    try commit([.create(spot, content, status)])
                }
                continue
            }
            guard node.content.kind == .file else { continue }
            if content == node.content {
                placer.placed[node.id] = Placed(status)
            } else {
                try commit([.edit(node, spot, content, status)])
            }
        }
    }

    /// What has vanished and turned up nowhere was deleted.
    func conclude() throws {
        try look()
        // Absence is not deletion (DESIGN §4.8).
        guard disk.tree.isMounted else { return }
        let elsewhere = Set(hashed.map(\.file.fingerprint.identity))
        var deeds: [Deed] = []
        var seen: Set<NodeID> = []
        for id in vanished.sorted() {
            guard let node = try journal.node(id), !node.isDeleted, let path = try journal.path(of: id),
                try disk.status(of: path)?.kind.node != node.content.kind, !placer.isWaiting(at: path)
            else { continue }
            _ = try collect(node, elsewhere, &seen, &deeds)
        }
        try commit(deeds)
        vanished = []
    }

    /// Takes in everything that can be.
    func lookAndTake() throws {
        try look()
        try take()
    }

    /// Deletions of a node and of all below it, deepest first; false if something of it may be elsewhere.
    private func collect(
        _ node: Node, _ elsewhere: Set<FileIdentity>, _ seen: inout Set<NodeID>, _ deeds: inout [Deed]
    ) throws -> Bool {
        if !seen.insert(node.id).inserted { return true }
        var isWhole = true
        for child in try node.content.isDirectory ? journal.children(of: node.id) : [] {
            if try !collect(child, elsewhere, &seen, &deeds) { isWhole = false }
        }
        if isWhole, let placed = try placed(node.id), elsewhere.contains(placed.identity) { isWhole = false }
        guard isWhole else {
            seen.remove(node.id)
            return false
        }
        let change = Change.delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion)
        deeds.append(
            Deed(spot: Spot(directory: node.parent, name: node.name), change: change, status: nil))
        return true
    }

    @discardableResult
    private func commit(_ deeds: [Deed]) throws -> [Node?] {
        if deeds.isEmpty { return [] }
        for deed in deeds { if let node = deed.change.node { placer.placed[node] = nil } }
        let outcomes: [Outcome]
        do {
            outcomes = try placer.commitShare { next in deeds.map { Operation(id: next(), change: $0.change) } }
        } catch is InvalidOperation where deeds.count > 1 {
            return try deeds.flatMap { try commit([$0]) }
        } catch {
            // What cannot be done now comes again with the next look.
            if error is HubCrash || error is JournalError || error is InvalidOperation { throw error }
            return []
        }
        return zip(deeds, outcomes).map { deed, outcome in
            if case .delete = deed.change { return outcome.node }
            guard let node = outcome.node else { return nil }
            if let status = deed.status, placer.placed[node.id] == nil { placer.placed[node.id] = Placed(status) }
            return node
        }
    }

    // MARK: - Which node

    private func origin(of status: FileStatus, into spot: Spot) throws -> Node? {
        var candidates = try journal.nodes(device: status.device, inode: status.inode)
        for (id, placed) in placer.placed.sorted(by: { $0.key < $1.key }) where placed.identity == status.identity {
            guard !candidates.contains(where: { $0.id == id }), let node = try journal.node(id), !node.isDeleted else {
                continue
            }
            candidates.append(node)
        }
        return try candidates.first { node in
            guard let placed = try placed(node.id), ShareDifference.isSame(node, placed, status),
                let path = try journal.path(of: node.id), !placer.isWaiting(at: path)
            else { return false }
            return try disk.status(of: path)?.kind.node != node.content.kind && !isInside(spot.directory, node.id)
        }
    }

    private func move(_ node: Node, to spot: Spot, _ status: FileStatus) throws {
        let change = Change.move(node.id, base: node.locationVersion, to: .node(spot.directory), name: spot.name)
        try commit([Deed(spot: spot, change: change, status: node.content.isDirectory ? status : nil)])
        vanished.remove(node.id)
    }

    private func isInside(_ directory: NodeID, _ ancestor: NodeID) throws -> Bool {
        var current = directory
        while current != .root {
            if current == ancestor { return true }
            guard let node = try journal.node(current) else { return false }
            current = node.parent
        }
        return false
    }

    private func path(of spot: Spot) throws -> RelativePath? {
        if spot.directory == .root { return RelativePath([spot.name]) }
        guard let parent = try journal.node(spot.directory), !parent.isDeleted else { return nil }
        return try journal.path(of: parent.id)?.appending(spot.name)
    }

    private func placed(_ node: NodeID) throws -> Placed? { try placer.placed[node] ?? journal.placed(node) }
}

extension ShareWatch.Deed {
    static func create(_ spot: ShareWatch.Spot, _ content: Content, _ status: FileStatus) -> Self {
        Self(
            spot: spot, change: .create(in: .node(spot.directory), name: spot.name, content: content), status: status)
    }

    static func edit(_ node: Node, _ spot: ShareWatch.Spot, _ content: Content, _ status: FileStatus) -> Self {
        Self(spot: spot, change: .edit(node.id, base: node.contentVersion, content: content), status: status)
    }
}
