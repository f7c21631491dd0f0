internal import SQLite
package import SyncCore

// What waits at the hub for a person: sent, written down there, and neither done nor refused.
extension FolderIndex {
    /// The last late outcome that was taken in.
    package var late: Int64 { get throws { try number("late") } }

    /// The hub holds an operation of the commit in flight.
    package func hold(_ number: Int64, batch: Int64) throws {
        try database.execute(
            "INSERT OR REPLACE INTO held (batch, \(Self.sentColumns)) SELECT ?, \(Self.sentColumns) FROM inflight "
                + "WHERE number = ?", batch, number)
    }

    /// Nil when that operation is not held.
    package func held(_ number: Int64) throws -> Inflight? {
        try database.first("SELECT \(Self.sentColumns) FROM held WHERE number = ?", number) { try Self.sent($0) }
    }

    /// What is held of one subject.
    package func held(of key: SubjectKey) throws -> [Inflight] {
        switch key {
        case .node(let node):
            try database.query("SELECT \(Self.sentColumns) FROM held WHERE node = ?", node.rawValue) {
                try Self.sent($0)
            }
        case .entry(let entry):
            try database.query(
                "SELECT \(Self.sentColumns) FROM held WHERE entry = ? AND node IS NULL", entry.rawValue
            ) { try Self.sent($0) }
        }
    }

    /// The batch that something of a subject is in.
    package func batch(of key: SubjectKey) throws -> Int64? {
        guard let number = try held(of: key).first?.number else { return nil }
        return try database.first("SELECT batch FROM held WHERE number = ?", number) { try $0.int64(0) }
    }

    /// The hub has answered something newer about the same thing.
    package func dropHeld(before sent: Inflight) throws {
        if let node = sent.node {
            try database.execute("DELETE FROM held WHERE node = ?", node.rawValue)
        } else if let entry = sent.entry {
            try database.execute("DELETE FROM held WHERE entry = ? AND node IS NULL", entry.rawValue)
        }
    }

    /// A person has decided about this one; the hub need not tell again.
    package func dropHeld(_ sent: Inflight, late id: Int64) throws {
        try database.execute("DELETE FROM held WHERE number = ?", sent.number)
        try set("late", String(id))
        if let node = sent.node { try markUnsettled(.node(node)) }
        if let entry = sent.entry, let row = try local(entry) {
            try markUnsettled(row.node.map(SubjectKey.node) ?? .entry(entry))
        }
    }

    /// A late outcome of what nobody remembers.
    package func skipLate(_ id: Int64) throws { try set("late", String(id)) }

    /// See ``ThreeTrees/isHeld(_:of:)``.
    package func isHeld(_ sending: Verdict.Sending, of key: SubjectKey) throws -> Bool {
        let held = try held(of: key)
        if held.isEmpty { return false }
        func isThere(_ verb: Inflight.Verb, _ local: LocalState) -> Bool {
            held.contains { $0.verb == verb && $0.parent == local.parent.entry && $0.name == local.name }
        }
        switch sending {
        case .delete: return held.contains { $0.verb == .delete }
        case .create(let local, let content):
            return isThere(.create, local) && held.contains { $0.content == content }
        case .change(_, let local, _, let edit, let moves):
            let isEdited = edit == nil || held.contains { $0.verb == .edit && $0.content == edit }
            return isEdited && (!moves || isThere(.move, local))
        }
    }

    /// Whether something lies in a directory that the hub does not know yet since its creation is held.
    package func isInHeldDirectory(_ parent: LocalParent) throws -> Bool {
        var parent = parent
        while parent.node == nil {
            if try !held(of: .entry(parent.entry)).isEmpty { return true }
            guard let row = try local(parent.entry), row.parent != .root else { return false }
            parent = LocalParent(entry: row.parent, node: try local(row.parent)?.nodeForChildren)
        }
        return false
    }

    /// How much is to be deleted at the hub and how much is to get other bytes there, without what is held.
    package func announcement() throws -> AnnouncedChanges {
        let deletes =
            try database.first(
                """
                SELECT count(*) FROM unsettled_node u JOIN synced s ON s.node = u.node
                LEFT JOIN local l ON l.node = u.node LEFT JOIN remote r ON r.node = u.node
                WHERE u.receives = 0 AND l.entry IS NULL AND coalesce(r.deleted, 0) = 0
                    AND NOT EXISTS (SELECT 1 FROM held h WHERE h.node = u.node)
                """
            ) { try $0.int(0) } ?? 0
        // What waits until its bytes are there is a rewrite, too.
        let rewrites = try rewrites("u.receives = 0") + rewrites("u.receives = -1")
        return AnnouncedChanges(deletes: deletes, rewrites: rewrites)
    }

    private func rewrites(_ which: String) throws -> Int {
        try database.first(
            """
            SELECT count(*) FROM unsettled_node u JOIN synced s ON s.node = u.node JOIN local l ON l.node = u.node
            WHERE \(which) AND l.sha256 IS NOT NULL AND l.sha256 <> s.sha256
                AND NOT EXISTS (SELECT 1 FROM held h WHERE h.node = u.node)
            """
        ) { try $0.int(0) } ?? 0
    }

    /// A file on the disk with these bytes, as far as is known.
    package func entry(holding digest: Digest, size: Int64) throws -> EntryID? {
        try entries(holding: digest, size: size, limit: 1).first
    }

    /// Files on the disk with these bytes, as far as is known.
    package func entries(holding digest: Digest, size: Int64, limit: Int) throws -> [EntryID] {
        try database.query(
            """
            SELECT local.entry FROM synced JOIN local ON local.node = synced.node
            WHERE synced.sha256 = ?1 AND synced.sha256 IS NOT NULL AND local.sha256 = ?1 AND local.size = ?2
                AND local.vanished = 0 LIMIT ?3
            """, digest.bytes, size, limit
        ) { EntryID(try $0.int64(0)) }
    }
}
