internal import Index
internal import SyncCore

extension Folder {
    /// What the disk shows, in terms of what was agreed: what this machine cannot have (an owner that it does not know,
    /// more attributes than are carried) is no change of its user.
    func adjusted(_ mode: Mode, of node: NodeID?) throws -> Mode {
        guard index.carries != .nothing, let node else { return mode }
        return understood(mode, for: try index.synced(node)?.content.mode)
    }

    /// What the disk shows after, or since, it was to become `wanted`.
    func understood(_ mode: Mode, for wanted: Mode?) -> Mode {
        guard index.carries != .nothing, let wanted = wanted?.extras else { return mode }
        let seen = mode.extras ?? Extras()
        let known = tree.knows(wanted)
        return Mode(
            mode.rawValue,
            extras: Extras(
                owner: known.owner ? seen.owner ?? wanted.owner : wanted.owner,
                group: known.group ? seen.group ?? wanted.group : wanted.group,
                attributes: known.attributes ? seen.attributes ?? wanted.attributes : wanted.attributes))
    }
}
