internal import Index
package import SyncCore

// A name that is ignored is passed over: nothing of it is known, watched or sent. What the hub knows stays on each side as
// it is, until no rule ignores it any more.
extension Folder {
    /// The rule by which a path would be ignored here, whether there is anything or not; nil if none is.
    package func ignoring(at path: RelativePath, isDirectory: Bool) throws -> IgnoreMatch? {
        try RuleCache<EntryID>.match(
            at: path, isDirectory: isDirectory, from: .root, child: { try index.child(of: $0, named: $1)?.entry },
            rules: rules(of:))
    }

    /// Whether what happens to a name is of no interest: a rule ignores it, and nothing is known of it.
    package func passesOver(_ name: Name, in directory: EntryID) throws -> Bool {
        try rules(of: directory).ignores(name) && index.child(of: directory, named: name) == nil
    }

    /// Whether a rule ignores a subject, where it lies or is to lie.
    func isIgnored(_ subject: Subject) throws -> Bool {
        if subject.local?.isHollow == true { return true }
        guard let match = try match(subject) else { return false }
        if match.isDepth { hasDepths = true }
        return true
    }

    func match(_ subject: Subject) throws -> IgnoreMatch? {
        if let local = subject.local {
            return try rules(of: local.parent.entry).match(local.name, isDirectory: local.kind == .directory)
        }
        guard let location = subject.remote?.location ?? subject.synced?.location else { return nil }
        let kind = subject.remote?.content.kind ?? subject.synced?.content.kind
        return try rules(ofNode: location.parent)?.match(location.name, isDirectory: kind == .directory)
    }

    func rules(of directory: EntryID) throws -> DirectoryRules {
        if let known = rules[directory] { return known }
        let found: DirectoryRules
        if directory == .root {
            let file = try readRules(directory, .top)
            found = .top(file: file, machine: rules.machine, above: namesAbove, isUnread: unread[directory] != nil)
        } else if let row = try index.local(directory) {
            let above = try rules(of: row.parent)
            let bare = above.entering(row.name, file: nil)
            if bare.excluded != nil {
                found = bare
            } else {
                let file = try index.path(of: directory).flatMap { try readRules(directory, $0) }
                found = above.entering(row.name, file: file, isUnread: unread[directory] != nil)
            }
        } else {
            found = try rules(of: .root)
        }
        rules.keep(found, of: directory)
        return found
    }

    /// Of a directory that may not be here yet; nil if nothing is known of it.
    func rules(ofNode directory: NodeID) throws -> DirectoryRules? {
        if let row = try index.local(of: directory) { return try rules(of: row.entry) }
        guard let location = try index.remote(directory)?.location ?? index.synced(directory)?.location else {
            return nil
        }
        return try rules(ofNode: location.parent)?.entering(location.name, file: nil)
    }

    /// As they were when they were last noticed. A file that nobody has noticed yet holds from now on, so everything below
    /// is looked at.
    private func readRules(_ directory: EntryID, _ path: RelativePath) throws -> IgnoreList? {
        if let known = rules.lists[directory] { return known }
        if unread[directory] != nil { return nil }
        switch try rulesOnDisk(path) {
        case .success(let found?):
            // One that was there and for which there was no room is as it was.
            if rules.keep(found, in: directory) { look(into: directory, deep: true) }
            return found
        case .success(nil):
            // One that was there and for which there was no room has gone since, which is noticed when it is tried again.
            if rules.hasList(in: directory) { unread[directory] = "it has just gone" }
        case .failure(let problem): unread[directory] = problem.description
        }
        return nil
    }

    /// Nil if there is none.
    private func rulesOnDisk(_ directory: RelativePath) throws -> Result<IgnoreList?, DiskProblem> {
        do {
            let bytes = try tree.readFile(directory.appending(IgnoreList.fileName), limit: IgnoreList.sizeLimit + 1)
            return .success(bytes.map { IgnoreList($0, origin: .file) })
        } catch let problem as DiskProblem {
            return problem.cause == .notFound ? .success(nil) : .failure(problem)
        }
    }

    // MARK: - Rules that change

    /// Looks at the `.syncignore` of a directory: if it says something else than before, everything below is looked at.
    /// - Parameter isDeep: that is about to happen.
    func noticeRules(in directory: EntryID, isDeep: Bool = false) throws {
        guard let path = try index.path(of: directory) else {
            if try index.local(directory) == nil { try needNotRead(directory) }
            return
        }
        switch try rulesOnDisk(path) {
        case .failure(let problem): try cannotRead(directory, problem)
        case .success(let list):
            let wasUnread = unread[directory] != nil
            guard rules.notice(list, in: directory) || wasUnread else { return }
            // While this fails it counts as unread, and is tried again.
            try index.bringBackAside()
            if !isDeep { look(into: directory, deep: true) }
            if wasUnread { try isReadable(directory) }
        }
    }

    func rulesChanged(below directory: EntryID) throws {
        rules.forgetPlaces()
        try index.bringBackAside()
        look(into: directory, deep: true)
    }

    /// A directory lies elsewhere now: other rules may hold for what is in it.
    func rulesMoved(with directory: EntryID) throws {
        rules.forgetPlaces()
        if rules.machine != nil || !rules.isEmpty || !unread.isEmpty || hasDepths { try rulesChanged(below: directory) }
        guard hasDepths else { return }
        // What was too deep says so again, by the path that it has now, or is so no more.
        hasDepths = false
        for trouble in try index.troubles() where trouble.reason == TreeLimits.reason {
            try index.endTrouble(at: trouble.path)
            if let directory = trouble.directory { look(into: directory, deep: false) }
        }
    }

    /// The folder is a part of the share, with so many names above it: what is deep in it may be too deep there.
    package func lies(below names: Int) throws {
        if names == namesAbove { return }
        namesAbove = names
        try rulesChanged(below: .root)
    }

    /// Lists that say more than holds.
    func excesses() throws -> [Pending] {
        try rules.excesses.compactMap { directory, reason in
            try index.path(of: directory).map {
                Pending(
                    path: $0.appending(IgnoreList.fileName), isUp: true, bytes: 0, reason: reason, isSkipped: true)
            }
        }
    }

    /// What had to wait for the answer to a commit.
    func lookAtWaitingRules() {
        for directory in rulesWaiting { look(into: directory, deep: true) }
        rulesWaiting = []
    }

    /// What the hub knows and a rule ignores, where it is not the same here and there.
    func ignored(limit: Int) throws -> [Pending] {
        try index.aside(limit: limit).compactMap { node in
            guard let subject = try index.subject(of: .node(node)), let match = try match(subject),
                let path = try subject.local.flatMap({ try index.path(of: $0.entry) }) ?? index.remotePath(of: node)
            else { return nil }
            let isUp = subject.local != nil && subject.synced?.content != subject.local?.content
            let there = subject.remote.flatMap { $0.isDeleted ? nil : $0.content.size } ?? 0
            // What is ignored is not hashed, so that its size is known from its status only.
            let here = try subject.local.flatMap { try size(of: $0) } ?? 0
            return Pending(path: path, isUp: isUp, bytes: isUp ? here : there, reason: "\(match)", isSkipped: true)
        }
    }

    /// Of a file that lies here, as the disk has it now.
    private func size(of local: LocalState) throws -> Int64? {
        guard local.kind == .file, let path = try index.path(of: local.entry) else { return nil }
        return try? tree.status(of: path)?.stamp.size
    }

    // MARK: - On the disk

    /// A name that is ignored was seen. What the hub does not know of it is forgotten; what it knows stays as it was.
    func passOver(_ known: LocalRow?, _ path: RelativePath, _ kind: NodeKind?, _ match: IgnoreMatch? = nil) throws {
        try index.clearTrouble(at: path)
        if let match, match.isDepth {
            hasDepths = true
            try trouble(path, nil, "\(match)", skipped: true)
        }
        guard let known else { return }
        if known.kind != kind { return try index.update(known.vanished) }
        guard known.node == nil else { return }
        // The answer may be that the hub knows it from now on.
        if try index.isInflight {
            rulesWaiting.insert(known.parent)
        } else {
            try index.removeLocal(known.entry)
        }
    }

    /// What vanished here while it was ignored was not deleted for the others: it counts as never had.
    func forgetIgnored(in row: LocalRow) throws -> [NodeID] {
        var found: [NodeID] = []
        var queue = [row]
        while let next = queue.popLast() {
            if let node = next.node,
                try rules(of: next.parent).match(next.name, isDirectory: next.kind == .directory) != nil
            {
                found.append(node)
            }
            if next.kind == .directory { queue += try index.children(of: next.entry) }
        }
        return found
    }

    // MARK: - Hollow directories

    /// A directory that the hub does not know is not sent while ignored things are all that it holds; an empty one is.
    func noteWhetherHollow(_ directory: EntryID, _ entries: [(name: Name, status: DiskStatus)]) throws {
        guard var row = try index.local(directory), directory != .root, row.node == nil || row.isHollow else { return }
        let isHollow = try row.node == nil && holdsOnlyIgnored(directory, entries)
        guard try isHollow != row.isHollow && (unread.isEmpty || !isUnruled(directory)) else { return }
        row.isHollow = isHollow
        try index.update(row)
        guard isHollow, row.parent != .root, let parent = try index.local(row.parent), parent.node == nil else {
            return
        }
        look(into: row.parent, deep: false)
    }

    func holdsOnlyIgnored(_ directory: EntryID, _ entries: [(name: Name, status: DiskStatus)]) throws -> Bool {
        let rules = try rules(of: directory)
        return try !entries.isEmpty
            && entries.allSatisfy { entry in
                if rules.match(entry.name, isDirectory: entry.status.kind == .node(.directory)) != nil { return true }
                return try index.child(of: directory, named: entry.name)?.isHollow == true
            }
    }

    /// Something that is to be sent came into a directory: it and those above it are sent, too.
    func fill(_ directory: EntryID) throws {
        guard directory != .root, var row = try index.local(directory), row.isHollow else { return }
        row.isHollow = false
        try index.update(row)
        try fill(row.parent)
    }

    /// A directory was deleted elsewhere, and ignored things are all that is left of it here: they stay, and so does the
    /// directory, as something that the hub does not know.
    /// - Returns: false if there is something else in it.
    func keepHollow(_ row: LocalRow, _ path: RelativePath) throws -> Bool {
        guard try holdsOnlyIgnored(row.entry, tree.list(path)), try unread.isEmpty || !isUnruled(row.entry) else {
            return false
        }
        for child in try index.children(of: row.entry) where !child.isHollow {
            if child.node != nil { try part(child.entry) }
            try index.removeLocal(child.entry)
        }
        try part(row.entry)
        guard var row = try index.local(row.entry) else { return true }
        row.isHollow = true
        try index.update(row)
        return true
    }

    /// The hub has something where a hollow directory lies: a directory is that one; before anything else the hub is told
    /// of it, and decides.
    /// - Returns: whether it is the hub's node now.
    func adoptHollow(_ row: LocalRow, as remote: Node) throws -> Bool {
        guard remote.content.isDirectory else {
            try fill(row.entry)
            return false
        }
        var row = row
        row.isHollow = false
        row.node = remote.id
        try index.update(row)
        try index.markSettled(.entry(row.entry))
        var state = SyncedState(remote)
        state.content = row.content ?? remote.content
        try index.setSynced(remote.id, state)
        return true
    }
}

extension LocalRow {
    /// The same, not found at its place.
    fileprivate var vanished: LocalRow {
        var row = self
        row.isVanished = true
        return row
    }
}
