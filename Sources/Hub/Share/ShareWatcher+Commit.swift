internal import FileTree
internal import Journal
internal import Share
import SyncCore

extension ShareWatcher {
    /// Commits what was done in the share, and remembers what lies there now.
    /// - Returns: for each deed the node that came of it; none at all if it has to be tried again.
    @discardableResult
    func commit(_ deeds: [ShareDeed]) throws -> [Node?] {
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
