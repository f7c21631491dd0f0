internal import Index
package import SyncCore

/// Bytes that have to be fetched before a node can be placed.
package struct Fetch: Hashable, Sendable {
    /// Whose bytes they are.
    package var node: NodeID
    /// What they have to be.
    package var file: FileContent
    /// Where the hub has it, below the share.
    package var path: RelativePath

    package init(node: NodeID, file: FileContent, path: RelativePath) {
        self.node = node
        self.file = file
        self.path = path
    }
}

/// The way down: what the hub has and is not here yet, onto the disk.
extension Folder {
    /// Contents to fetch, at most `limit`, without those that are here already.
    /// - Parameter sizes: only of files of these.
    package func fetches(
        limit: Int, except: Set<NodeID> = [], sizes: Range<Int64> = 0..<Int64.max
    ) throws -> [Fetch] {
        if !index.mode.receives { return [] }
        var found: [Fetch] = []
        var after = NodeID(0)
        var landings = Landings()
        while found.count < limit {
            let page = try index.unsettledNodes(limit: 500, after: after, below: sizes.upperBound)
            guard let last = page.last else { break }
            after = last
            for node in page where !except.contains(node) {
                if let fetch = try fetch(for: node, &landings), sizes.contains(fetch.file.size) { found.append(fetch) }
                if found.count == limit { break }
            }
        }
        return found
    }

    /// Contents of large files to fetch, the first ones in the order in which they go, at most `limit`.
    /// - Parameters:
    ///   - sizes: in bytes, from where large begins.
    ///   - fits: whether it may be this one.
    ///   - looks: at most so many are looked at; what may be found behind them is left out.
    package func largeFetches(
        limit: Int, sizes: Range<Int64>, looks: Int = .max, where fits: (Fetch) -> Bool = { _ in true }
    ) throws -> [Fetch] {
        if !index.mode.receives { return [] }
        // There the hub may have to give again what was agreed.
        if index.overwrites {
            let all = try fetches(limit: 10_000, sizes: sizes).filter(fits)
            let sorted = all.sorted { LargeOrder.precedes($0.file, $0.node.rawValue, $1.file, $1.node.rawValue) }
            return Array(sorted.prefix(limit))
        }
        var found: [Fetch] = []
        var looked = 0
        var landings = Landings()
        while looked < looks {
            let page = try index.largeArrivals(sizes: sizes, limit: min(64, looks - looked), offset: looked)
            if page.isEmpty { break }
            looked += page.count
            for node in page {
                guard let fetch = try fetch(for: node, &landings), fits(fetch) else { continue }
                found.append(fetch)
                if found.count == limit { return found }
            }
        }
        return found
    }

    /// Whether a node waits for these bytes.
    package func isToCome(_ digest: Digest) throws -> Bool { try index.overwrites || index.isToCome(digest) }

    /// Those of some nodes whose bytes are to be fetched.
    package func fetches(of nodes: [NodeID]) throws -> [Fetch] {
        if !index.mode.receives { return [] }
        var landings = Landings()
        return try nodes.compactMap { try fetch(for: $0, &landings) }
    }

    /// The bytes that some nodes have to get and that are not here; also of those whose directory has not come yet.
    package func awaited(_ nodes: [NodeID]) throws -> [NodeID: FileContent] {
        if !index.mode.receives { return [:] }
        var landings = Landings()
        var found: [NodeID: FileContent] = [:]
        for node in nodes {
            if let fetch = try fetch(for: node, &landings) {
                found[node] = fetch.file
            } else if staged[node] == nil, let new = try newcomer(node, &landings),
                try index.local(of: new.parent) == nil
            {
                found[node] = new.content.file
            }
        }
        return found
    }

    /// Whether these bytes are still what a node has to get.
    package func wants(_ fetch: Fetch) throws -> Bool {
        var landings = Landings()
        return try self.fetch(for: fetch.node, &landings)?.file.digest == fetch.file.digest
    }

    private func fetch(for node: NodeID, _ landings: inout Landings) throws -> Fetch? {
        if let arrival = try arrival(node, &landings), let file = arrival.node.content.file {
            if staged[node]?.digest == file.digest { return nil }
            return Fetch(node: node, file: file, path: arrival.directory.remotePath.appending(arrival.node.name))
        }
        guard let subject = try index.subject(of: .node(node)), let file = wantedFile(subject.verdict),
            staged[node]?.digest != file.digest, let path = try index.remotePath(of: node)
        else { return nil }
        if case .receive(.make(let new)) = subject.verdict, try !hasRoom(for: new) { return nil }
        return Fetch(node: node, file: file, path: path)
    }

    /// Without its directory nothing can be placed; and where something stands that the hub does not know yet, the hub
    /// decides first. Very often it is the same: this client's own creation, heard of before the commit was answered.
    private func hasRoom(for node: Node) throws -> Bool {
        guard let parent = try index.local(of: node.parent) else { return try comesBack(node.parent) }
        guard let occupant = try index.child(of: parent.entry, named: node.name) else { return true }
        return occupant.node != nil || canStepAside(occupant, for: node)
    }

    private func wantedFile(_ verdict: Verdict) -> FileContent? {
        switch verdict {
        case .receive(.make(let node)): node.content.file
        case .receive(.change(_, let synced, let node)):
            node.content.hasSameBytes(as: synced.content) ? nil : node.content.file
        default: nil
        }
    }

    /// Verified bytes have arrived for a node.
    package func absorb(_ content: StagedContent, for node: NodeID) {
        if let old = staged.updateValue(content, forKey: node) { tree.discard(old) }
        receivingTroubles[node] = nil
    }

    /// Verified bytes that wait to be placed, of any node.
    package func waiting(_ digest: Digest) -> StagedContent? { staged.values.first { $0.digest == digest } }

    /// Those of some nodes whose bytes are here and wait for their place. Bytes that the hub has no more for them are dropped.
    package func waiting(among nodes: Set<NodeID>) throws -> Set<NodeID> {
        try nodes.filter { node in
            guard let content = staged[node] else { return false }
            if let remote = try index.remote(node), !remote.isDeleted, remote.content.file?.digest == content.digest {
                return true
            }
            staged[node] = nil
            tree.discard(content)
            return false
        }
    }

    /// What was fetched is not there any more, or is not known to be: it is fetched again.
    package func forgetStaged() { staged = [:] }

    /// Brings everything onto the disk that can be now. What waits for bytes, for its directory or for a name stays.
    /// - Returns: how many nodes were placed.
    @discardableResult
    package func placeAll() throws -> Int {
        // Where nothing comes down there is nothing to look for.
        if !index.mode.receives { return 0 }
        var placed = try discardAll()
        var after = NodeID(0)
        while true {
            let page = try index.unsettledNodes(limit: 500, after: after)
            guard let last = page.last else { return placed }
            after = last
            var landings = Landings()
            placed += try place(only: page.filter { try !onlyWaitsForBytes($0, &landings) })
        }
    }

    /// The same for some nodes, such as those whose bytes have just arrived.
    package func place(only nodes: [NodeID]) throws -> Int {
        // What is not its own disk is not written to, and what lies there from before a crash must be known first.
        guard hasLooked, tree.isPresent() else { return 0 }
        if nodes.isEmpty { return 0 }
        try partAll(nodes)
        let arrivals = try arrivals(among: nodes)
        let intents = try intents(of: nodes, arrivals)
        if !intents.isEmpty { try index.intend(intents) }
        do {
            let count = try index.transaction {
                let count = try place(nodes, arrivals)
                try index.crossOut(intents.map(\.id))
                return count
            }
            if !intents.isEmpty { try index.countIntents() }
            return count
        } catch {
            // What was placed is on the disk, and the index (it may be full) does not say so: as after a crash, a look at
            // everything finds what was intended, and does not take it for the user's.
            hasLooked = false
            mustLookAtEverything = true
            throw error
        }
    }

    /// What placing these nodes may bring onto the disk: themselves, the directories that they need, and who is in
    /// their way.
    private func intents(of nodes: [NodeID], _ arrivals: [NodeID: Arrival]) throws -> [Node] {
        var found = arrivals.mapValues(\.node)
        var queue = nodes.filter { arrivals[$0] == nil }
        while let node = queue.popLast() {
            guard node != .root, found[node] == nil, let subject = try index.subject(of: .node(node)) else { continue }
            let remote: Node
            switch subject.verdict {
            case .receive(.make(let node)), .receive(.change(_, _, let node)): remote = node
            default: continue
            }
            if let file = wantedFile(subject.verdict), staged[node]?.digest != file.digest, subject.local == nil {
                continue
            }
            found[node] = remote
            queue.append(remote.parent)
            if let parent = try index.local(of: remote.parent),
                let occupant = try index.child(of: parent.entry, named: remote.name)?.node
            {
                queue.append(occupant)
            }
        }
        return found.values.sorted { $0.id < $1.id }
    }

    /// Those of some nodes that are plain arrivals, with their bytes.
    private func arrivals(among nodes: [NodeID]) throws -> [NodeID: Arrival] {
        var found: [NodeID: Arrival] = [:]
        if try index.isInflight { return found }
        var landings = Landings()
        for node in nodes {
            guard let staged = staged[node], let arrival = try arrival(node, &landings),
                staged.digest == arrival.node.content.file?.digest
            else { continue }
            found[node] = arrival
        }
        return found
    }

    private func place(_ nodes: [NodeID], _ arrivals: [NodeID: Arrival]) throws -> Int {
        var placed = 0
        // What was asked about directories holds until something else than an arrival has been moved.
        var holds = true
        for node in nodes {
            var placer = Placer(folder: self)
            if holds, let arrival = arrivals[node] {
                if try placer.settle(arrival) { placed += 1 }
            } else if try placer.settle(node) {
                placed += 1
                holds = false
            }
        }
        try makeDurable()
        return placed
    }

    /// Before the index may say that something lies, or does not lie, on the disk.
    func makeDurable() throws {
        guard !touched.isEmpty || touchedBytes else { return }
        try tree.makeDurable(touched, everything: touchedBytes)
        touched = []
        touchedBytes = false
    }
}

/// Places one node, and before it whatever it depends on: the directory it goes into, and whoever has its name.
private struct Placer<Tree: LocalTree> {
    let folder: Folder<Tree>
    private var visiting: Set<NodeID> = []

    init(folder: Folder<Tree>) { self.folder = folder }

    private var index: FolderIndex { folder.index }
    private var tree: Tree { folder.tree }

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

    private mutating func make(_ remote: Node) throws -> Bool {
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

    private func placed(_ node: NodeID, at path: RelativePath) {
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

    private func agreed(_ remote: Node) throws {
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

    private func target(of content: Content) -> [UInt8] {
        if case .symlink(let target, _) = content { target } else { [] }
    }

    // MARK: - Here, but different

    private mutating func change(_ local: LocalState, _ synced: SyncedState, _ remote: Node) throws -> Bool {
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

    private mutating func remove(_ entry: EntryID, _ remote: Node) throws -> Bool {
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
    private mutating func clearWay(
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
    private func lookAgain(_ directory: EntryID) throws -> Bool {
        try lookAgainQuietly(directory)
        return false
    }

    private func lookAgainQuietly(_ directory: EntryID) throws {
        folder.look(into: directory, deep: false)
    }
}
