internal import SQLite
package import SyncCore

extension FolderIndex: ThreeTrees {
    /// Nil when there is neither such an entry nor such a node.
    package func subject(of key: SubjectKey) throws -> Subject? {
        switch key {
        case .entry(let entry):
            guard let row = try local(entry) else { return nil }
            if let node = row.node { return try subject(of: .node(node)) }
            return try ruled(
                Subject(
                    node: nil, local: try state(row), synced: nil, remote: nil, mode: mode, overwrites: overwrites))
        case .node(let node):
            if node == .root { return nil }
            let row = try local(of: node)
            let local = try row.map { row in try state(row) }
            let synced = try synced(node)
            return try ruled(
                Subject(
                    node: node, local: local, synced: synced, remote: try remote(node) ?? synced.map { $0.node(node) },
                    mode: mode, overwrites: overwrites))
        }
    }

    /// See ``ThreeTrees/waits(_:)``.
    package func waits(_ sending: Verdict.Sending) throws -> Bool { try travels(sending) }

    private func ruled(_ subject: Subject) throws -> Subject {
        var subject = subject
        subject.isIgnored = try ignores(subject)
        subject.unruled = try unruled(subject)
        return subject
    }

    /// See ``ThreeTrees/syncedNode(at:)``.
    package func syncedNode(at location: Location) throws -> NodeID? {
        try database.first(
            "SELECT node FROM synced WHERE parent = ? AND name = ?", location.parent.rawValue, location.name.bytes
        ) { row in NodeID(try row.int64(0)) }
    }

    /// By id.
    package func syncedChildren(of directory: NodeID) throws -> [NodeID] {
        try database.query("SELECT node FROM synced WHERE parent = ? ORDER BY node", directory.rawValue) { row in
            NodeID(try row.int64(0))
        }
    }

    /// Nil when nothing was agreed about the node.
    package func syncedParent(of node: NodeID) throws -> NodeID? {
        try database.first("SELECT parent FROM synced WHERE node = ?", node.rawValue) { row in NodeID(try row.int64(0))
        }
    }

    private func state(_ row: LocalRow) throws -> LocalState {
        return LocalState(
            entry: row.entry, parent: try parent(row.parent),
            name: row.name, kind: row.kind,
            content: row.content,
            isSettled: !row.isVanished && !settling.contains(row.entry) && !heldBack.contains(row.entry),
            isHollow: row.isHollow)
    }

    /// What is in a directory belongs to its ``LocalRow/nodeForChildren``.
    private func parent(_ entry: EntryID) throws -> LocalParent {
        if entry == .root { return LocalParent(entry: entry, node: .root, former: nil) }
        let parent = try database.first(
            "SELECT ifnull(node, alias), former FROM local WHERE entry = ?", entry.rawValue
        ) { row in
            LocalParent(
                entry: entry, node: try row.optionalInt64(0).map { NodeID($0) },
                former: try row.optionalInt64(1).map { NodeID($0) })
        }
        return parent ?? LocalParent(entry: entry, node: nil, former: nil)
    }

    // MARK: - Synced

    /// What was agreed about a node; nil if nothing was.
    package func synced(_ node: NodeID) throws -> SyncedState? {
        try database.first(
            """
            SELECT parent, name, content_version, location_version, kind, size, mtime, mode, sha256, target,
                extras
            FROM synced WHERE node = ?
            """, node.rawValue
        ) { row in
            SyncedState(
                location: Location(parent: NodeID(try row.int64(0)), name: try Name(try row.blob(1))),
                content: try ContentColumns.content(row, from: 4), contentVersion: Version(try row.int64(2)),
                locationVersion: Version(try row.int64(3)))
        }
    }

    /// Hub and disk agree on this. Drops the hub's word from `remote` if it says the same.
    package func setSynced(_ node: NodeID, _ state: SyncedState) throws {
        try writeSynced(node, state)
        if let remote = try remote(node), !remote.isDeleted, SyncedState(remote) == state {
            try database.execute("DELETE FROM remote WHERE node = ?", node.rawValue)
        }
        try markUnsettled(.node(node))
    }

    func writeSynced(_ node: NodeID, _ state: SyncedState) throws {
        let content = ContentColumns(state.content)
        try database.execute(
            """
            INSERT OR REPLACE INTO synced
                (node, parent, name, content_version, location_version, kind, size, mtime, mode, sha256, target,
                extras)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            bindings: [
                node.rawValue, state.location.parent.rawValue, state.location.name.bytes,
                state.contentVersion.rawValue, state.locationVersion.rawValue,
            ] + content.bindings)
    }

    /// Nothing is agreed about the node any more; what the hub says about it counts as new here.
    package func dropSynced(_ node: NodeID) throws {
        // What the hub says must outlive what was agreed, or the node would be forgotten with it.
        if try remote(node) == nil, let state = try synced(node) { try writeRemote(state.node(node)) }
        try database.execute("DELETE FROM synced WHERE node = ?", node.rawValue)
        try markUnsettled(.node(node))
    }

    /// The node is gone here and there. Its tombstone is kept until the changes feed is past it, so that a page from
    /// before cannot bring it back; and while a commit is in flight, or something is held, whose answer speaks of the node as
    /// it was at first.
    package func forget(_ node: NodeID) throws {
        try database.execute("DELETE FROM synced WHERE node = ?", node.rawValue)
        try database.execute("DELETE FROM aside WHERE node = ?", node.rawValue)
        if let tombstone = try remote(node), tombstone.isDeleted,
            try tombstone.seq > received || isInflight || holdsAnything
        {
            return try markUnsettled(.node(node))
        }
        try database.execute("DELETE FROM remote WHERE node = ?", node.rawValue)
        try database.execute("DELETE FROM unsettled_node WHERE node = ?", node.rawValue)
    }

    /// Whether the hub holds something of this client's, and will answer it later.
    private var holdsAnything: Bool {
        get throws { try database.first("SELECT 1 FROM held LIMIT 1") { _ in true } ?? false }
    }

    /// Whether bytes with this digest were agreed on for any node, or the hub told that it has them.
    package func isKnown(_ digest: Digest) throws -> Bool {
        try database.first(
            """
            SELECT 1 FROM synced WHERE sha256 = ?1 UNION ALL SELECT 1 FROM remote WHERE sha256 = ?1 AND deleted = 0 LIMIT 1
            """, digest.bytes
        ) { _ in true } ?? false
    }

    /// Whether this content was agreed on, or the hub told of it, be it that it was deleted. Whether the hub has its bytes only the
    /// hub can say.
    package func hasHeard(of file: FileContent) throws -> Bool {
        try database.first(
            "SELECT 1 FROM synced WHERE sha256 = ?1 UNION ALL SELECT 1 FROM remote WHERE sha256 = ?1 LIMIT 1",
            file.digest.bytes
        ) { _ in true } ?? false
    }

    /// Whether the hub has such a symlink, or had it when it was agreed on: its target is all there is to it, and in the journal.
    package func hubHas(symlinkTo target: [UInt8]) throws -> Bool {
        try database.first(
            """
            SELECT 1 FROM synced WHERE target = ?1 UNION ALL SELECT 1 FROM remote WHERE target = ?1 AND deleted = 0 LIMIT 1
            """, target
        ) { _ in true } ?? false
    }

    // MARK: - Remote

    /// What the hub said last, if that is not what was agreed.
    package func remote(_ node: NodeID) throws -> Node? {
        try database.first(
            """
            SELECT parent, name, content_version, location_version, seq, deleted, kind, size, mtime, mode, sha256, target,
                extras
            FROM remote WHERE node = ?
            """, node.rawValue
        ) { row in
            Node(
                id: node, location: Location(parent: NodeID(try row.int64(0)), name: try Name(try row.blob(1))),
                content: try ContentColumns.content(row, from: 6), contentVersion: Version(try row.int64(2)),
                locationVersion: Version(try row.int64(3)), seq: Sequence(try row.int64(4)),
                isDeleted: try row.bool(5))
        }
    }

    /// Takes in what the hub says about a node, unless something newer was heard. Says nothing about `received`.
    package func setRemote(_ node: Node) throws {
        let node = try understood(node)
        let synced = try synced(node.id)
        if let known = try remote(node.id) {
            // What was agreed once has no number any more: its versions tell.
            if known.seq > node.seq || (known.seq == .zero && !isNews(node, since: SyncedState(known))) { return }
        } else if let synced, !isNews(node, since: synced) {
            return
        }
        if !node.isDeleted, let synced, synced == SyncedState(node) {
            try database.execute("DELETE FROM remote WHERE node = ?", node.id.rawValue)
            try markUnsettled(.node(node.id))
            return
        }
        try writeRemote(node)
    }

    func writeRemote(_ node: Node) throws {
        let content = ContentColumns(node.content)
        try database.execute(
            """
            INSERT OR REPLACE INTO remote (node, parent, name, content_version, location_version, seq, deleted,
                kind, size, mtime, mode, sha256, target, extras)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            bindings: [
                node.id.rawValue, node.parent.rawValue, node.name.bytes, node.contentVersion.rawValue,
                node.locationVersion.rawValue, node.seq.rawValue, node.isDeleted ? 1 : 0,
            ] + content.bindings)
        try markUnsettled(.node(node.id))
    }

    /// One page of changes from the hub.
    /// - Parameters:
    ///   - chain: the history's chain value at `through`.
    ///   - isComplete: nothing is left that the hub has and has not told.
    package func receive(
        _ nodes: [Node], through: Sequence, chain: String? = nil, isComplete: Bool = false
    ) throws {
        try transaction {
            for node in nodes { try setRemote(node) }
            // The answer to a commit may have told of more meanwhile.
            guard try through >= received else { return }
            try set("cursor", String(through.rawValue))
            try set("chain", chain)
            if isComplete { try set("complete", String(through.rawValue)) }
        }
    }

    /// Where the answer to a commit has told of every change from where this side was up to that answer, no page need tell of them
    /// again.
    /// - Parameters:
    ///   - told: changes whose nodes are here as the hub has them.
    ///   - head: the hub's `seq` when it answered.
    ///   - chain: the history's chain value there.
    package func follow(_ told: Set<Sequence>, to head: Sequence, chain: String?) throws {
        let since = try received
        guard let chain, head > since, head.rawValue - since.rawValue <= Int64(told.count), try snapshotAfter == nil,
            (since.rawValue + 1...head.rawValue).allSatisfy({ told.contains(Sequence($0)) })
        else { return }
        if try complete == since { try set("complete", String(head.rawValue)) }
        try set("cursor", String(head.rawValue))
        try set("chain", chain)
    }

    /// A change that this client made comes back as an echo, and a late answer or page tells of what is over: older
    /// than, or the same as, what was agreed since.
    private func isNews(_ node: Node, since known: SyncedState) -> Bool {
        // A deletion leaves the versions as they are, coming back raises both.
        if node.isDeleted {
            return node.contentVersion >= known.contentVersion && node.locationVersion >= known.locationVersion
        }
        return node.contentVersion > known.contentVersion || node.locationVersion > known.locationVersion
    }

    /// The hub answered with `node` to what this side has as `state`: that becomes what was agreed, and the hub's word
    /// stays beside it where it is another one. An answer that comes late changes nothing that was agreed on since.
    package func agree(_ node: Node, _ state: SyncedState) throws {
        let node = try understood(node)
        var state = state
        if let before = try synced(node.id) {
            if before.contentVersion > node.contentVersion {
                (state.content, state.contentVersion) = (before.content, before.contentVersion)
            }
            if before.locationVersion > node.locationVersion {
                (state.location, state.locationVersion) = (before.location, before.locationVersion)
            }
        }
        try setRemote(node)
        let latest = try remote(node.id) ?? synced(node.id)?.node(node.id) ?? node
        try setSynced(node.id, state)
        if try remote(node.id) == nil, SyncedState(latest) != state { try writeRemote(latest) }
    }

    /// Where the hub has a node now; nil if something on the way is gone or has not been heard of.
    package func remotePath(of node: NodeID) throws -> RelativePath? {
        var names: [Name] = []
        var current = node
        while current != .root {
            let location: Location
            if let remote = try remote(current) {
                if remote.isDeleted { return nil }
                location = remote.location
            } else if let synced = try synced(current) {
                location = synced.location
            } else {
                return nil
            }
            names.append(location.name)
            current = location.parent
            if names.count > 100_000 { throw IndexError.damaged("the hub's tree has a cycle") }
        }
        return RelativePath(names.reversed())
    }

    // MARK: - Epochs

    /// The first contact with a journal, or with another one: nothing that was agreed holds there.
    /// - Parameters:
    ///   - collected: what that journal has collected already.
    ///   - head: its `seq`: nothing is sent before everything up to there was received.
    package func begin(
        epoch: String, collected: Sequence = .zero, head: Sequence = .zero, because cause: MergeCause? = nil
    ) throws {
        try transaction {
            try forgetAgreements()
            try setMergeCause(cause)
            try set("collected", String(collected.rawValue))
            try set("hear_first", String(head.rawValue))
            try set("epoch", epoch)
        }
    }

    /// The index was set back, and would give numbers of operations again: it becomes another one. What is known of the disk
    /// stays; nothing that was agreed does, until it begins with the hub anew.
    /// - Parameter generation: as when an index is made.
    package func renew(generation: String) throws {
        try transaction {
            try forgetAgreements()
            try set("generation", generation)
            try set("acknowledged", nil)
            try set("epoch", nil)
            try setMergeCause(.indexSetBack)
        }
    }

    private func forgetAgreements() throws {
        try transaction {
            for table in ["synced", "remote", "unsettled_node", "aside", "inflight", "intent", "held"] {
                try database.execute("DELETE FROM \(table)")
            }
            try database.execute("UPDATE local SET node = NULL, alias = NULL, former = NULL")
            try database.execute(
                "INSERT OR IGNORE INTO unsettled_entry (entry) SELECT entry FROM local WHERE entry <> 1")
            try endTravelling()
            try set("commit", nil)
            try set("cursor", "0")
            try set("chain", nil)
            for key in ["seen", "seen_chain", "collected", "hear_first", "late", "complete"] { try set(key, nil) }
            try endSnapshot()
        }
    }
}

extension SyncedState {
    /// The same as the hub would say it.
    func node(_ id: NodeID) -> Node {
        Node(
            id: id, location: location, content: content, contentVersion: contentVersion,
            locationVersion: locationVersion)
    }
}
