internal import FileTree
internal import Journal
internal import Share
import SyncCore

/// A change of the share that is to be committed, and what lies there after it.
struct ShareDeed {
    var spot: Spot
    var change: Change
    /// What is known to lie there then; nil if it has to be looked at again, or is gone.
    var status: FileStatus?
}

extension ShareWatcher {
    /// Looks at names that have become quiet.
    func lookAtSome() throws {
        due += settling.takeDue(at: now)
        // Rules come before what they are about.
        let lists = due.filter { $0.name == IgnoreList.fileName }
        if !lists.isEmpty { due = due.filter { $0.name != IgnoreList.fileName } + lists }
        var deeds: [ShareDeed] = []
        if !due.isEmpty { uploads.look() }
        for _ in 0..<min(due.count, ShareWatcher.share) {
            let spot = due.removeLast()
            do { try examine(spot, &deeds) } catch { failed(spot, error) }
        }
        try commit(deeds)
    }

    func examine(_ spot: Spot, _ deeds: inout [ShareDeed]) throws {
        guard let path = try path(of: spot) else {
            try uploads.leave(spot.location)
            return finish(spot)
        }
        let status = try share.status(of: path)
        let node = try journal.child(of: spot.directory, named: spot.name)
        if try waits(spot, path, node, status) { return }
        // The journal is ahead of the disk here: its placement comes first.
        if placer.isWaiting(at: path) {
            // While nothing lies there a person may have asked for it: see ``giveUpLost()``.
            if status != nil { try giveUpIfLost(node, path) }
            return note(spot)
        }
        if node == nil, status == nil, try isAstray(spot) { return finish(spot) }
        if try isIgnored(spot, node, status) { return try passOver(spot, node, status) }
        if spot.name == IgnoreList.fileName {
            let list = noticeRules(in: spot.directory, path.parent)
            if list.isNew { look(into: spot.directory, mark: unfinished[.name(spot)]) }
            if let failure = list.failure { return failed(spot, failure) }
        }
        let difference = ShareDifference.between(
            node, placed: try node.flatMap { try placed($0.id) }, status, wasWritten: written.contains(spot))
        // A directory that could not be read: now it may be.
        if let node, node.content.isDirectory, problems[spot] != nil {
            look(into: node.id, mark: unfinished[.name(spot)])
        }
        if difference != .none, let status { try noteOtherNames(of: status, than: spot) }
        switch (difference, node, status) {
        case (.none, _, _):
            if let node, node.content.isDirectory { lookIfUnwatched(node.id, mark: unfinished[.name(spot)]) }
            if let node { try noteReverted(node.id) }
            uploads.confirm(path)
            written.remove(spot)
            finish(spot)
        case (.vanished, let node?, _):
            vanish(node, at: spot)
            finish(spot)
        case (.replaced, let node?, _):
            vanish(node, at: spot)
            afterwards.insert(spot)
        case (.directory(let isOther, let mode), let node?, let status?):
            if isOther { try refresh(node, spot, status, unfinished[.name(spot)]) }
            guard let mode else { return finish(spot) }
            deeds.append(.edit(node, spot, .directory(mode), status))
        case (.touched, let node?, let status?): try readBytes(of: node, spot, path, status, &deeds)
        case (.appeared(let kind), _, let status?): try appear(kind, spot, path, status, &deeds)
        default: finish(spot)
        }
    }

    private func readBytes(
        of node: Node, _ spot: Spot, _ path: RelativePath, _ status: FileStatus, _ deeds: inout [ShareDeed]
    ) throws {
        guard node.content.kind == .symlink else { return hash(spot, path, status) }
        let content = Content.symlink(target: try share.readLink(path), mtime: status.mtime)
        if content != node.content.bare { return deeds.append(.edit(node, spot, content, status)) }
        placer.placed[node.id] = Placed(status)
        try noteReverted(node.id)
        finish(spot)
    }

    private func appear(
        _ kind: NodeKind, _ spot: Spot, _ path: RelativePath, _ status: FileStatus, _ deeds: inout [ShareDeed]
    ) throws {
        if kind == .directory {
            try appear([(spot, status)], unfinished[.name(spot)])
            return finish(spot)
        }
        if let node = try origin(of: status, into: spot) {
            let mark = unfinished[.name(spot)]
            try move(node, to: spot, status)
            // A rename moves the ctime too, and so may an edit that keeps size and time: the bytes decide.
            return kind == .file ? hash(spot, path, status, mark) : note(spot, mark: mark)
        }
        if kind == .file { return hash(spot, path, status) }
        let content = Content.symlink(target: try share.readLink(path), mtime: status.mtime)
        deeds.append(.create(spot, content, status))
    }

    private func vanish(_ node: Node, at spot: Spot) {
        vanished.insert(node.id)
        begin(.vanished(node.id), unfinished[.name(spot)])
    }

    private func failed(_ spot: Spot, _ error: any Error) {
        if let error = error as? FileTreeError, error.meansAbsence || error.reason == .changedWhileRead {
            return note(spot)
        }
        if problems[spot] == nil { hubLog.warning("share_unreadable", ["reason": "\(error)"]) }
        postpone(spot, because: "\(error)")
    }

    // MARK: - Directories

    /// New names of directories: each was moved here, or is new.
    func appear(_ directories: [(Spot, FileStatus)], _ mark: Int64? = nil) throws {
        var new: [ShareDeed] = []
        for (spot, status) in directories {
            if let node = try origin(of: status, into: spot) {
                try move(node, to: spot, status)
                lookIfUnwatched(node.id, mark: mark)
                if node.content.bare != .directory(status.mode) { note(spot, mark: mark) }
            } else {
                new.append(.create(spot, .directory(status.mode), status))
            }
        }
        for node in try commit(new) { if let node { look(into: node.id, mark: mark) } }
    }

    /// Another directory has the node's name: it is the node now, and all in it is looked at.
    func refresh(_ node: Node, _ spot: Spot, _ status: FileStatus, _ mark: Int64? = nil) throws {
        placer.placed[node.id] = Placed(status)
        hasProgress = true
        look(into: node.id, mark: mark)
        if node.content.bare != .directory(status.mode) { note(spot, mark: mark) }
    }

    // MARK: - Moves

    /// The node that lay in this inode and is not where it was any more.
    func origin(of status: FileStatus, into spot: Spot) throws -> Node? {
        try nodes(in: status).first { node in
            guard let placed = try placed(node.id), ShareDifference.isSame(node, placed, status),
                let path = try journal.path(of: node.id), !placer.isWaiting(at: path), try !isIgnored(node)
            else { return false }
            return try share.status(of: path)?.kind.node != node.content.kind
                && !isInside(spot.directory, node.id) && fits(node, into: spot)
        }
    }

    func move(_ node: Node, to spot: Spot, _ status: FileStatus) throws {
        let change = Change.move(node.id, base: node.locationVersion, to: .node(spot.directory), name: spot.name)
        let isKnown = node.content.isDirectory
        try commit([ShareDeed(spot: spot, change: change, status: isKnown ? status : nil)])
        vanished.remove(node.id)
        end(.vanished(node.id))
        guard isKnown else { return }
        forgetPlaces()
        if !rules.isEmpty || !tooDeep.isEmpty { look(into: node.id) }
    }

    /// A directory can only come into one that is not below it.
    private func isInside(_ directory: NodeID, _ ancestor: NodeID) throws -> Bool {
        var current = directory
        while current != .root {
            if current == ancestor { return true }
            guard let node = try journal.node(current) else { return false }
            current = node.parent
        }
        return false
    }
}

extension ShareDeed {
    static func create(_ spot: Spot, _ content: Content, _ status: FileStatus) -> ShareDeed {
        ShareDeed(
            spot: spot, change: .create(in: .node(spot.directory), name: spot.name, content: content), status: status)
    }

    /// Whatever lies there has replaced the journal's newest version, since placements are carried out with their commits. Who
    /// could not have seen that is told by ``UnseenTable`` before.
    static func edit(_ node: Node, _ spot: Spot, _ content: Content, _ status: FileStatus) -> ShareDeed {
        ShareDeed(
            spot: spot, change: .edit(node.id, base: node.contentVersion, content: content), status: status)
    }
}
