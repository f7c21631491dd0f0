internal import FileTree
internal import Journal
internal import Share
import SyncCore

extension ShareWatcher {
    /// What has vanished and turned up nowhere was deleted: once all that the kernel knows was heard, so that a move is
    /// never seen by one half.
    func conclude() throws {
        guard !vanished.isEmpty || !afterwards.isEmpty || !heldNodes.isEmpty, toList.isEmpty else { return }
        watcher?.drain()
        try takeEvents()
        // Too much is going on to look at all of it: later.
        guard toList.isEmpty, due.isEmpty, settling.waiting.count <= 5000 else { return }
        // Absence is not deletion (DESIGN §4.8).
        guard vanished.isEmpty || fence.check() else { return }
        // The marker is gone, too: all that is missing is found before a person is asked.
        guard toList.isEmpty else { return }
        let elsewhere = try identitiesOfWaitingNames()
        if !vanished.isEmpty { uploads.look() }
        var found = Gone()
        for id in vanished.sorted() {
            guard let node = try stillVanished(id) else { continue }
            _ = try collect(node, elsewhere, &found)
        }
        for id in found.kept where vanished.remove(id) != nil { end(.vanished(id)) }
        for node in found.returning { try bringBack(node) }
        try holdBack(&found.deeds)
        try commit(found.deeds)
        for id in found.seen where try journal.node(id)?.isDeleted ?? true {
            vanished.remove(id)
            end(.vanished(id))
        }
        try lookAfterwards()
    }

    /// Too much has vanished: nobody is told before a person has decided.
    private func holdBack(_ deeds: inout [ShareDeed]) throws {
        let refused = try askGuard(
            deeds, coming: try vanishing(),
            areAllDeletions: settling.isEmpty && inHash.isEmpty && due.isEmpty && toHash.isEmpty)
        deeds.removeAll { $0.change.node.map(refused.contains) ?? false }
        // Nobody waits for a person without knowing it: see ``reason``.
        for node in refused { end(.vanished(node)) }
    }

    // MARK: - Doubt

    /// The share's marker was gone: until it is clear that nothing else is, every deletion waits for a person.
    func doubtDeletions() {
        look(into: .root)
        doubtMark = lastMark
        lastMark += 1
        planTurn()
    }

    /// All has been looked at since, and nothing was missing for as long as the guard looks back: then it was the marker alone.
    func settleDoubt() throws {
        guard let mark = doubtMark, hasTakenIn(mark),
            try journal.endShareDoubt(Placer.shareClient, settings.guardRule, at: moment())
        else { return }
        doubtMark = nil
    }

    /// - Returns: the nodes of the deeds that wait for a person.
    func askGuard(_ deeds: [ShareDeed], coming: Int, areAllDeletions: Bool = false) throws -> Set<NodeID> {
        let word = try journal.guardShare(
            deeds.map(\.change), by: Placer.shareClient, rule: settings.guardRule, coming: coming,
            areAllDeletions: areAllDeletions, at: clock.now().inSeconds, moment: moment())
        setHeld(word.held)
        return word.refused
    }

    /// A file is as the journal has it again.
    func noteReverted(_ node: NodeID) throws {
        guard heldNodes.contains(node) else { return }
        try journal.forgetHeld(node, of: Placer.shareClient)
        setHeld(heldNodes.subtracting([node]))
    }

    /// A person has decided: what waited is looked at.
    func lookAgain(at nodes: [NodeID]) throws {
        setHeld(try journal.heldNodes(of: Placer.shareClient))
        for id in nodes {
            guard let node = try journal.node(id), !node.isDeleted else { continue }
            note(Spot(directory: node.parent, name: node.name))
        }
        planTurn()
    }

    private func setHeld(_ nodes: Set<NodeID>) {
        if nodes == heldNodes { return }
        heldNodes = nodes
        hasProgress = true
    }

    /// How many names that are not quiet yet have gone: they belong to what has vanished just before.
    private func vanishing() throws -> Int {
        try settling.waiting.count { spot in
            guard let path = try path(of: spot), try journal.child(of: spot.directory, named: spot.name) != nil else {
                return false
            }
            return try share.status(of: path) == nil
        }
    }

    /// Nil, and no longer vanished, if it has come back.
    private func stillVanished(_ id: NodeID) throws -> Node? {
        if let node = try journal.node(id), !node.isDeleted, let path = try journal.path(of: id),
            try !isIgnored(node)
        {
            guard try share.status(of: path)?.kind.node == node.content.kind else {
                return placer.isWaiting(at: path) ? nil : node
            }
            // In a directory that was moved, it may have been changed as well.
            note(Spot(directory: node.parent, name: node.name), mark: unfinished[.vanished(id)])
        }
        vanished.remove(id)
        end(.vanished(id))
        return nil
    }

    /// The inodes under names that are not looked at yet: one of them may be what has vanished.
    private func identitiesOfWaitingNames() throws -> Set<FileIdentity> {
        var found: Set<FileIdentity> = []
        for spot in settling.waiting + inHash {
            guard let path = try path(of: spot), let status = try share.status(of: path) else { continue }
            found.insert(status.identity)
        }
        return found
    }

    /// What has vanished.
    private struct Gone {
        /// Deletions, deepest first.
        var deeds: [ShareDeed] = []
        var seen: Set<NodeID> = []
        /// What is ignored, or comes back, and the directories that it is in: they are not deleted.
        var kept: Set<NodeID> = []
        /// What a device has taken away unseen.
        var returning: [Node] = []
    }

    /// Deletions of a node and of all below it.
    /// - Returns: false if something of it may be elsewhere, so that it has to wait, or is kept.
    private func collect(_ node: Node, _ elsewhere: Set<FileIdentity>, _ found: inout Gone) throws -> Bool {
        if found.kept.contains(node.id) { return false }
        if try isIgnored(node) {
            found.kept.insert(node.id)
            return false
        }
        if !found.seen.insert(node.id).inserted { return true }
        var isWhole = true
        let children = try node.content.isDirectory ? journal.children(of: node.id) : []
        for child in children {
            if try !collect(child, elsewhere, &found) { isWhole = false }
        }
        if children.contains(where: { found.kept.contains($0.id) }) {
            found.kept.insert(node.id)
            // What else was in it goes its own way.
            for child in children where !found.kept.contains(child.id) && vanished.insert(child.id).inserted {
                begin(.vanished(child.id), unfinished[.vanished(node.id)])
            }
        }
        if isWhole, let placed = try placed(node.id), elsewhere.contains(placed.identity) { isWhole = false }
        if isWhole, try isTakenUnseen(node) {
            found.kept.insert(node.id)
            found.returning.append(node)
            isWhole = false
        }
        guard isWhole else {
            found.seen.remove(node.id)
            return false
        }
        let spot = Spot(directory: node.parent, name: node.name)
        let change = Change.delete(
            node.id, contentBase: node.contentVersion, locationBase: node.locationVersion)
        found.deeds.append(ShareDeed(spot: spot, change: change, status: nil))
        return true
    }

    /// Names that something else had until now.
    private func lookAfterwards() throws {
        for spot in afterwards {
            if let node = try journal.child(of: spot.directory, named: spot.name), vanished.contains(node.id) {
                continue
            }
            afterwards.remove(spot)
            due.append(spot)
        }
        if !due.isEmpty { planTurn() }
    }
}
