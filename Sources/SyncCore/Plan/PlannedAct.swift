/// What a pass would do about one subject, in one direction; the paths are the index's affair.
package struct PlannedAct: Hashable, Sendable {
    /// In words that programs rely on.
    package enum Deed: String, Hashable, Sendable, Codable, CaseIterable {
        case create, edit, move, delete
        /// Both sides changed it: what this side has goes up, under a name of its own.
        case conflict
        /// Nothing can be said yet, or a person has to do something first.
        case wait
        /// Never, as things are: a FIFO, or what the folder's mode does not let through.
        case skip
    }
    /// From this machine to the hub.
    package var isUp: Bool
    /// What is to be done.
    package var deed: Deed
    /// To move at most.
    package var bytes: Int64

    package init(up deed: Deed, _ bytes: Int64 = 0) {
        (isUp, self.deed, self.bytes) = (true, deed, bytes)
    }

    package init(down deed: Deed, _ bytes: Int64 = 0) {
        (isUp, self.deed, self.bytes) = (false, deed, bytes)
    }
}

extension Subject {
    /// What a pass would do, the hub's answers foreseen as far as one subject tells: an edit that meets another is a
    /// conflict, a deletion that meets a change is off. What meets under one name (two new files) only the tree tells.
    package var plan: [PlannedAct] {
        switch verdict {
        case .settled, .forget, .adopt, .ignored: []
        case .hash, .settling: [PlannedAct(up: .wait)]
        case .unruled: [unruled.sending ? PlannedAct(up: .wait) : PlannedAct(down: .wait)]
        case .send(.create(_, let content)): [PlannedAct(up: .create, content.size)]
        case .send(.change(_, _, let synced, let edit, let moves)): planOfChange(synced, edit, moves)
        case .send(.delete(_, let synced)): planOfDeletion(synced)
        case .receive(.make(let node)): [PlannedAct(down: .create, node.content.size)]
        case .receive(.change(let local, let synced, let node)): Subject.planOfReceiving(local, synced, node)
        case .receive(.remove): [PlannedAct(down: .delete)]
        case .barred(.sending): [PlannedAct(up: .skip)]
        case .barred(.receiving): [PlannedAct(down: .skip)]
        case .release(let local): planOfLeaving(local, isRemoved: false)
        case .discard(let local): planOfLeaving(local, isRemoved: true)
        }
    }

    /// What lies here and its node part: the node, if the hub has it, comes down where the hub has it.
    private func planOfLeaving(_ local: LocalState, isRemoved: Bool) -> [PlannedAct] {
        let gone = isRemoved ? [PlannedAct(down: .delete)] : []
        guard let remote, !remote.isDeleted else { return gone }
        let size = remote.content.size
        if mode.sends { return [PlannedAct(down: .skip, size)] }
        let isThere = local.parent.node == remote.parent && local.name == remote.name
        return isThere ? [PlannedAct(down: .edit, size)] : gone + [PlannedAct(down: .create, size)]
    }

    private func planOfChange(_ synced: SyncedState, _ edit: Content?, _ moves: Bool) -> [PlannedAct] {
        var acts: [PlannedAct] = []
        let remote = remote.flatMap { $0.isDeleted ? nil : $0 }
        if moves {
            // The first move counts.
            acts.append(remote.map { $0.location == synced.location } ?? true ? .init(up: .move) : .init(down: .move))
        }
        guard let edit else { return acts }
        let size = edit.hasSameBytes(as: synced.content) ? 0 : edit.size
        guard let remote, remote.content != synced.content else { return acts + [PlannedAct(up: .edit, size)] }
        switch ContentMerge.merge(base: synced.content, theirs: remote.content, mine: edit) {
        case .conflict: acts += [PlannedAct(up: .conflict, size), PlannedAct(down: .edit, remote.content.size)]
        case .combined(let both):
            if both != remote.content { acts.append(PlannedAct(up: .edit, size)) }
            if both != edit { acts.append(PlannedAct(down: .edit, edit.hasSameBytes(as: both) ? 0 : both.size)) }
        }
        return acts
    }

    private func planOfDeletion(_ synced: SyncedState) -> [PlannedAct] {
        guard let remote, remote.content != synced.content || remote.location != synced.location else {
            return [PlannedAct(up: .delete)]
        }
        return [PlannedAct(down: .create, remote.content.size)]
    }

    /// From what lies here, not from what was agreed: where the hub counts, what was moved here goes back. Bytes that were
    /// changed here are none of its business.
    private static func planOfReceiving(_ local: LocalState, _ synced: SyncedState, _ node: Node) -> [PlannedAct] {
        var acts: [PlannedAct] = []
        if local.parent.node != node.parent || local.name != node.name { acts.append(PlannedAct(down: .move)) }
        let here = local.content.flatMap { $0.hasSameBytes(as: synced.content) ? $0 : nil } ?? synced.content
        if node.content != here {
            acts.append(PlannedAct(down: .edit, node.content.hasSameBytes(as: here) ? 0 : node.content.size))
        }
        return acts
    }
}
