internal import Index
package import SyncCore

/// What the hub answered. In each case `synced` becomes what this side had sent, with the versions that the hub gave, and `remote` what
/// the hub has now: where the two differ, the planner then sees something to receive.
extension Folder {
    /// Takes in all outcomes of the commit in flight, and forgets the commit.
    package func absorb(_ outcomes: [(number: Int64, outcome: Outcome)]) throws {
        try index.transaction {
            for (number, outcome) in outcomes {
                guard let sent = try index.inflight(number) else { continue }
                try absorb(outcome, of: sent)
            }
            try index.clearInflight(acknowledged: outcomes.map(\.number).max())
        }
    }

    /// The commit in flight was refused as a whole; what it said is planned anew.
    package func abandonCommit() throws {
        try index.clearInflight(acknowledged: nil)
    }

    private func absorb(_ outcome: Outcome, of sent: Inflight) throws {
        switch outcome {
        case .contentMissing:
            if let digest = sent.content?.file?.digest { mustSend.insert(digest) }
        case .applied(let node), .merged(let node):
            if let digest = sent.content?.file?.digest { mustSend.remove(digest) }
            try accepted(node, sent)
        case .conflict(let current, let copy):
            try index.setRemote(current)
            if sent.node == current.id { try unbind(current.id) }
            try accepted(copy, sent)
        case .refused(let reason, let current):
            try refused(reason, current, sent)
        }
    }

    // MARK: - Accepted

    private func accepted(_ node: Node, _ sent: Inflight) throws {
        switch sent.verb {
        case .delete:
            try deleted(node, sent)
        case .create:
            guard let entry = sent.entry, let content = sent.content else { return }
            let location = try sentLocation(sent) ?? node.location
            guard try bind(entry, to: node) else { return }
            try agree(node, location: location, content: content, node.contentVersion, node.locationVersion)
        case .edit:
            guard let entry = sent.entry, let id = sent.node, let content = sent.content else { return }
            let before = try index.synced(id)
            let location = try before?.location ?? here(entry) ?? node.location
            guard try bind(entry, to: node) else { return }
            let version = node.id == id ? before?.locationVersion ?? node.locationVersion : node.locationVersion
            try agree(node, location: location, content: content, node.contentVersion, version)
        case .move:
            guard let entry = sent.entry, let id = sent.node, let before = try index.synced(id) else { return }
            let location = try sentLocation(sent) ?? node.location
            guard try bind(entry, to: node) else { return }
            // A move that brought the node back gave its content a new version too.
            let version = node.content == before.content ? node.contentVersion : before.contentVersion
            try agree(node, location: location, content: before.content, version, node.locationVersion)
        }
    }

    private func agree(
        _ node: Node, location: Location, content: Content, _ contentVersion: Version, _ locationVersion: Version
    ) throws {
        try index.setRemote(node)
        try index.setSynced(
            node.id,
            SyncedState(
                location: location, content: content, contentVersion: contentVersion,
                locationVersion: locationVersion))
        // What the hub has may have been dropped as equal before `synced` was set to what this side has.
        guard try index.remote(node.id) == nil, let agreed = try index.synced(node.id) else { return }
        if agreed != SyncedState(node) { try index.setRemote(node) }
    }

    private func deleted(_ node: Node, _ sent: Inflight) throws {
        guard let id = sent.node else { return }
        // Somebody may have made it again here in the meantime: then it is a new one.
        if var row = try index.local(of: id) {
            row.node = nil
            try index.update(row)
        }
        try index.forget(id)
    }

    // MARK: - Refused

    private func refused(_ reason: Refusal, _ current: Node?, _ sent: Inflight) throws {
        if reason == .orphaned { return try orphaned(sent) }
        guard let id = sent.node else { return }
        guard reason != .unknown, let current else {
            try unbind(id)
            try index.forget(id)
            return
        }
        try index.setRemote(current)
        switch sent.verb {
        case .delete:
            // It stays: what the hub has counts as new here.
            try index.dropSynced(id)
            if try index.remote(id) == nil { try index.setRemote(current) }
        case .move:
            guard let before = try index.synced(id), let location = try sentLocation(sent) else { return }
            try agree(
                current, location: location, content: before.content, before.contentVersion,
                current.locationVersion)
        case .create, .edit:
            break
        }
    }

    /// The hub does not have the directory that something was to go into: if it had an id, the hub has forgotten it, and it
    /// is made again. Whatever was to go into it is planned again.
    private func orphaned(_ sent: Inflight) throws {
        guard let parent = sent.parent, parent != .root, let node = try index.local(parent)?.node else { return }
        try unbind(node)
        try index.forget(node)
    }

    // MARK: - Rows and nodes

    /// The entry no longer is this node; it will be sent as a new one.
    private func unbind(_ node: NodeID) throws {
        if var row = try index.local(of: node) {
            row.node = nil
            try index.update(row)
        }
        try index.dropSynced(node)
    }

    /// The entry is this node from now on.
    /// - Returns: false if another entry already is, so that this one had to give way.
    private func bind(_ entry: EntryID, to node: Node) throws -> Bool {
        if let other = try index.local(of: node.id), other.entry != entry {
            if let row = try index.local(entry) { try join(row, into: other) }
            return false
        }
        guard var row = try index.local(entry) else { return true }  // Deleted here since: the planner will tell the hub.
        let old = row.node
        row.node = node.id
        try index.update(row)
        try index.markSettled(.entry(entry))
        if let old, old != node.id { try index.dropSynced(old) }
        return true
    }

    /// Somebody moved a node to a name, and here the same was made under that name: two entries for one node. The newer one gives
    /// way, and the node's move then takes its place. Its bytes are the node's own; a directory hands over what is in it.
    private func join(_ row: LocalRow, into other: LocalRow) throws {
        guard let path = try index.path(of: row.entry), let target = try index.path(of: other.entry) else { return }
        if row.kind == .directory {
            for child in try index.children(of: row.entry) where try index.child(of: other.entry, named: child.name) == nil {
                let from = path.appending(child.name)
                guard case .done(let status)? = try? tree.move(from, having: child.stamp, to: target.appending(child.name))
                else { continue }
                var moved = child
                moved.parent = other.entry
                moved.stamp = status.stamp
                try index.update(moved)
            }
        }
        if (try? tree.remove(path, kind: row.kind, having: row.stamp)) == true { try index.removeLocal(row.entry) }
    }

    /// Where a creation or move said that the entry is.
    private func sentLocation(_ sent: Inflight) throws -> Location? {
        guard let parent = sent.parent, let name = sent.name else { return nil }
        let node: NodeID? = parent == .root ? .root : try index.local(parent)?.node
        return node.map { Location(parent: $0, name: name) }
    }

    private func here(_ entry: EntryID) throws -> Location? {
        guard let row = try index.local(entry) else { return nil }
        let node: NodeID? = row.parent == .root ? .root : try index.local(row.parent)?.node
        return node.map { Location(parent: $0, name: row.name) }
    }
}
