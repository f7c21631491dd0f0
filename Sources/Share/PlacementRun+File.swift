internal import FileTree
internal import Journal
internal import SyncCore

extension PlacementRun {
    // MARK: - Files and symlinks appear

    func file(_ path: RelativePath, _ content: FileContent, _ source: PlacementSource) throws {
        guard let item = try bytes(for: path, content, source) else { return }
        do {
            try put(item, as: .file(content), at: path)
            placer.onPlaced(path, content.digest)
        } catch {
            // Another copy is made the next time.
            if case .version = source { placer.drop(item) }
            throw error
        }
    }

    func symlink(_ path: RelativePath, _ target: [UInt8], _ mtime: Nanoseconds) throws {
        let item = try store.newSymlink(target: target, mtime: mtime)
        do { try put(item, as: .symlink(target: target, mtime: mtime), at: path) } catch {
            placer.drop(item)
            throw error
        }
    }

    /// Instead of what the journal knows, beside whatever else is there, or not at all where it lies already.
    private func put(_ item: Disk.Item, as wanted: Content, at path: RelativePath) throws {
        try repeatedly { attempt in
            // Where nothing is to be replaced the name is free but for strangers; placing itself finds those.
            if attempt == 0, placement.expected == nil, try appear(item, path) { return true }
            guard let status = try share.status(of: path) else { return try appear(item, path) }
            switch try lookIfWhole(at: path, status, wanted: wanted) {
            case .expected(let now):
                try refuseOpen(path)
                return try replace(path, by: item, expecting: now, attempt)
            case .alreadyThere(let now):
                guard try setAttributes(path, wanted, expecting: now, attempt) else { return false }
                try item.remove()
                return true
            case .stranger:
                try makeWay(path)
                return false
            }
        }
    }

    /// Under a name that is free.
    /// - Returns: whether it is done.
    private func appear(_ item: Disk.Item, _ path: RelativePath) throws -> Bool {
        guard case .placed(let status) = try withParents(of: path, { try share.placeNew(item, at: path) }) else {
            return false
        }
        note(status)
        return true
    }

    /// Instead of what the journal knows.
    /// - Returns: whether it is done.
    private func replace(
        _ path: RelativePath, by item: Disk.Item, expecting now: Fingerprint, _ attempt: Int
    ) throws -> Bool {
        try replace(path, by: item, expecting: now, attempt, andThen: putAway)
    }

    /// The same, with something else to be done with what was displaced.
    func replace(
        _ path: RelativePath, by item: Disk.Item, expecting now: Fingerprint, _ attempt: Int,
        andThen displace: (Disk.Item) throws -> Void
    ) throws -> Bool {
        switch try share.exchange(item, with: path, expecting: now) {
        case .placed(let status, let displaced):
            note(status)
            try letGo(displaced, path, displace)
            return true
        case .unexpected: return false
        case .busy:
            try pause(attempt)
            return false
        case .stranded(_, let stray):
            try placer.keep(stray, beside: path)
            throw PlacementWaits(description: "somebody changed the same place twice; it is looked at again")
        }
    }

    /// What came out goes where it belongs; if that fails it is remembered.
    private func letGo(_ item: Disk.Item, _ path: RelativePath, _ put: (Disk.Item) throws -> Void) throws {
        do { try put(item) } catch {
            placer.remember(item, beside: path, because: "\(error)")
            throw error
        }
    }

    /// What was displaced and is what the journal knew.
    private func putAway(_ item: Disk.Item) throws {
        guard let known = placement.expected?.content.file else { return try item.remove() }
        try placer.keep(item, known.digest)
    }

    // MARK: - Their bytes

    /// The private file to be placed, with the right attributes; nil when it was placed before.
    private func bytes(
        for path: RelativePath, _ content: FileContent, _ source: PlacementSource
    ) throws -> Disk.Item? {
        switch source {
        case .version:
            try refuseUnfinished(path)
            if isReplay, try isThere(path, content) { return nil }
            return try fromVersions(content)
        case .staged(let staged):
            guard let item = try store.staged(Name(staged.name)) else {
                return try placedBefore(path, content)
            }
            if isReplay {
                try refuseUnfinished(path)
                if try !verify(item, content, path) { return nil }
            }
            return try dressed(item, content)
        }
    }

    /// A start finds no private file: it was placed. If it is not there any more though it should be, and `versions/` has it,
    /// it comes back.
    private func placedBefore(_ path: RelativePath, _ content: FileContent) throws -> Disk.Item? {
        try noteVersion()
        guard let node = try placer.journal.node(placement.node), !node.isDeleted,
            try placer.journal.path(of: node.id) == path, try share.status(of: path) == nil
        else { return nil }
        return try store.hasVersion(content.digest) ? fromVersions(content) : nil
    }

    /// Whether a private file still is what was verified, and not what an exchange has put in its place. What was displaced
    /// is put away then, or gets a name again if nobody has taken it in.
    private func verify(_ item: Disk.Item, _ content: FileContent, _ path: RelativePath) throws -> Bool {
        if placer.verified[item.name] == item.status.fingerprint { return true }
        do {
            if item.status.kind == .file, try item.digest() == content.digest {
                placer.verified[item.name] = item.status.fingerprint
                return true
            }
        } catch let error as FileTreeError where error.reason == .denied {
            // Another user's: not what was verified.
        }
        try placer.keep(item, beside: path)
        return false
    }

    private func fromVersions(_ content: FileContent) throws -> Disk.Item {
        guard let copy = try store.copyOfVersion(content) else {
            throw PlacementWaits(description: "versions/ lacks \(content.digest); run `synchub check`")
        }
        return copy
    }

    private func isThere(_ path: RelativePath, _ content: FileContent) throws -> Bool {
        guard let status = try share.status(of: path), status.kind == .file, status.size == content.size,
            placer.others[placement.id] != status.fingerprint
        else { return false }
        let hashed = try share.hash(path)
        if hashed.digest == content.digest { return true }
        placer.others[placement.id] = hashed.fingerprint
        return false
    }

    /// Merged changes may have other attributes than those that came with the bytes.
    private func dressed(_ item: Disk.Item, _ content: FileContent) throws -> Disk.Item {
        if item.status.mode == content.mode, item.status.mtime == content.mtime { return item }
        guard let dressed = try store.dress(item, mode: content.mode, mtime: content.mtime) else {
            throw PlacementWaits(description: "a private file has vanished; run `synchub check`")
        }
        return dressed
    }

    // MARK: - Removal

    func remove(_ path: RelativePath) throws {
        if isReplay, try isAnothersByNow(path) { return try noteVersion() }
        if placement.expected?.content.isDirectory == true { return try removeDirectory(path) }
        try repeatedly { attempt in
            guard let status = try share.status(of: path) else {
                if isReplay { try noteVersion() }
                return true
            }
            guard case .expected(let now) = try lookIfWhole(at: path, status, wanted: nil) else {
                // An edit that nobody had seen wins over the deletion.
                try takeIn(path)
                return true
            }
            try refuseOpen(path)
            switch try share.takeAway(path, expecting: now) {
            case .taken(let item):
                try letGo(item, path, putAway)
                return true
            case .unexpected: return false
            case .busy:
                try pause(attempt)
                return false
            case .stranded(_, let stray):
                try placer.keep(stray, beside: path)
                return false
            }
        }
    }

    /// Whether the path is a live node's that was made there by hand: then this step was done before, and what lies there has to
    /// stay, be it the same bytes. What a placement is yet to bring, itself or a directory above it, does not lie there.
    private func isAnothersByNow(_ path: RelativePath) throws -> Bool {
        guard let live = try placer.journal.node(at: path), live.id != placement.node else { return false }
        var way: Set<NodeID> = [live.id]
        var directory = live.parent
        while directory != .root, way.insert(directory).inserted, let node = try placer.journal.node(directory) {
            directory = node.parent
        }
        return try !placer.journal.pendingPlacements().contains { way.contains($0.node) && $0.brings }
    }

    private func removeDirectory(_ path: RelativePath) throws {
        guard case .notEmpty = try share.removeDirectory(path) else { return }
        // What nobody has taken in yet keeps its directory.
        try takeInEntries(of: path, in: placement.node)
    }

    /// A start finds the step done: what it displaced may not have been written down.
    private func noteVersion() throws {
        guard let known = placement.expected?.content.file, try store.hasVersion(known.digest) else { return }
        placer.stored[known.digest] = known.size
    }
}
