internal import Index
internal import SyncCore

/// The way up: what changed here, as operations for the hub.
extension Folder {
    /// The next commit; nil if nothing can be sent now. Settles on the way what needs nothing.
    /// - Parameters:
    ///   - operations: how many at most, about.
    ///   - bytes: how many bytes of content at most, about; one file may be larger.
    ///   - copied: how many bytes at most, about, the hub has to make from what it has. In portions, other machines take in the
    ///     first ones while it makes the next, and others' commits come between.
    package func nextCommit(
        operations limit: Int = 2_000, bytes: Int64 = 16 << 20, copied: Int64 = 128 << 20
    ) throws -> Commit? {
        guard hasLooked, try !index.isInflight else { return nil }
        // Its answer could speak of what the snapshot lacks.
        guard try index.snapshotAfter == nil else { return nil }
        // Who merges as if new hears first what the hub has, so that no bytes go there twice.
        guard try index.received >= index.hearsFirst else { return nil }
        try lookAgainAtTravelled()
        return try index.transaction {
            var ready = try readyToSend(limit: limit)
            // With one direction closed the first look may only have found what is what.
            if ready.isEmpty, index.mode != .twoWay { ready = try readyToSend(limit: limit) }
            try makeDurable()
            if ready.isEmpty, undone.isEmpty { return nil }
            var commit = try draft(
                try OperationOrder.order(ready, in: index, limit: limit), operations: limit, bytes: bytes,
                copied: copied)
            commit.announced = try announce(commit)
            return commit.items.isEmpty ? nil : commit
        }
    }

    /// The subjects that have something to say; those that have not are settled.
    func readyToSend(limit: Int) throws -> [SubjectKey] {
        var ready: [SubjectKey] = []
        undone = []
        var landings = Landings()
        var node = NodeID(0)
        var entry = EntryID(0)
        var looked = 0
        // The first look at a tree that nobody has read yet does not keep what can be sent.
        while ready.count < limit, ready.isEmpty || looked / 5 < limit {
            let page = try index.speaking(limit: 500, afterNode: node, afterEntry: entry)
            if page.isEmpty { break }
            looked += page.count
            for key in page {
                switch key {
                case .node(let id): node = max(node, id)
                case .entry(let id): entry = max(entry, id)
                }
                if case .node(let id) = key, try newcomer(id, &landings) != nil {
                    try index.setReceiving(id)
                } else if try settleOrSend(key) {
                    ready.append(key)
                }
            }
        }
        return ready
    }

    private func settleOrSend(_ key: SubjectKey) throws -> Bool {
        try recogniseChange(key)
        guard let subject = try index.subject(of: key) else {
            try index.markSettled(key)
            return false
        }
        if try passOver(key, subject) { return false }
        if index.overwrites, index.mode.sends, let local = subject.local, try takeName(local) { return false }
        switch subject.verdict {
        case .send(.create(let local, _)) where local.name.isReserved:
            // It was parked, and the hub has forgotten it: it needs a name before it can be told.
            if let path = try index.path(of: local.entry), let name = ParkedName.original(of: local.name),
                let row = try index.local(local.entry)
            {
                try unpark(path, name, Known(row))
                look(into: local.parent.entry, deep: false)
            }
        case .send(.create(let local, _)) where try takeName(local): break
        case .send(let sending):
            guard try isTravelling(sending) else { return true }
            try passOver(key, sending)
        case .settled: try settled(key, subject)
        case .forget: if let node = subject.node { try index.forget(node) }
        case .adopt(let state):
            guard let node = subject.node else { break }
            if try isTaken(subject, state) {
                try index.setReceiving(node)
                break
            }
            try index.setSynced(node, state)
            if let again = try index.subject(of: key), case .settled = again.verdict { try settled(key, again) }
        case .receive: if let node = subject.node { try index.setReceiving(node) }
        case .barred(.receiving(let receiving)):
            try index.setReceiving(receiving.node.id, isNoNews: isElsewhereOnly(receiving))
        case .barred: if let node = subject.node { try index.setReceiving(node) }
        case .ignored: if let node = subject.node { try index.setAside(node) } else { try index.markSettled(key) }
        // What the folder follows is decided on the way down.
        case .release(let local): if index.mode.sends { try part(local.entry) }
        // It comes back when it has been read: a million others do not slow down each commit.
        case .hash: try index.setTravelling(key)
        // The same: when the rules have been read.
        case .unruled: try index.setTravelling(key)
        case .settling, .discard: break
        }
        return false
    }

    /// The process died after it changed something on the disk and before it wrote that down: this was not its user.
    private func recogniseChange(_ key: SubjectKey) throws {
        guard case .node(let node) = key, let intent = try index.intent(of: node), let row = try index.local(of: node),
            !row.isVanished, let content = row.content, var state = try index.synced(node)
        else { return }
        if content == intent.content, intent.contentVersion > state.contentVersion {
            (state.content, state.contentVersion) = (intent.content, intent.contentVersion)
        }
        if row.name == intent.location.name, try index.local(row.parent)?.nodeForChildren == intent.location.parent,
            intent.locationVersion > state.locationVersion
        {
            (state.location, state.locationVersion) = (intent.location, intent.locationVersion)
        }
        try index.setSynced(node, state)
        try index.crossOut([node])
        try isAdopted(row)
    }

    private func settled(_ key: SubjectKey, _ subject: Subject) throws {
        try index.markSettled(key)
        // A directory that cannot be listed is in trouble, whatever the hub knows of itself; listing it ends that.
        if let local = subject.local, local.kind != .directory { try index.clearTrouble(of: local.entry) }
    }

    // MARK: - Drafting

    private func draft(
        _ sendings: [PlannedSending], operations most: Int, bytes limit: Int64, copied mostCopied: Int64
    ) throws -> Commit {
        var drafts: [Draft] = []
        var created: [EntryID: Int] = [:]
        var digests: Set<Digest> = []
        var bytes: Int64 = 0
        var copied: Int64 = 0
        for planned in sendings {
            // What is needed comes before what needs it, so any beginning can be sent by itself. One sending is two
            // operations at most.
            if bytes >= limit || copied >= mostCopied || drafts.count + 2 > most { break }
            switch planned.sending {
            case .create(var local, let content):
                if planned.makesDetour { local.name = detour(local) }
                created[local.entry] = drafts.count
                drafts.append(Draft(.create, entry: local.entry, local: local, content: content))
            case .change(let node, var local, let synced, let edit, let moves):
                if planned.makesDetour { local.name = detour(local) }
                // The move first: if the node was deleted at the hub, the move brings it back and the edit then finds
                // it.
                if moves { drafts.append(Draft(.move, entry: local.entry, node: node, local: local, synced: synced)) }
                if let edit {
                    drafts.append(
                        Draft(.edit, entry: local.entry, node: node, local: local, synced: synced, content: edit))
                }
            case .delete(let node, let synced):
                drafts.append(Draft(.delete, node: node, synced: synced))
            }
            // Extras travel in the request itself, where they take more room than they have bytes.
            if let extras = drafts.last?.content?.mode?.extras { bytes += Int64(8 * extras.size) }
            if let draft = drafts.last, let file = draft.content?.file {
                let isSent = try digests.insert(file.digest).inserted && !isKnown(file.digest)
                if isSent { bytes += file.size } else if draft.isAnotherContent { copied += file.size }
            }
        }
        for node in undone where drafts.count < most {
            guard let subject = try index.subject(of: .node(node)), let local = subject.local,
                let synced = subject.synced,
                let content = local.content
            else { continue }
            drafts.append(
                Draft(.edit, entry: local.entry, node: node, local: local, synced: synced, content: content))
        }
        return try number(drafts, created)
    }

    /// The name that something has at the hub for the moment between two commits.
    private func detour(_ local: LocalState) -> Name {
        ConflictName.mark(local.name, " (moving \(local.entry.rawValue))", keepsExtension: local.kind == .file)
    }

    private func number(_ drafts: [Draft], _ created: [EntryID: Int]) throws -> Commit {
        let generation = try index.generation
        let numbers = try index.takeNumbers(drafts.count)
        func parent(of draft: Draft) -> ParentReference? {
            guard let parent = draft.local?.parent else { return nil }
            if let node = parent.node { return .node(node) }
            return created[parent.entry].map {
                .created(by: OperationID(generation: generation, number: numbers.lowerBound + Int64($0)))
            }
        }
        var items: [Commit.Item] = []
        for (offset, draft) in drafts.enumerated() {
            let id = OperationID(generation: generation, number: numbers.lowerBound + Int64(offset))
            guard let change = draft.change(parent: parent(of: draft)) else { continue }
            items.append(try item(Operation(id: id, change: change), draft))
        }
        return Commit(items: items)
    }

    private func item(_ operation: Operation, _ draft: Draft) throws -> Commit.Item {
        let file = draft.content?.file
        let row = try draft.entry.flatMap { entry in file == nil ? nil : try index.local(entry) }
        let places = draft.verb == .create || draft.verb == .move
        return Commit.Item(
            operation: operation,
            inflight: Inflight(
                number: operation.id.number, verb: draft.verb, entry: draft.entry, node: draft.node,
                parent: places ? draft.local?.parent.entry : nil, name: places ? draft.local?.name : nil,
                content: draft.content),
            path: try row.flatMap { row in try index.path(of: row.entry) }, stamp: row?.stamp,
            isKnown: try file.map { file in try isKnown(file.digest) } ?? true,
            mustTravel: file.map { mustSend.contains($0.digest) } ?? false)
    }

    func isKnown(_ digest: Digest) throws -> Bool {
        try !mustSend.contains(digest) && index.isKnown(digest)
    }
}

/// One operation before it has a number.
private struct Draft {
    var verb: Inflight.Verb
    var entry: EntryID?
    var node: NodeID?
    var local: LocalState?
    var synced: SyncedState?
    var content: Content?

    init(
        _ verb: Inflight.Verb, entry: EntryID? = nil, node: NodeID? = nil, local: LocalState? = nil,
        synced: SyncedState? = nil, content: Content? = nil
    ) {
        self.verb = verb
        self.entry = entry
        self.node = node
        self.local = local
        self.synced = synced
        self.content = content
    }

    /// Not if a file only has another mode or time.
    var isAnotherContent: Bool { content?.file?.digest != synced?.content.file?.digest }

    /// Nil if the directory it goes into is not part of this commit and unknown to the hub: it waits for the next.
    func change(parent: ParentReference?) -> Change? {
        switch verb {
        case .create:
            guard let parent, let local, let content else { return nil }
            return .create(in: parent, name: local.name, content: content)
        case .edit:
            guard let node, let synced, let content else { return nil }
            return .edit(node, base: synced.contentVersion, content: content)
        case .move:
            guard let node, let synced, let local, let parent else { return nil }
            return .move(node, base: synced.locationVersion, to: parent, name: local.name)
        case .delete:
            guard let node, let synced else { return nil }
            return .delete(node, contentBase: synced.contentVersion, locationBase: synced.locationVersion)
        }
    }
}
