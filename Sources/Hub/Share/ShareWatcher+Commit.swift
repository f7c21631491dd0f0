internal import FileTree
internal import Journal
internal import Share
import SyncCore

extension ShareWatcher {
    /// Commits what was done in the share, and remembers what lies there now.
    /// - Returns: for each deed the node that came of it; none at all if it has to be tried again.
    @discardableResult
    func commit(_ deeds: [ShareDeed]) throws -> [Node?] {
        let deeds = try withoutHeldRewrites(deeds)
        // What was seen before the share went away is looked at again when it is back.
        if deeds.isEmpty || fence.reason != nil { return [] }
        for deed in deeds { if let node = deed.change.node { placer.placed[node] = nil } }
        let outcomes: [Outcome]
        do {
            outcomes = try placer.commitShare { next in
                deeds.map { Operation(id: next(), change: $0.change) }
            }
        } catch is InvalidOperation where deeds.count > 1 {
            // One that the rules do not know holds up no other.
            return try deeds.flatMap { try commit([$0]) }
        } catch {
            hubLog.warning("share_waits", ["names": deeds.count, "reason": "\(error)"])
            for deed in deeds { postpone(deed.spot, because: "\(error)") }
            return []
        }
        hasProgress = true
        return zip(deeds, outcomes).map { remember($0, $1) }
    }

    /// Too much has other bytes now: nobody is told before a person has decided. Deletions were asked about already.
    private func withoutHeldRewrites(_ deeds: [ShareDeed]) throws -> [ShareDeed] {
        let edits = deeds.filter { if case .edit = $0.change { true } else { false } }
        if edits.isEmpty || fence.reason != nil { return deeds }
        let refused = try askGuard(edits, coming: try beingRewritten(except: Set(edits.map(\.spot))))
        if refused.isEmpty { return deeds }
        return deeds.filter { deed in
            guard case .edit(let node, _, _) = deed.change, refused.contains(node) else { return true }
            finish(deed.spot)
            return false
        }
    }

    /// How many names that are still to be looked at have a file which is not the one that was placed there. Of very many,
    /// some.
    private func beingRewritten(except known: Set<Spot>) throws -> Int {
        let waiting = Set(due).union(inHash).union(settling.waiting).subtracting(known)
        return try waiting.prefix(2_000).count { spot in
            guard let node = try journal.child(of: spot.directory, named: spot.name), node.content.kind == .file,
                !heldNodes.contains(node.id), let path = try path(of: spot), let placed = try placed(node.id),
                let status = try share.status(of: path)
            else { return false }
            return status.kind == .file && status.fingerprint != placed.fingerprint(of: .file)
        }
    }

    private func remember(_ deed: ShareDeed, _ outcome: Outcome) -> Node? {
        // The name may have something else by now, which is looked at in its turn.
        if case .delete = deed.change { return outcome.node }
        written.remove(deed.spot)
        guard let node = outcome.node else {
            // Somebody was first. The disk is looked at again, against what the journal has now.
            note(deed.spot)
            return nil
        }
        // A placement that followed (to a conflict name) has noted what lies there already.
        if let status = deed.status, placer.placed[node.id] == nil {
            placer.placed[node.id] = Placed(status)
        }
        finish(deed.spot)
        return node
    }
}
