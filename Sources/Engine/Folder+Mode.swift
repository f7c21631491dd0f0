internal import Index
internal import SyncCore

/// In whose name something steps aside: stands in conflict names that are made here.
package struct Aside: Hashable, Sendable {
    /// Such as `2026-11-21`, for the reader only.
    package var date: String
    /// Of this machine.
    package var client: String

    package init(date: String, client: String) {
        self.date = date
        self.client = client
    }
}

extension Folder {
    /// Called once everything has been looked at: what is on the disk is known. Where the mode is another one than at the
    /// last look, what the old one held back is decided anew. A change of mode by itself deletes nothing, here or there: a
    /// deletion that was not let through is forgotten, and what only one side has counts as new there.
    func enterMode() throws {
        let last = try index.lastMode
        if last == index.mode { return }
        try index.transaction {
            if let last {
                if !last.sendsDeletions { for node in try index.deletedHere() { try index.dropSynced(node) } }
                if !last.receives {
                    for entry in try index.deletedThere() { try part(entry) }
                }
            }
            try index.reconsider()
            try index.rememberMode()
        }
    }

    /// From now on the side that is not the source is made equal to it, as long as this engine lives. Not for two-way mode.
    package func overwrite() throws {
        index.overwrites = index.mode != .twoWay
        try index.reconsider()
    }

    /// An entry and its node part: what lies here is something that the hub does not know.
    func part(_ entry: EntryID) throws {
        guard var row = try index.local(entry), let node = row.node else { return }
        row.node = nil
        try index.update(row)
        if try index.remote(node)?.isDeleted == true { try index.forget(node) } else { try index.dropSynced(node) }
    }

    // MARK: - The source

    /// Identity stays with the name: what lies here at a place where the hub has a node of this kind that lies nowhere here
    /// is that node. Where deletions do not go up, the file that was deleted and made again is an edit and no conflict; and
    /// what is to overwrite the hub takes the names that it has here.
    /// - Returns: true if the entry is that node now.
    func takeName(_ local: LocalState) throws -> Bool {
        guard case .sendOnly(let deletes) = index.mode, index.overwrites || !deletes, let parent = local.parent.node,
            let there = try index.hubNode(at: Location(parent: parent, name: local.name)),
            there.content.kind == local.kind, try index.local(of: there.id) == nil,
            try index.overwrites || index.synced(there.id) != nil, var row = try index.local(local.entry)
        else { return false }
        let old = row.node
        row.node = there.id
        try index.update(row)
        try index.markSettled(.entry(row.entry))
        if index.overwrites { try index.setSynced(there.id, SyncedState(there)) }
        if let old { try index.markUnsettled(.node(old)) }
        return true
    }

    /// Whether the hub has something else where this lies, which is not to be deleted: going there would only give it
    /// another conflict name each time.
    func isTaken(_ subject: Subject, _ state: SyncedState) throws -> Bool {
        guard index.overwrites, index.mode == .sendOnly(deletes: false), let local = subject.local,
            let parent = local.parent.node
        else { return false }
        let place = Location(parent: parent, name: local.name)
        guard place != state.location, let there = try index.hubNode(at: place) else { return false }
        return there.id != subject.node
    }

    // MARK: - The follower

    /// What was changed on both sides: both stay, each as its own.
    func partAll(_ nodes: [NodeID]) throws {
        guard index.mode == .receiveOnly else { return }
        try index.transaction {
            for node in nodes {
                guard let verdict = try index.subject(of: .node(node))?.verdict else { continue }
                switch verdict {
                case .release(let local): try part(local.entry)
                case .discard(let local):
                    if try discard(local.entry) { try index.reconsider() }
                default: break
                }
            }
        }
    }

    /// Everything that is only here goes into the trash, when the folder is being made equal to the hub.
    /// - Returns: how many entries went.
    func discardAll() throws -> Int {
        guard index.overwrites, index.mode == .receiveOnly, hasLooked, tree.isPresent() else { return 0 }
        var count = 0
        var after = EntryID(0)
        try index.transaction {
            while true {
                let page = try index.unsettledEntries(limit: 500, after: after)
                guard let last = page.last else { break }
                after = last
                for entry in page {
                    guard case .discard? = try index.subject(of: .entry(entry))?.verdict else { continue }
                    if try discard(entry) { count += 1 }
                }
            }
            try makeDurable()
        }
        return count
    }

    /// Into the trash, with everything below it that is only here.
    /// - Returns: false if it could not go, or holds what the hub knows.
    private func discard(_ entry: EntryID) throws -> Bool {
        guard let row = try index.local(entry), let path = try index.path(of: entry) else { return false }
        for child in row.kind == .directory ? try index.children(of: entry) : [] where child.node == nil {
            _ = try discard(child.entry)
        }
        do {
            guard try tree.trash(path, Known(row)) else {
                look(into: row.kind == .directory ? entry : row.parent, deep: false)
                return false
            }
        } catch let problem as DiskProblem {
            try trouble(path, entry, problem.description)
            return false
        }
        touched.insert(path.parent)
        touched.remove(path)
        let node = row.node
        try index.removeLocal(entry)
        // The hub's comes in its place.
        if let node { try index.dropSynced(node) }
        return true
    }

    /// What is only here gives the name up that the hub's node wants: it goes beside it, under a conflict name, and is never
    /// sent.
    /// - Returns: whether the name is free.
    func stepAside(_ row: LocalRow, _ path: RelativePath) throws -> Bool {
        guard index.mode == .receiveOnly, !index.settling.contains(row.entry) else { return false }
        var row = row
        let original = row.name
        for attempt in 1...1_000 {
            row.name = ConflictName.make(
                from: original, keepsExtension: row.kind != .directory, date: aside.date, client: aside.client,
                attempt: attempt)
            let beside = path.parent.appending(row.name)
            guard try index.child(of: row.parent, named: row.name) == nil, try tree.status(of: beside) == nil else {
                continue
            }
            guard case .done(let status) = try tree.move(path, Known(row), to: beside) else {
                look(into: row.parent, deep: false)
                return false
            }
            touched.insert(path.parent)
            row.follow(status.stamp)
            try index.update(row)
            return true
        }
        return false
    }

    /// The hub's node turns out to be what lies here already, under its name and unknown to the hub: they become one.
    /// - Returns: nil if nothing that the hub does not know lies there; whether they are one now.
    func unite(_ remote: Node) throws -> Bool? {
        guard index.mode == .receiveOnly, let parent = try index.local(of: remote.parent),
            var row = try index.child(of: parent.entry, named: remote.name), row.node == nil
        else { return nil }
        guard let content = row.content, content.hasSameBytes(as: remote.content), !index.settling.contains(row.entry)
        else { return false }
        row.node = remote.id
        try index.update(row)
        try index.markSettled(.entry(row.entry))
        try index.setSynced(
            remote.id,
            SyncedState(
                location: remote.location, content: content, contentVersion: remote.contentVersion,
                locationVersion: remote.locationVersion))
        return true
    }

    /// Whether a place that somebody wants can be had, once the bytes are here: what the hub does not know steps aside when
    /// it is known to be something else.
    func canStepAside(_ row: LocalRow, for node: Node) -> Bool {
        index.mode == .receiveOnly && row.content.map { !$0.hasSameBytes(as: node.content) } ?? false
    }

    /// Whether a directory that is not here was deleted here, and comes back for what is to go into it.
    func comesBack(_ directory: NodeID) throws -> Bool {
        try index.mode == .receiveOnly && index.synced(directory) != nil && index.local(of: directory) == nil
    }
}
