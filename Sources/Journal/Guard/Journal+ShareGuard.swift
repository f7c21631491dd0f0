internal import SQLite
import SyncCore

// What has vanished from the share itself: the journal is asked before it is told.
extension Journal {
    /// The guard's word about deletions that were found in the share. What it holds is written down as a batch of the client,
    /// and is no change; its operations have no number.
    /// - Parameters:
    ///   - deletions: all that are found at the moment, also those that are held already.
    ///   - client: under which changes of the share are recorded.
    ///   - coming: more deletions that are about to be found.
    ///   - isComplete: what is held and not in `deletions` has come back.
    ///   - at: Unix seconds.
    /// - Returns: the nodes whose deletion waits for a person.
    package func guardShare(
        _ deletions: [Change], by client: String, rule: MassChangeGuard, coming: Int = 0, isComplete: Bool,
        at: Int64
    ) throws -> Set<NodeID> {
        let nodes = deletions.compactMap(\.node)
        return try database.transaction {
            var held: Set<NodeID> = []
            for operation in try heldOperations(of: client) {
                guard let node = operation.change.node else { continue }
                if isComplete, !nodes.contains(node) {
                    try dropHeld(operation)
                    try forgetEmptyBatch(operation.batch)
                } else {
                    held.insert(node)
                }
            }
            let new = deletions.filter { $0.node.map { !held.contains($0) } ?? false }
            guard rule.percent > 0, !new.isEmpty else { return rule.percent > 0 ? held : [] }
            var window = try guardWindow(of: client)
            if window == nil {
                try openGuardWindow(of: client, since: try head)
                window = try guardWindow(of: client)
            }
            let done = try guardDone(by: client)
            let changes = done.changes + new.count + coming
            let trips = try rule.isLarge(changes) && rule.trips(changes: changes, live: liveNodes() + done.deletes)
            guard window?.isApproved != true, trips || window?.batch != nil else {
                for change in new { if let node = change.node { try noteGuarded(node, .deletes, by: client) } }
                return held
            }
            let batch = try window?.batch ?? newBatch(of: client, at: at)
            for change in new {
                guard let node = change.node else { continue }
                let operation = Operation(id: OperationID(generation: "", number: 0), change: change)
                try insertHeld(operation, .deletes, nil, path(of: node) ?? .top, batch: batch, client: client)
                held.insert(node)
            }
            return held
        }
    }

    private func heldOperations(of client: String) throws -> [HeldOperation] {
        try database.query("SELECT batch FROM held_operation WHERE client = ? GROUP BY batch", client) {
            try $0.int64(0)
        }.flatMap { try held(in: $0) }
    }

    /// Whether the changes were found in the share: nothing is carried out for them there.
    func isOfShare(_ operations: [HeldOperation]) -> Bool { operations.allSatisfy { $0.id.generation.isEmpty } }

    /// What was held goes its way when the share is looked at next, and its guard lets it pass.
    func letShareGoOn(_ operations: [HeldOperation]) throws {
        for held in operations { try database.execute("DELETE FROM held_operation WHERE id = ?", held.row) }
    }

    /// What has vanished comes back: directories first. Bytes that are not in `versions/` are waited for.
    func bringBack(_ operations: [HeldOperation]) throws -> [Placement] {
        try letShareGoOn(operations)
        let head = try head
        var placements: [Placement] = []
        for held in operations.reversed() {
            guard let id = held.change.node, let node = try node(id), !node.isDeleted, let path = try path(of: id)
            else {
                continue
            }
            try forgetPlaced(id)
            placements.append(
                try insertPlacement(.appearance(node.content, path, nil), of: id, expected: nil, seq: head))
        }
        return placements
    }
}
