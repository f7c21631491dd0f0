internal import FileTree
internal import Journal
internal import Share
import SyncCore

/// What a device has replaced or taken away that it could not have seen comes back: see ``UnseenTable``.
extension ShareWatcher {
    /// Whether a file's bytes can be had from anywhere. Where nobody has them, what a device did counts as any other change.
    func canComeBack(_ node: Node, _ path: RelativePath) throws -> Bool {
        guard let file = node.content.file else { return false }
        return try placer.store.hasVersion(file.digest) || mayBeOffered(node, path)
    }

    /// Whether a file is gone that its device could not have seen, so that it comes back. After a look.
    func isTakenUnseen(_ node: Node) throws -> Bool {
        guard uploads.hasUnseen, node.content.kind == .file, let path = try journal.path(of: node.id) else {
            return false
        }
        return try uploads.isUnseen(path) && canComeBack(node, path)
    }

    /// Whether a device has done something under a name without having seen what lay there. Without a look.
    func isUnseen(_ spot: Spot) throws -> Bool {
        guard uploads.hasUnseen else { return false }
        return try path(of: spot).map(uploads.isUnseen) ?? false
    }

    /// A file comes back, from wherever its bytes can be had, with the directories that it was in; what has been written there lies
    /// beside it then. Until that is done both stay where they are.
    func bringBack(_ node: Node) throws {
        hubLog.info("replaced_unseen", ["node": node.id.rawValue])
        hasProgress = true
        for id in try missingAbove(node) + [node.id] {
            placer.placed[id] = nil
            if let placement = try journal.bringBack(id) {
                try placer.run([placement])
                if placer.lacksBytes(for: placement) {
                    hasWanted = true
                    returning.insert(id)
                }
            }
        }
    }

    /// The directories above a node that do not lie in the share, from the top.
    private func missingAbove(_ node: Node) throws -> [NodeID] {
        var missing: [NodeID] = []
        var current = node.parent
        while current != .root, let directory = try journal.node(current), let path = try journal.path(of: current),
            try share.status(of: path)?.kind != .directory, !placer.isWaiting(at: path)
        {
            missing.insert(current, at: 0)
            current = directory.parent
        }
        return missing
    }

    /// A file that waits for its bytes, while something else lies at its place, waits no longer if nobody can have them any more.
    /// - Returns: whether it was given up.
    @discardableResult
    func giveUpIfLost(_ node: Node?, _ path: RelativePath) throws -> Bool {
        guard let node, node.content.kind == .file, try !canComeBack(node, path),
            try placer.giveUp(node.id)
        else { return false }
        hubLog.warning("bytes_lost", ["node": node.id.rawValue, "then": "what lies there is taken in"])
        returning.remove(node.id)
        hasProgress = true
        return true
    }

    /// What a device has taken away unseen, and nobody can give back any more, is gone. To be called when machines may have gone.
    func giveUpLost() {
        do {
            for id in returning {
                guard let node = try journal.node(id), !node.isDeleted, let path = try journal.path(of: id),
                    placer.isWaiting(at: path)
                else {
                    returning.remove(id)
                    continue
                }
                // Otherwise its name is looked at anyway.
                guard try share.status(of: path) == nil, try giveUpIfLost(node, path) else { continue }
                vanished.insert(id)
                begin(.vanished(id))
                planTurn()
            }
        } catch {
            hubLog.error("share_failed", ["reason": "\(error)"])
        }
    }
}
