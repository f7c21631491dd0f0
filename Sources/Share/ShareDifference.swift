package import FileTree
package import Journal
package import SyncCore

/// What one name in the share is to the journal: a pure function of what the journal knows and what the disk shows.
package enum ShareDifference: Hashable, Sendable {
    /// Nothing has happened; or what is there is no node (a pipe, a socket, a device).
    case none
    /// The journal knows nothing of that name.
    case appeared(NodeKind)
    /// The journal has a node there, and the disk has none.
    case vanished
    /// Another kind of node has the name: the one that the journal knows is gone, or elsewhere.
    case replaced(by: NodeKind)
    /// The node is there, and its bytes have to be looked at.
    case touched
    /// The node is there: another directory has taken its name (all in it is to be looked at), or its mode is another one.
    case directory(isOther: Bool, mode: Mode?)

    /// - Parameters:
    ///   - node: the live node under that name.
    ///   - placed: what is known to lie there for it.
    ///   - status: what lies there.
    ///   - wasWritten: an event says that bytes were written: the times alone are not believed then, since older kernels
    ///     move them in steps.
    package static func between(
        _ node: Node?, placed: Placed?, _ status: FileStatus?, wasWritten: Bool = false
    ) -> ShareDifference {
        guard let status, let kind = status.kind.node else { return node == nil ? .none : .vanished }
        guard let node else { return .appeared(kind) }
        guard node.content.kind == kind else { return .replaced(by: kind) }
        if case .directory(let mode) = node.content {
            let isOther = placed?.isInode(of: status) != true
            if !isOther, status.mode == mode.bare { return .none }
            return .directory(isOther: isOther, mode: status.mode == mode.bare ? nil : status.mode)
        }
        // Inode, size and times of what was placed or taken in last: our own placements end here.
        return placed?.fingerprint(of: status.kind) == status.fingerprint && !wasWritten ? .none : .touched
    }

    /// Whether something that appeared can be what lay elsewhere in the same inode. Inodes are used again: when
    /// it was made tells, and of a file size and time confirm. A directory's change with its entries and say nothing.
    package static func isSame(_ node: Node, _ placed: Placed, _ status: FileStatus) -> Bool {
        guard node.content.kind == status.kind.node, placed.isInode(of: status) else { return false }
        return node.content.isDirectory || (placed.size == status.size && placed.mtime == status.mtime)
    }
}
