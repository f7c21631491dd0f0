extension Subject {
    /// The decision for this subject alone: what follows from its three states, as far as the folder's mode lets it.
    package var verdict: Verdict {
        if isIgnored { return freeVerdict == .forget ? .forget : .ignored }
        let verdict =
            switch mode {
            case .twoWay: freeVerdict
            case .sendOnly(let deletes): sourceVerdict(deletes)
            case .receiveOnly: followerVerdict
            }
        return waitsForRules(verdict) ? .unruled : verdict
    }

    /// What is equal on both sides, or does not go on anyway, needs no rules.
    private func waitsForRules(_ verdict: Verdict) -> Bool {
        switch verdict {
        case .hash, .settling, .send: unruled.sending
        case .receive: unruled.receiving
        case .release, .discard: unruled.sending || unruled.receiving
        case .settled, .forget, .adopt, .barred, .ignored, .unruled: false
        }
    }

    // MARK: - This machine is the source

    private func sourceVerdict(_ deletes: Bool) -> Verdict {
        switch freeVerdict {
        case .receive(let receiving):
            return overwrites ? overwriteHub(receiving, deletes) : .barred(.receiving(receiving))
        case .send(.delete(let node, let synced)) where !deletes:
            return .barred(.sending(.delete(node, synced)))
        case .send(let sending):
            // What others did since counts as seen: nothing meets then.
            guard overwrites, let remote, !remote.isDeleted, let synced, SyncedState(remote) != synced else {
                return .send(sending)
            }
            return .adopt(SyncedState(remote))
        case let verdict: return verdict
        }
    }

    /// Once the hub's state counts as agreed, it is this side that differs from it.
    private func overwriteHub(_ receiving: Verdict.Receiving, _ deletes: Bool) -> Verdict {
        switch receiving {
        case .make(let node): deletes ? .adopt(SyncedState(node)) : .barred(.receiving(receiving))
        case .change(_, _, let node): .adopt(SyncedState(node))
        case .remove(let local, _, _): .release(local)
        }
    }

    // MARK: - This machine follows

    private var followerVerdict: Verdict {
        guard case .send(let sending) = freeVerdict else { return freeVerdict }
        switch sending {
        case .create(let local, _):
            // Parked, and forgotten by the hub: it gets its name back before anything is said about it.
            if local.name.isReserved { return .send(sending) }
            return overwrites ? .discard(local) : .barred(.sending(sending))
        case .delete(_, let synced): return followDeleted(sending, synced)
        case .change(_, let local, let synced, _, _): return followChanged(sending, local, synced)
        }
    }

    /// Deleted here: it comes back when the hub has something new of it.
    private func followDeleted(_ sending: Verdict.Sending, _ synced: SyncedState) -> Verdict {
        guard let remote, !remote.isDeleted else { return .forget }
        if overwrites || remote.content != synced.content || remote.location != synced.location {
            return .receive(.make(remote))
        }
        return SyncedState(remote) == synced ? .barred(.sending(sending)) : .adopt(SyncedState(remote))
    }

    /// Changed here. The hub's place, mode and times count at once; bytes that were changed here are never replaced, and
    /// when the hub has other ones, they and the node part.
    private func followChanged(_ sending: Verdict.Sending, _ local: LocalState, _ synced: SyncedState) -> Verdict {
        guard let content = local.content, let remote else { return .barred(.sending(sending)) }
        let isEdited = !content.hasSameBytes(as: synced.content)
        if overwrites, isEdited { return .discard(local) }
        if remote.isDeleted { return isEdited ? .release(local) : .receive(.remove(local, synced, remote)) }
        let isNews = remote.content != synced.content || remote.location != synced.location
        if !isEdited, isNews || overwrites { return .receive(.change(local, from: synced, to: remote)) }
        guard isNews else {
            return SyncedState(remote) == synced ? .barred(.sending(sending)) : .adopt(SyncedState(remote))
        }
        guard remote.content.hasSameBytes(as: synced.content) else { return .release(local) }
        if remote.content == synced.content { return .receive(.change(local, from: synced, to: remote)) }
        // The hub's mode or time is none of this content's; its place may be.
        var here = synced
        (here.content, here.contentVersion) = (remote.content, remote.contentVersion)
        return .adopt(here)
    }
}
