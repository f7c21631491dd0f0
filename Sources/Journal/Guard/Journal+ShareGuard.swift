internal import SQLite
import SyncCore

/// What the guard says to changes that were found in the share.
package struct ShareGuardWord: Sendable {
    /// The nodes whose deletion or rewrite waits for a person, also those of before.
    package var held: Set<NodeID>
    /// Those of them that the changes asked about are held for.
    package var refused: Set<NodeID>
}

// What has vanished from the share, or has other bytes there: the journal is asked before it is told.
extension Journal {
    /// The guard's word about changes that were found in the share. What it holds is written down as a batch of the client,
    /// and is no change; its operations have no number. While the share is in doubt each deletion is held, whatever the rule says.
    /// - Parameters:
    ///   - changes: deletions, edits and others; what neither deletes nor rewrites is never held.
    ///   - client: under which changes of the share are recorded.
    ///   - coming: more such changes that are about to be found.
    ///   - areAllDeletions: `changes` has every deletion that there is: one that is held and not among them has come back.
    ///   - at: Unix seconds.
    ///   - moment: now, by ``runningTime``.
    package func guardShare(
        _ changes: [Change], by client: String, rule: MassChangeGuard, coming: Int = 0, areAllDeletions: Bool = false,
        at: Int64, moment: Int64 = 0
    ) throws -> ShareGuardWord {
        try database.transaction {
            if areAllDeletions { try forgetHeldDeletions(of: client, except: Set(changes.compactMap(\.node))) }
            let doubt = try shareDoubt
            guard rule.percent > 0 || doubt != nil else { return ShareGuardWord(held: [], refused: []) }
            let time = try guardTime(rule, at: moment)
            var refused: Set<NodeID> = []
            var new: [ShareChange] = []
            for change in changes {
                guard let found = try weigh(change, of: client, time, doubt) else { continue }
                if try isReleased(found.node.id, of: client, time) { continue }
                if try keepsHeld(found, of: client) { refused.insert(found.node.id) } else { new.append(found) }
            }
            for found in try hold(new, of: client, rule, coming, at: at, time, doubt) { refused.insert(found.node.id) }
            return ShareGuardWord(held: try heldNodes(of: client), refused: refused)
        }
    }

    /// The nodes of which something is held.
    package func heldNodes(of client: String) throws -> Set<NodeID> {
        Set(
            try database.query("SELECT node FROM held_operation WHERE client = ? AND node IS NOT NULL", client) {
                NodeID(try $0.int64(0))
            })
    }

    /// A file of the share is as the journal has it again.
    package func forgetHeld(_ node: NodeID, of client: String) throws {
        try database.transaction {
            for operation in try held(node, of: client) {
                try dropHeld(operation)
                try forgetEmptyBatch(operation.batch)
            }
        }
    }

    private func forgetHeldDeletions(of client: String, except nodes: Set<NodeID>) throws {
        for id in try heldNodes(of: client) where !nodes.contains(id) {
            for operation in try held(id, of: client) where operation.weight == .deletes {
                try dropHeld(operation)
                try forgetEmptyBatch(operation.batch)
            }
        }
    }

    /// Nil for what neither deletes nor rewrites anything, or only what was made in the share within the window.
    private func weigh(
        _ change: Change, of client: String, _ time: GuardTime, _ doubt: ShareDoubt?
    ) throws -> ShareChange? {
        guard let id = change.node, let node = try node(id), !node.isDeleted, let path = try path(of: id) else {
            return nil
        }
        let weight: HeldOperation.Weight
        switch change {
        case .create, .move: return nil
        case .delete: weight = .deletes
        case .edit(_, _, let content) where node.content.hasSameBytes(as: content):
            try forgetHeld(id, of: client)
            return nil
        case .edit: weight = .rewrites
        }
        var made = time.made
        if let doubt, weight == .deletes { made = max(made, doubt.head) }
        let isOwn = try wasMade(id, by: client, after: made) && !isGuardDone(path, by: client, time)
        // What is held stays held.
        if isOwn, try held(id, of: client).isEmpty { return nil }
        return ShareChange(node: node, change: change, weight: weight, path: path)
    }

    /// Whether something is held of a node: what is seen of it now takes the place of that.
    private func keepsHeld(_ found: ShareChange, of client: String) throws -> Bool {
        guard let held = try held(found.node.id, of: client).first else { return false }
        if held.change != found.change {
            try dropHeld(held)
            try insertHeld(found, in: held.batch, of: client)
        }
        return true
    }

    /// - Returns: those that are held; the others have passed, and count.
    private func hold(
        _ new: [ShareChange], of client: String, _ rule: MassChangeGuard, _ coming: Int, at: Int64, _ time: GuardTime,
        _ doubt: ShareDoubt?
    ) throws -> [ShareChange] {
        if new.isEmpty { return [] }
        var batch: Int64?
        var spares = false
        var held = new
        var isApproved = false
        switch try guardVerdict(on: client, time) {
        case .approved: (held, isApproved) = ([], true)
        case .arriving(let open, let sparesRewrites): (batch, spares) = (open, sparesRewrites)
        case .rejected(let rewrites): spares = !rewrites
        case .none: held = []
        }
        if !isApproved, held.isEmpty || spares {
            let names = Set(new.map(\.path))
            let areTooMany = try trips(names, announced: names.count + coming, of: client, rule, time)
            if areTooMany { held = new } else if spares { held = new.filter { $0.weight == .deletes } }
            if areTooMany { spares = false }
        }
        // A batch of deletions alone: about rewrites the rule decides.
        if doubt != nil, held.isEmpty { (held, spares) = (new.filter { $0.weight == .deletes }, true) }
        let passing = isApproved ? [] : new.filter { found in !held.contains { $0.node.id == found.node.id } }
        for found in passing {
            try noteGuarded(found.node, at: found.path, isDeleted: found.weight == .deletes, by: client, time)
        }
        if held.isEmpty { return [] }
        let target = try batch ?? newBatch(of: client, at: at, sparesRewrites: spares, time)
        for found in held { try insertHeld(found, in: target, of: client) }
        try extendGuardWindow(of: target, time)
        if doubt != nil, held.contains(where: { $0.weight == .deletes }) { try extendShareDoubt(time) }
        return held
    }

    private func insertHeld(_ found: ShareChange, in batch: Int64, of client: String) throws {
        let operation = Operation(id: OperationID(generation: "", number: 0), change: found.change)
        try insertHeld(operation, found.weight, nil, found.path, batch: batch, client: client)
    }

    // MARK: - Decided

    /// Whether the changes were found in the share: nothing is carried out for them there.
    func isOfShare(_ operations: [HeldOperation]) -> Bool { operations.allSatisfy(\.isOfShare) }

    /// What was held goes its way when the share is looked at next, and its guard lets it pass.
    func letShareGoOn(_ operations: [HeldOperation], of client: String, at moment: Int64) throws {
        try forgetOperations(operations)
        for node in operations.compactMap(\.change.node) {
            try database.execute(
                "INSERT OR REPLACE INTO guard_released (client, node, moment) VALUES (?, ?, ?)", client, node, moment)
        }
    }

    /// Whether a person has approved what was held of a node, within the window. That a newer batch was held since, or
    /// decided about, changes nothing about it.
    private func isReleased(_ node: NodeID, of client: String, _ time: GuardTime) throws -> Bool {
        try database.first(
            "SELECT 1 FROM guard_released WHERE client = ? AND node = ? AND moment > ?", client, node, time.start
        ) { _ in true } ?? false
    }

    private func forgetOperations(_ operations: [HeldOperation]) throws {
        for held in operations { try database.execute("DELETE FROM held_operation WHERE id = ?", held.row) }
    }

    /// A node comes back into the share as it is, beside whatever lies at its place.
    /// - Returns: nil if there is no such node any more.
    package func bringBack(_ id: NodeID) throws -> Placement? {
        try database.transaction {
            guard let node = try node(id), !node.isDeleted, let path = try path(of: id) else { return nil }
            try forgetPlaced(id)
            return try insertPlacement(.appearance(node.content, path, nil), of: id, expected: nil, seq: head)
        }
    }

    /// What has vanished comes back, directories first, and what was rewritten is again what the journal has: what lies there
    /// now goes to `versions/`. Bytes that are not in `versions/` are waited for.
    func bringBack(_ operations: [HeldOperation]) throws -> [Placement] {
        try forgetOperations(operations)
        let head = try head
        let found = try operations.compactMap { held -> (path: RelativePath, node: Node, now: Content?)? in
            guard let id = held.change.node, let node = try node(id), !node.isDeleted, let path = try path(of: id)
            else { return nil }
            return (path, node, held.change.content?.bare)
        }
        return try found.sorted { $0.path < $1.path }.map { path, node, now in
            try forgetPlaced(node.id)
            return try insertPlacement(
                .appearance(node.content, path, nil), of: node.id, expected: now, seq: head)
        }
    }
}

/// A deletion or rewrite that was found in the share.
private struct ShareChange {
    var node: Node
    var change: Change
    var weight: HeldOperation.Weight
    var path: RelativePath
}
