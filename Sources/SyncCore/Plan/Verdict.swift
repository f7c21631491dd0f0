/// What is to be done about one subject. Sending comes before receiving: the hub decides what happens when changes meet,
/// so a node that changed here is first told to it, and its answer then tells what this side has to do.
package enum Verdict: Hashable, Sendable {
    /// All three agree.
    case settled
    /// Gone everywhere: the index may drop it.
    case forget
    /// The bytes must be hashed before anything can be said.
    case hash(EntryID)
    /// The file is still being written.
    case settling
    /// Disk and hub are equal in content and place: only `synced` has to learn it.
    case adopt(SyncedState)
    case send(Sending)
    case receive(Receiving)
    /// The folder's mode does not let it through: shown, and nobody waits for it.
    case barred(Barred)
    /// A rule ignores it: it stays as it is on each side.
    case ignored
    /// Rules that may ignore it cannot be read: it stays as it is on each side until they can be.
    case unruled
    /// What lies here and the node part: it stays here as something that the hub does not know.
    case release(LocalState)
    /// It goes into the trash: the folder is being made equal to the hub.
    case discard(LocalState)

    /// What changed here and is to be told to the hub. Edit and move may come together.
    package enum Sending: Hashable, Sendable {
        case create(LocalState, Content)
        case change(NodeID, LocalState, SyncedState, edit: Content?, moves: Bool)
        case delete(NodeID, SyncedState)
    }

    /// What the hub has and is to be done to the disk.
    package enum Receiving: Hashable, Sendable {
        /// Not here yet.
        case make(Node)
        /// Here as `from`; content, place or both differ.
        case change(LocalState, from: SyncedState, to: Node)
        case remove(LocalState, SyncedState, Node)
    }

    /// What would be done in another mode.
    package enum Barred: Hashable, Sendable {
        case sending(Sending)
        case receiving(Receiving)
    }
}

extension Subject {
    /// What follows from the three states where both directions are open.
    var freeVerdict: Verdict {
        switch (local, synced) {
        case (nil, nil):
            guard let remote, !remote.isDeleted else { return .forget }
            return .receive(.make(remote))
        case (nil, let synced?):
            guard let node, let remote, !remote.isDeleted else { return .forget }
            return .send(.delete(node, synced))
        case (let local?, nil):
            return unknownHere(local)
        case (let local?, let synced?):
            return known(local, synced)
        }
    }

    private func unknownHere(_ local: LocalState) -> Verdict {
        guard local.isSettled else { return .settling }
        guard let content = local.content else { return .hash(local.entry) }
        return .send(.create(local, content))
    }

    private func known(_ local: LocalState, _ synced: SyncedState) -> Verdict {
        guard local.isSettled else { return .settling }
        guard let content = local.content else { return .hash(local.entry) }
        // SAFETY: what has a synced state has a node id; the index keys it by that.
        let node = node!
        if local.name.isReserved, let remote { return parked(node, local, content, synced, remote) }
        let moved = !local.parent.continues(synced.location.parent) || local.name != synced.location.name
        let edited = content != synced.content
        if edited || moved {
            if let remote, !remote.isDeleted, content == remote.content, !moved || isAt(remote.location, local) {
                return adopt(local, synced, SyncedState(remote))
            }
            return .send(.change(node, local, synced, edit: edited ? content : nil, moves: moved))
        }
        guard let remote else { return .settled }
        if remote.isDeleted { return .receive(.remove(local, synced, remote)) }
        if remote.content != synced.content || remote.location != synced.location {
            return .receive(.change(local, from: synced, to: remote))
        }
        return SyncedState(remote) == synced ? .settled : .adopt(SyncedState(remote))
    }

    /// We moved it out of another node's way; nobody chose that name, so the hub is not told.
    private func parked(
        _ node: NodeID, _ local: LocalState, _ content: Content, _ synced: SyncedState, _ remote: Node
    ) -> Verdict {
        // Whoever had it open may have written to it since.
        if content != synced.content, remote.isDeleted || content != remote.content {
            return .send(.change(node, local, synced, edit: content, moves: false))
        }
        return remote.isDeleted
            ? .receive(.remove(local, synced, remote)) : .receive(.change(local, from: synced, to: remote))
    }

    /// The disk already has the hub's content; its place may still be the one that was agreed.
    private func adopt(_ local: LocalState, _ synced: SyncedState, _ remote: SyncedState) -> Verdict {
        if isAt(remote.location, local) { return .adopt(remote) }
        var here = synced
        (here.content, here.contentVersion) = (remote.content, remote.contentVersion)
        return .adopt(here)
    }

    private func isAt(_ location: Location, _ local: LocalState) -> Bool {
        local.parent.node == location.parent && local.name == location.name
    }
}
