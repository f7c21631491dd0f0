internal import Index
package import SyncCore

/// What the hub answered. In each case `synced` becomes what this side had sent, with the versions that the hub gave,
/// and `remote` what the hub has now: where the two differ, the planner then sees something to receive.
extension Folder {
    /// Takes in all outcomes of the commit in flight, and forgets the commit.
    /// - Parameters:
    ///   - head: the hub's `seq` when it answered.
    ///   - chain: its history's chain value there.
    package func absorb(
        _ outcomes: [(number: Int64, outcome: Outcome)], head: Sequence = .zero, chain: String? = nil
    ) throws {
        commitTrouble = nil
        told = []
        try index.transaction {
            try index.see(head, chain: chain)
            for (number, outcome) in outcomes {
                guard let sent = try index.inflight(number) else { continue }
                try index.dropHeld(before: sent)
                try absorb(outcome, of: sent, isOvertaken: index.received > head)
            }
            try index.clearInflight(acknowledged: outcomes.map(\.number).max())
            try index.follow(told, to: head, chain: chain)
            lookAtWaitingRules()
        }
    }

    /// The commit in flight was refused as a whole; what it said is planned anew.
    package func abandonCommit() throws {
        commitTrouble = nil
        try index.clearInflight(acknowledged: nil)
    }

    /// - Parameter isOvertaken: whether this side has heard of what came after the answer.
    func absorb(_ outcome: Outcome, of sent: Inflight, isOvertaken: Bool) throws {
        switch outcome {
        case .contentMissing:
            if let digest = sent.content?.file?.digest { mustSend.insert(digest) }
        case .applied(let node), .merged(let node):
            if let digest = sent.content?.file?.digest { mustSend.remove(digest) }
            countSent(sent)
            try accepted(node, sent, before: try sent.node.flatMap { try index.synced($0) })
        case .conflict(let current, let copy):
            countSent(sent)
            let before = try sent.node.flatMap { try index.synced($0) }
            try index.setRemote(current)
            if sent.node == current.id { try unbind(current.id) }
            try accepted(copy, sent, before: before)
        case .refused(let reason, let current):
            if reason == .orphaned { return try orphaned(sent, isOvertaken: isOvertaken) }
            try refused(reason, current, sent)
        case .held(let batch):
            try index.hold(sent.number, batch: batch)
        }
    }

    // MARK: - Accepted

    /// - Parameter before: what was agreed about the node that was sent.
    private func accepted(_ node: Node, _ sent: Inflight, before: SyncedState?) throws {
        if sent.verb == .delete { return try deleted(node, sent) }
        guard let entry = sent.entry, sent.verb != .move || before != nil else { return }
        // Unless it was sent, its place is where it was agreed to be; without that (an operation before this one was
        // refused) it is where the hub has it, and the planner sees that it is elsewhere here.
        let location = try sentLocation(sent) ?? (sent.parent == nil ? before?.location : nil) ?? node.location
        guard try bind(entry, to: node, sent) else { return }
        var state = SyncedState(node)
        state.location = location
        if let content = sent.content ?? before?.content { state.content = content }
        if sent.verb == .edit, node.id == sent.node, let before { state.locationVersion = before.locationVersion }
        // What was merged has bytes that this side has not seen yet: an edit made here since started from the older ones.
        if sent.verb == .edit, node.id == sent.node, let before, !node.content.hasSameBytes(as: state.content) {
            state.contentVersion = before.contentVersion
        }
        // A move that brought the node back gave its content a new version too.
        if sent.verb == .move, let before, node.content != before.content {
            state.contentVersion = before.contentVersion
        }
        try index.agree(node, state)
        told.insert(node.seq)
    }

    private func deleted(_ node: Node, _ sent: Inflight) throws {
        guard let id = sent.node else { return }
        try index.setRemote(node)
        // Somebody has brought it back since, and this side has heard of it already: it counts as new here.
        guard let now = try index.remote(id), now.isDeleted else { return try index.dropSynced(id) }
        // Somebody may have made it again here in the meantime: then it is a new one.
        if var row = try index.local(of: id) {
            row.node = nil
            try index.update(row)
        }
        try index.forget(id)
    }

    // MARK: - Refused

    private func refused(_ reason: Refusal, _ current: Node?, _ sent: Inflight) throws {
        guard let id = sent.node else {
            if reason == .tooDeep { try wasTooDeep(sent) }
            return
        }
        guard reason != .unknown, let current else {
            try unbind(id, isForgotten: true)
            try index.forget(id)
            return
        }
        // It is gone since, and forgotten: a snapshot tells of what is gone only by not having it.
        guard try index.remote(id) != nil || index.synced(id) != nil || index.local(of: id) != nil else { return }
        try index.setRemote(current)
        switch sent.verb {
        case .delete:
            // It stays: what the hub has counts as new here.
            try index.dropSynced(id)
            if try index.remote(id) == nil { try index.setRemote(current) }
        case .move:
            guard let before = try index.synced(id), let location = try sentLocation(sent) else { return }
            try index.agree(
                current,
                SyncedState(
                    location: location, content: before.content, contentVersion: before.contentVersion,
                    locationVersion: current.locationVersion))
        case .edit where reason == .rejected:
            // As if it had been agreed: what the hub has is then something to receive. But nobody here has seen that yet: an
            // edit made since started from the version that the rejected one started from.
            guard let before = try index.synced(id), let content = sent.content else { return }
            try index.agree(
                current,
                SyncedState(
                    location: before.location, content: content, contentVersion: before.contentVersion,
                    locationVersion: before.locationVersion))
        case .create, .edit:
            break
        }
    }

    /// Something new would lie too deep at the hub, and does not here.
    private func wasTooDeep(_ sent: Inflight) throws {
        guard let entry = sent.entry, let path = try index.path(of: entry) else { return }
        // The part of the share that this folder is lies deeper than was known.
        if namesAbove > 0 { return try lies(below: max(namesAbove, TreeLimits.names - path.names.count)) }
        // A directory above it lies elsewhere by now. It is told of, and looked at again when this side hears of that.
        hasDepths = true
        try index.removeLocal(entry)
        try trouble(path, nil, TreeLimits.reason, skipped: true)
    }

    /// The hub does not have the directory that something was to go into: if it had an id, the hub has forgotten it,
    /// and it is made again. Whatever was to go into it is planned again. Where the answer was overtaken, the directory may be
    /// another node by now, or be back in the part of the share that this side sees: no page would tell of that a second time.
    private func orphaned(_ sent: Inflight, isOvertaken: Bool) throws {
        guard let parent = sent.parent, parent != .root, let row = try index.local(parent) else { return }
        guard let node = row.node else { return try dropAlias(row) }
        if isOvertaken, try index.remote(node)?.isDeleted != true { return }
        try unbind(node, isForgotten: true)
        try index.forget(node)
    }

    private func dropAlias(_ row: LocalRow) throws {
        var row = row
        row.alias = nil
        try index.update(row)
    }

    // MARK: - Rows and nodes

    /// The entry no longer is this node; it will be sent as a new one.
    private func unbind(_ node: NodeID, isForgotten: Bool = false) throws {
        if var row = try index.local(of: node) {
            row.node = nil
            if isForgotten, row.kind == .directory { row.former = node }
            try index.update(row)
        }
        try index.dropSynced(node)
    }

    /// The entry is this node from now on.
    /// - Returns: false if another entry already is, so that this one had to give way.
    private func bind(_ entry: EntryID, to node: Node, _ sent: Inflight) throws -> Bool {
        if let other = try index.local(of: node.id), other.entry != entry {
            // Nothing may be moved or removed here where nothing comes down, nothing can take the place of what it is in, and
            // bytes that only this one has left must not go: the name decides, the other is sent as new.
            guard index.mode.receives, try !isInside(other, entry), try !isOnlyHere(node, entry, not: other) else {
                try unbind(node.id)
                return try bind(entry, to: node, sent)
            }
            if let row = try index.local(entry) { try join(row, into: other, node, sent) }
            return false
        }
        // Deleted here since: the planner will tell the hub.
        guard var row = try index.local(entry) else { return true }
        let old = row.node
        row.node = node.id
        row.alias = nil
        try index.update(row)
        try index.markSettled(.entry(entry))
        if let old, old != node.id { try index.dropSynced(old) }
        return true
    }

    /// Whether an entry has the bytes of a node, and the other one was changed since.
    private func isOnlyHere(_ node: Node, _ entry: EntryID, not other: LocalRow) throws -> Bool {
        guard node.content.kind == .file, let mine = try index.local(entry)?.content else { return false }
        return mine.hasSameBytes(as: node.content) && other.content?.hasSameBytes(as: node.content) != true
    }

    private func isInside(_ row: LocalRow, _ directory: EntryID) throws -> Bool {
        var row = row
        while row.parent != directory {
            guard row.parent != .root, let parent = try index.local(row.parent) else { return false }
            row = parent
        }
        return true
    }

    /// Somebody moved a node to a name, and here the same was made under that name: two entries for one node. The newer
    /// one gives way, and the node's move then takes its place. Its bytes are the node's own, unless it was changed
    /// since it was sent: then it is sent anew. A directory hands over what is in it; what it cannot hand over, since a
    /// name is taken there, is told to the hub as if it were there, and the hub decides.
    private func join(_ row: LocalRow, into other: LocalRow, _ node: Node, _ sent: Inflight) throws {
        var row = row
        if let old = row.node {
            row.node = nil
            try index.update(row)
            try index.dropSynced(old)
        }
        guard let path = try index.path(of: row.entry), let target = try index.path(of: other.entry) else { return }
        if row.kind == .directory {
            row.alias = node.id
            try index.update(row)
            try handOver(row, path, to: other, target)
        } else if row.content.flatMap({ mine in sent.content.map(mine.hasSameBytes) }) != true {
            return
        }
        if (try? tree.remove(path, Known(row))) == true {
            touched.insert(path.parent)
            try index.removeLocal(row.entry)
        }
    }

    private func handOver(_ row: LocalRow, _ path: RelativePath, to other: LocalRow, _ target: RelativePath) throws {
        for child in try index.children(of: row.entry) {
            try index.markUnsettled(child.node.map(SubjectKey.node) ?? .entry(child.entry))
            guard try index.child(of: other.entry, named: child.name) == nil else { continue }
            let from = path.appending(child.name)
            guard case .done(let status)? = try? tree.move(from, Known(child), to: target.appending(child.name))
            else { continue }
            touched.formUnion([path, target])
            var moved = child
            moved.parent = other.entry
            moved.follow(status.stamp)
            try index.update(moved)
        }
    }

    /// Where a creation or move said that the entry is.
    private func sentLocation(_ sent: Inflight) throws -> Location? {
        guard let parent = sent.parent, let name = sent.name else { return nil }
        return try index.local(parent)?.nodeForChildren.map { Location(parent: $0, name: name) }
    }
}
