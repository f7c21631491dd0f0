internal import FileTree
internal import Journal
internal import Processes
internal import Share
import SyncCore

extension ShareWatcher {
    /// Looks at the whole share: at a start, and when events were lost. Cheap where nothing has changed: no file is
    /// read.
    func lookAtEverything() {
        unwatched = []
        look(into: .root)
    }

    /// The share is away: nothing of what was seen counts.
    func forgetAll() {
        settling = Settling(debounce: Int64(settings.shareSettle), longest: Int64(settings.shareRetry))
        (written, due, toList, deep, unwatched, watched) = ([], [], [], [], [], [])
        toHash.removeAll()
        (vanished, afterwards, quietOnce, problems, unfinished) = ([], [], [:], [:], [:])
        (inHash, astray, tooDeep) = ([], [:], [])
        heldNodes = []
        rules = RuleCache()
        _ = mailbox.take()
        planTurn()
    }

    /// It is back, or another directory has become the share: whoever waits for it waits for all of this.
    func lookAtAllAgain() {
        forgetAll()
        look(into: .root, mark: 0)
        planTurn()
    }

    /// Looks at a directory, and at all that is below it.
    func look(into directory: NodeID, deep isDeep: Bool = true, mark: Int64? = nil) {
        if isDeep { deep.insert(directory) }
        if unfinished[.directory(directory)] == nil { toList.append(directory) }
        begin(.directory(directory), mark)
    }

    func lookIfUnwatched(_ directory: NodeID, mark: Int64? = nil) {
        if !watched.contains(directory), !unwatched.contains(directory) { look(into: directory, mark: mark) }
    }

    /// Lists some of the directories that are to be listed.
    func listSome() throws {
        if !unwatched.isEmpty, nextRound <= now {
            nextRound = now + Int64(settings.shareRound)
            for directory in unwatched { look(into: directory, deep: deep.contains(directory)) }
        }
        var seen = 0
        func list() throws {
            while seen < ShareWatcher.share, let directory = toList.popLast() { seen += try self.list(directory) + 1 }
        }
        if deep.isEmpty { try list() } else { try DiskPriority.whileIdle(list) }
    }

    /// Names in one turn.
    static let share = 500

    /// - Returns: how many entries it has.
    private func list(_ directory: NodeID) throws -> Int {
        let task = ShareTask.directory(directory)
        let mark = unfinished[task] ?? lastMark
        var isDeep = deep.remove(directory) != nil
        defer { end(task) }
        guard let path = try directory == .root ? .top : livePath(directory) else {
            unwatched.remove(directory)
            watched.remove(directory)
            return 0
        }
        if try rules(of: directory).excluded != nil {
            unwatched.remove(directory)
            return 0
        }
        // First the watch: whatever is not in the list comes as an event.
        watch(directory, path)
        let entries: [DirectoryEntry]
        do throws(FileTreeError) { entries = try share.list(path) } catch {
            try couldNotList(directory, path, error)
            return 0
        }
        let list = noticeRules(in: directory, path)
        if list.isNew { isDeep = true }
        if list.failure != nil { noteList(in: directory, mark: mark) }
        try compare(entries, in: directory, isDeep: isDeep, mark)
        return entries.count
    }

    private func livePath(_ directory: NodeID) throws -> RelativePath? {
        guard let node = try journal.node(directory), !node.isDeleted else { return nil }
        return try journal.path(of: directory)
    }

    private func watch(_ directory: NodeID, _ path: RelativePath) {
        do throws(WatchError) {
            guard let watcher else { throw .tooManyInstances(current: nil) }
            if let other = try watcher.watch(path, in: share, token: directory.rawValue) {
                watched.remove(NodeID(other))
            }
            watched.insert(directory)
            unwatched.remove(directory)
        } catch {
            if case .directory = error { return }
            if unwatched.isEmpty {
                hubLog.error("share_unwatched", ["first": path, "reason": "\(error)"])
                nextRound = now + Int64(settings.shareRound)
            }
            unwatched.insert(directory)
        }
    }

    private func couldNotList(_ directory: NodeID, _ path: RelativePath, _ error: FileTreeError) throws {
        guard let node = try journal.node(directory) else {
            return hubLog.error("share_unreadable", ["reason": "\(error)"])
        }
        let spot = Spot(directory: node.parent, name: node.name)
        if error.meansAbsence { return note(spot) }
        hubLog.warning("share_unreadable", ["path": path, "reason": "\(error)"])
        problems[spot] = "\(error)"
    }

    private func compare(_ entries: [DirectoryEntry], in directory: NodeID, isDeep: Bool, _ mark: Int64) throws {
        var known: [Name: Node] = [:]
        for node in try journal.children(of: directory) { known[node.name] = node }
        let written = known.isEmpty ? [:] : try journal.placedChildren(of: directory)
        var directories: [(Spot, FileStatus)] = []
        for entry in entries where !entry.name.isReserved {
            let spot = Spot(directory: directory, name: entry.name)
            let node = known.removeValue(forKey: entry.name)
            if try isIgnored(spot, node, entry.status) {
                try passOver(spot, node, entry.status)
                continue
            }
            let placed = node.flatMap { placer.placed[$0.id] ?? written[$0.id] }
            switch ShareDifference.between(node, placed: placed, entry.status) {
            case .none:
                guard let node, node.content.isDirectory else { continue }
                if isDeep { look(into: node.id, mark: mark) } else { lookIfUnwatched(node.id, mark: mark) }
            case .appeared(.directory): directories.append((spot, entry.status))
            case .directory(true, _): if let node { try refresh(node, spot, entry.status, mark) }
            default:
                if let node, node.content.isDirectory, isDeep { look(into: node.id, mark: mark) }
                note(spot, mark: mark)
            }
        }
        for node in try known.values.filter({ try !isIgnored($0) }) {
            note(Spot(directory: directory, name: node.name), mark: mark)
        }
        try appear(directories, mark)
    }
}
