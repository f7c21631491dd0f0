internal import SQLite
import SyncCore

/// What has passed of one node.
struct PassedChange {
    var node: NodeID
    /// Where it was then.
    var path: RelativePath
    var isDeleted: Bool
    /// Its content's version before.
    var version: Version
    /// The head before.
    var seq: Sequence
}

// What a client has deleted or rewritten within the window: counted by name, and remembered with what was there before.
extension Journal {
    /// - Returns: how many names, and how many deletions.
    func guardDone(by client: String, _ time: GuardTime) throws -> (names: Int, deletes: Int) {
        let found = try database.query(
            """
            SELECT count(DISTINCT path), coalesce(sum(deleted), 0) FROM guard_done WHERE client = ? AND moment > ?
            """, client, time.start
        ) { (try $0.int(0), try $0.int(1)) }
        return found.first ?? (0, 0)
    }

    /// Whether a client has changed what was under a name within the window.
    func isGuardDone(_ path: RelativePath, by client: String, _ time: GuardTime) throws -> Bool {
        try database.first(
            "SELECT 1 FROM guard_done WHERE client = ? AND path = ? AND moment > ? LIMIT 1", client, path, time.start
        ) { _ in true } ?? false
    }

    /// A client is about to delete or rewrite a node. Several such changes of one client are one: what was there before the
    /// first of them would come back, unless somebody else has changed it since.
    func noteGuarded(
        _ node: Node, at path: RelativePath, isDeleted: Bool, by client: String, _ time: GuardTime
    ) throws {
        let first = try database.query("SELECT seq FROM guard_done WHERE client = ? AND node = ?", client, node.id) {
            Sequence(try $0.int64(0))
        }.first
        if let first, try !isChanged(node.id, by: client, after: first) {
            try database.execute(
                "UPDATE guard_done SET path = ?, deleted = ?, moment = ? WHERE client = ? AND node = ?",
                path, isDeleted, time.moment, client, node.id)
            return
        }
        try database.execute(
            """
            INSERT INTO guard_done (client, node, path, deleted, version, seq, moment) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (client, node) DO UPDATE SET path = excluded.path, deleted = excluded.deleted,
                version = excluded.version, seq = excluded.seq, moment = excluded.moment
            """, client, node.id, path, isDeleted, node.contentVersion, try head, time.moment)
    }

    /// What a client made itself goes again under a name that it has emptied before: that counts on, and nothing more.
    func noteGuardedAgain(_ path: RelativePath, by client: String, _ time: GuardTime) throws {
        try database.execute(
            "UPDATE guard_done SET moment = ? WHERE client = ? AND path = ?", time.moment, client, path)
    }

    /// Whether somebody but the client has given a node other content, deleted it, or brought it back. A move changes nothing
    /// of that.
    func isChanged(_ node: NodeID, by client: String, after seq: Sequence) throws -> Bool {
        try database.first(
            """
            SELECT 1 FROM history WHERE node = ? AND seq > ? AND client <> ? AND change <> \(HistoryRecord.Change.move.code) LIMIT 1
            """, node, seq, client
        ) { _ in true } ?? false
    }

    /// How much of what passed is there again: under its name, or made anew by the client elsewhere (a move that nobody could
    /// see as one).
    /// - Parameter going: what is under these names is about to go, or to be rewritten, again.
    func guardCameBack(
        to client: String, except going: Set<RelativePath>, _ time: GuardTime
    ) throws -> (names: Int, deletes: Int) {
        var names: Set<RelativePath> = []
        var deletes = 0
        for passed in try guardedChanges("client = ? AND moment > ?", client, time.start)
        where !going.contains(passed.path) {
            guard let before = try content(of: passed.node, at: passed.version) else { continue }
            let isThere = try node(at: passed.path)?.content.hasSameBytes(as: before) ?? false
            guard try isThere || isMadeElsewhere(before, by: client, after: time.made) else { continue }
            names.insert(passed.path)
            if passed.isDeleted { deletes += 1 }
        }
        return (names.count, deletes)
    }

    private func isMadeElsewhere(_ content: Content, by client: String, after seq: Sequence) throws -> Bool {
        guard let file = content.file, file.size > 0 else { return false }
        return try database.first(
            """
            SELECT 1 FROM node n JOIN history h ON h.node = n.id AND h.content_version = 1
            WHERE n.sha256 = ? AND n.deleted = 0 AND h.client = ? AND h.seq > ? LIMIT 1
            """, file.digest, client, seq
        ) { _ in true } ?? false
    }

    /// What passed before a batch was held, directories before what was in them.
    func passed(with batch: Int64) throws -> [PassedChange] { try guardedChanges("batch = ?", batch) }

    func forgetPassed(with batch: Int64) throws {
        try database.execute("DELETE FROM guard_done WHERE batch = ?", batch)
    }

    private func guardedChanges(_ condition: String, _ bindings: (any Bindable)?...) throws -> [PassedChange] {
        try database.query(
            "SELECT node, path, deleted, version, seq FROM guard_done WHERE \(condition) ORDER BY path, seq",
            bindings: bindings
        ) {
            PassedChange(
                node: NodeID(try $0.int64(0)), path: try storedPath(try $0.blob(1)), isDeleted: try $0.bool(2),
                version: Version(try $0.int64(3)), seq: Sequence(try $0.int64(4)))
        }
    }

    /// Whether there are not even so many nodes that these changes are within the share which passes: the count of files is
    /// at hand, and there are at least as many nodes.
    func surelyPasses(_ changes: Int, _ rule: MassChangeGuard, deleted: Int) throws -> Bool {
        !rule.trips(changes: changes, live: Int(try statistics().files) + deleted)
    }

    func liveNodes() throws -> Int {
        try database.first("SELECT count(*) FROM node WHERE deleted = 0") { try $0.int(0) } ?? 0
    }

    /// Whether a client itself has made a node since, and nobody else has done anything about it: taking that away again takes
    /// nothing from anybody.
    func wasMade(_ node: NodeID, by client: String, after seq: Sequence) throws -> Bool {
        let isOwn =
            try database.first(
                "SELECT 1 FROM history WHERE node = ? AND content_version = 1 AND client = ? AND seq > ?", node, client,
                seq
            ) { _ in true } ?? false
        return try isOwn && !isChanged(node, by: client, after: seq)
    }

    /// Whether a client's changes are more than may pass unseen.
    /// - Parameters:
    ///   - names: of what it is about to delete or rewrite.
    ///   - announced: what it has to send in all.
    func trips(
        _ names: Set<RelativePath>, announced: Int, of client: String, _ rule: MassChangeGuard, _ time: GuardTime
    ) throws -> Bool {
        let new = try names.count { try !isGuardDone($0, by: client, time) }
        let (done, deleted) = try guardDone(by: client, time)
        let changes = MassChangeGuard.sum(done: done, here: names.count, new: new, announced: announced)
        guard rule.isLarge(changes), try !surelyPasses(changes, rule, deleted: deleted) else { return false }
        let live = try liveNodes() + deleted
        guard rule.trips(changes: changes, live: live) else { return false }
        let back = try guardCameBack(to: client, except: names, time)
        return rule.trips(changes: changes - back.names, live: live - back.deletes)
    }
}
