internal import Index
package import SyncCore

/// The disk's side: turns what is seen there into rows. Which node is it? (DESIGN §3): while a name exists, identity
/// stays with the name; when a name is gone, identity goes with the inode to where it reappeared.
extension Folder {
    /// Looks at everything, from the top: at a start, and when events were lost. While the folder's disk is not mounted
    /// it waits.
    package func lookAtEverything() throws {
        mustLookAtEverything = true
        guard tree.isPresent() else { return }
        guard let status = try tree.status(of: .top) else { throw DiskProblem(.notFound, "the folder is not there") }
        try index.setRoot(stamp: status.stamp)
        unwatched = []
        rules.forgetPlaces()
        try index.bringBackAside()
        deep = [.root]
        toList = [.root]
        mustLookAtEverything = false
    }

    /// Looks at the disk in one transaction. What is seen while the folder's marker is not there is another disk's
    /// (DESIGN §4.8): none of it counts, nothing is concluded from it, and when the disk is back everything is looked
    /// at. The same after an error.
    private func looking(_ body: () throws -> Void) throws {
        if mustLookAtEverything { try lookAtEverything() }
        guard !mustLookAtEverything else {
            toList = []
            return
        }
        do {
            try index.transaction {
                try body()
                try makeDurable()
                if !tree.isPresent() { throw Absence() }
            }
        } catch {
            toList = []
            hasLooked = false
            mustLookAtEverything = true
            if !(error is Absence) { throw error }
        }
    }

    /// Looks at one directory and, with `deep`, at everything below it.
    package func look(into directory: EntryID, deep isDeep: Bool) {
        if isDeep { deep.insert(directory) }
        toList.append(directory)
    }

    /// What is listed next is a part of a look at everything below some directory, for which nobody waits in particular.
    package var isLookingDeep: Bool { !deep.isEmpty }

    /// There are directories to be listed.
    package var isLooking: Bool { !toList.isEmpty }

    /// Lists some of the directories that are to be listed.
    /// - Parameter limit: entries after which to stop, so that others have their turn.
    package func lookOn(limit: Int = 2_000) throws {
        var seen = 0
        try looking {
            while seen < limit, let directory = toList.popLast() {
                seen += try list(directory, deep: deep.remove(directory) != nil) + 1
            }
        }
    }

    /// Looks at single names, as events named them.
    package func look(at names: [(directory: EntryID, name: Name)]) throws {
        try looking {
            for (directory, name) in names {
                guard let parent = try index.path(of: directory) else { continue }
                let path = parent.appending(name)
                try reporting(path) { try examine(directory, path, name, try tree.status(of: path)) }
            }
        }
    }

    /// Everything that changed has been looked at: what has vanished and turned up nowhere was deleted.
    /// - Returns: false if there is more to look at first.
    @discardableResult
    package func finishLooking() throws -> Bool {
        if mustLookAtEverything { try lookAtEverything() }
        guard toList.isEmpty, !mustLookAtEverything else { return false }
        let gone = try deleted()
        if gone.isEmpty {
            try enterMode()
            hasLooked = true
            return true
        }
        guard tree.isPresent() else {
            hasLooked = false
            mustLookAtEverything = true
            return false
        }
        try index.transaction {
            let lists = unread.count
            let ignored = try gone.map { try forgetIgnored(in: $0) }
            // That rules cannot be read may have come out only now: then the disk is asked when they are tried again.
            guard unread.count == lists else { return }
            for (row, ignored) in zip(gone, ignored) {
                try index.removeLocal(row.entry)
                for node in ignored { try index.dropSynced(node) }
            }
        }
        try enterMode()
        hasLooked = true
        return true
    }

    // MARK: - One directory

    /// - Returns: how many entries it has.
    private func list(_ directory: EntryID, deep: Bool) throws -> Int {
        guard let path = try index.path(of: directory) else { return 0 }
        do {
            try watch(directory, path)
            let entries = try tree.list(path)
            try noticeRules(in: directory, isDeep: deep)
            if try isPassedOver(in: directory) {
                try index.endListTrouble(of: directory, at: path)
                return entries.count
            }
            // Both are in the order of names.
            var known = try index.children(of: directory)[...]
            var gone: [LocalRow] = []
            for entry in entries {
                while let next = known.first, next.name < entry.name { gone.append(known.removeFirst()) }
                let row = known.first?.name == entry.name ? known.removeFirst() : nil
                // Most of what a look at everything finds is as it was.
                if row.map({ isAsItWas($0, entry.status) }) != true {
                    let below = path.appending(entry.name)
                    // One name's trouble is not the directory's.
                    try reporting(below) { try examine(directory, below, entry.name, entry.status) }
                }
                if deep, let row, row.kind == .directory, entry.status.kind == .node(.directory),
                    try rules(of: directory).match(entry.name, isDirectory: true) == nil
                {
                    look(into: row.entry, deep: true)
                }
            }
            let missing = (gone + known).sorted { $0.entry < $1.entry }
            // That it cannot may have come out only now.
            if try isPassedOver(in: directory) { return entries.count }
            for row in missing {
                // It may just have been found under another name.
                guard let now = try index.child(of: directory, named: row.name), now.entry == row.entry else {
                    continue
                }
                try vanish(now)
            }
            try noteWhetherHollow(directory, entries)
            try index.endListTrouble(of: directory, at: path)
            return entries.count
        } catch let problem as DiskProblem where problem.cause == .notFound && !path.isTop {
            // It went while it waited to be listed; its parent's event, or this, tells.
            if let row = try index.local(directory) { try vanish(row) }
            return 0
        } catch let problem as DiskProblem {
            try trouble(path, directory, problem.description)
            return 0
        }
    }

    /// What the hub knows, and nobody has touched since it was looked at last: there is nothing to examine.
    private func isAsItWas(_ row: LocalRow, _ status: DiskStatus) -> Bool {
        row.node != nil && status.kind == .node(row.kind) && row.stamp == status.stamp && row.mode == status.mode
    }

    private func watch(_ directory: EntryID, _ path: RelativePath) throws {
        do {
            try tree.watch(path, as: directory)
            unwatched.remove(directory)
        } catch let problem as DiskProblem where problem.cause == .noSpace {
            unwatched.insert(directory)
        }
    }

    // MARK: - One name

    private func examine(
        _ directory: EntryID, _ path: RelativePath, _ name: Name, _ status: DiskStatus?
    ) throws {
        let known = try index.child(of: directory, named: name)
        if name == IgnoreList.fileName { try noticeRules(in: directory) }
        if try isPassedOver(in: directory) { return }
        if name.isReserved, known == nil {
            if let status { try recoverParked(directory, path, name, status) }
            return try tellOfReserved(directory, path, name, isThere: status != nil)
        }
        guard let status else {
            try index.clearTrouble(at: path)
            if let known { try vanish(known) }
            return
        }
        // What the hub knows of is looked at as ever, so that `unsynced` can tell; nothing of it is sent.
        if known?.node == nil || known?.kind != status.kind.node {
            let match = try rules(of: directory).match(name, isDirectory: status.kind == .node(.directory))
            // That may have come out only now.
            if try isPassedOver(in: directory) { return }
            if let match { return try passOver(known, path, status.kind.node, match) }
        }
        guard case .node(let kind) = status.kind else {
            if let known { try vanish(known) }
            if case .other(let what) = status.kind {
                try trouble(path, nil, "\(what) cannot be synced", skipped: true)
            }
            return
        }
        if let known, known.kind == kind, try !wasReplaced(known, path, status) {
            try refresh(known, path, status)
        } else {
            if let known { try vanish(known) }
            try index.clearTrouble(at: path)
            try appear(directory, path, name, kind, status)
        }
    }

    /// What goes wrong at one name is written down and does not stop the rest.
    func reporting(_ path: RelativePath, _ body: () throws -> Void) throws {
        do { try body() } catch let problem as DiskProblem {
            // What went while it was looked at is told by its event, or by the next look.
            if problem.cause != .notFound { try trouble(path, nil, problem.description) }
        }
    }

    private func vanish(_ row: LocalRow) throws {
        var row = row
        row.isVanished = true
        try index.update(row)
    }

    /// The name is known, and of the same kind: whatever happened to it, it is the same node.
    private func refresh(_ row: LocalRow, _ path: RelativePath, _ status: DiskStatus) throws {
        var new = row
        switch row.kind {
        case .directory:
            new.mode = try adjusted(status.mode, of: row.node)
            let isOther =
                row.stamp.inode != status.stamp.inode || row.stamp.device != status.stamp.device
                || row.stamp.born != status.stamp.born
            new.stamp = status.stamp
            if isOther || row.mode != new.mode {
                try index.update(new)
            } else if row.stamp != status.stamp {
                try index.rewrite(new)
            }
            // The same inode may be another directory by now, made after the old one went, that nobody watches yet.
            if isOther || row.stamp.ctime != status.stamp.ctime { look(into: row.entry, deep: isOther) }
        case .symlink:
            guard row.stamp != status.stamp else { return }
            new.stamp = status.stamp
            new.target = try tree.readLink(path)
            try index.update(new)
        case .file:
            guard row.stamp != status.stamp || row.mode.bare != status.mode.bare else { return }
            try changed(row, status)
            try lookAtOtherNames(of: row.entry, status)
        }
    }

    /// A name that was not there: something that moved, or something new.
    private func appear(
        _ directory: EntryID, _ path: RelativePath, _ name: Name, _ kind: NodeKind, _ status: DiskStatus
    ) throws {
        let target = kind == .symlink ? try tree.readLink(path) : []
        let intended = try intended(directory, name, kind, target, status)
        // An intent comes before the inode, which may be that of something that was removed just before.
        let known = if let intended { try index.local(of: intended.0) } else { try origin(of: status, kind, directory) }
        if var row = known {
            row.target = target
            row.parent = directory
            row.name = name
            row.mode = try adjusted(status.mode, of: row.node)
            row.stamp = status.stamp
            row.isVanished = false
            // A rename changes the ctime too, and so may an edit that keeps size and mtime: the bytes decide.
            if kind == .file { row.digest = nil }
            try index.update(row)
            try fill(directory)
            if kind == .directory {
                try rulesMoved(with: row.entry)
                look(into: row.entry, deep: true)
            }
            return
        }
        let entry = try index.insertLocal(
            parent: directory, name: name, kind: kind, stamp: status.stamp, mode: status.mode, target: target)
        try fill(directory)
        if let (node, state) = intended { try become(node, state, entry) }
        if kind == .directory { look(into: entry, deep: true) }
        if kind == .file {
            fresh.append(FreshFile(directory: directory, name: name, entry: entry, changed: status.stamp.ctime))
            try lookAtOtherNames(of: entry, status, isNew: true)
        }
    }

    /// What was being brought to this place when the process died, or could not write down that it had been, if that is what
    /// lies there: it is the hub's, and not somebody's new file. Also when the first look could not see it.
    private func intended(
        _ directory: EntryID, _ name: Name, _ kind: NodeKind, _ target: [UInt8], _ status: DiskStatus
    ) throws -> (NodeID, SyncedState)? {
        guard let parent = try index.local(directory)?.nodeForChildren else { return nil }
        return try index.intents(at: Location(parent: parent, name: name)).first { node, state in
            let isSame =
                switch state.content {
                case .file(let file):
                    kind == .file && file.size == status.stamp.size && file.mtime == status.stamp.mtime
                case .symlink(let wanted, _): kind == .symlink && wanted == target
                case .directory: kind == .directory
                }
            guard try isSame && index.remote(node) != nil else { return false }
            guard let row = try index.local(of: node) else { return try index.synced(node) == nil }
            return try row.kind == kind && isGone(row) && !isInside(directory, row.entry)
        }
    }

    /// Before the process died it had put another node where this one was.
    private func wasReplaced(_ row: LocalRow, _ path: RelativePath, _ status: DiskStatus) throws -> Bool {
        let isOther =
            switch row.kind {
            // What is placed was there before what it replaces went, so that it has another number.
            case .file: row.stamp.inode != status.stamp.inode
            case .directory: row.stamp.inode != status.stamp.inode || row.stamp.born != status.stamp.born
            // Made when the old one was gone, perhaps with its number; the target says what it is.
            case .symlink: row.stamp != status.stamp
            }
        guard isOther else { return false }
        if try wasMovedOn(row, from: path) { return true }
        let target = row.kind == .symlink ? try tree.readLink(path) : []
        guard let (node, _) = try intended(row.parent, row.name, row.kind, target, status) else { return false }
        return node != row.node
    }

    /// Before the process died it had moved the node to its new place: what has the old name now is something else, whoever has
    /// changed it since.
    private func wasMovedOn(_ row: LocalRow, from path: RelativePath?) throws -> Bool {
        guard let node = row.node, let place = try index.intent(of: node)?.location,
            let directory = try index.local(of: place.parent),
            let there = try index.path(of: directory.entry)?.appending(place.name), there != path,
            let now = try tree.status(of: there)
        else { return false }
        return now.kind == .node(row.kind) && InodeKey(now.stamp) == InodeKey(row.stamp)
    }

    private func become(_ node: NodeID, _ state: SyncedState, _ entry: EntryID) throws {
        guard var row = try index.local(entry) else { return }
        row.node = node
        try index.update(row)
        try index.markSettled(.entry(entry))
        try index.setSynced(node, state)
        try isAdopted(row)
    }

    /// What a process that died had placed is agreed on now, and may not have been made durable.
    func isAdopted(_ row: LocalRow) throws {
        guard let path = try index.path(of: row.entry) else { return }
        touched.insert(path.parent)
        touchedBytes = true
    }

    /// The row of what had this inode and is not where it was any more.
    private func origin(of status: DiskStatus, _ kind: NodeKind, _ directory: EntryID) throws -> LocalRow? {
        for row in try index.locals(device: status.stamp.device, inode: status.stamp.inode) where row.kind == kind {
            // Inodes are used again: when it was made tells, and size and time confirm. A directory's change with its entries
            // and say nothing.
            if row.stamp.born != status.stamp.born { continue }
            if kind != .directory, row.stamp.size != status.stamp.size || row.stamp.mtime != status.stamp.mtime {
                // Moved on before the process died, it may have been changed where it lies now.
                guard try wasMovedOn(row, from: index.path(of: row.entry)) else { continue }
            }
            if try isGone(row), try !isInside(directory, row.entry) { return row }
        }
        return nil
    }

    private func isGone(_ row: LocalRow) throws -> Bool {
        guard !row.isVanished, let path = try index.path(of: row.entry) else { return true }
        return try tree.status(of: path)?.kind != .node(row.kind) || wasMovedOn(row, from: path)
    }

    /// A row can only become the child of something that is not below it.
    private func isInside(_ entry: EntryID, _ ancestor: EntryID) throws -> Bool {
        var current = entry
        while current != .root {
            if current == ancestor { return true }
            guard let row = try index.local(current) else { return false }
            current = row.parent
        }
        return false
    }

    // MARK: - Parked

    /// Something lies under a name of ours, and no row says so: a crash came between parking it and writing that down,
    /// or the index was lost. What it was moves on from there; what nobody knows gets a name that its user sees.
    private func recoverParked(
        _ directory: EntryID, _ path: RelativePath, _ name: Name, _ status: DiskStatus
    ) throws {
        guard let original = ParkedName.original(of: name), case .node(let kind) = status.kind else { return }
        if try origin(of: status, kind, directory) != nil { return try appear(directory, path, name, kind, status) }
        try unpark(path, original, Known(kind, status.stamp))
    }

    /// Names of ours are never synced; a user who chose one is told.
    private func tellOfReserved(_ directory: EntryID, _ path: RelativePath, _ name: Name, isThere: Bool) throws {
        if directory == .root, name.bytes == Name.reservedPrefix { return }
        guard isThere, ParkedName.original(of: name) == nil else { return try index.clearTrouble(at: path) }
        try trouble(path, nil, "names that begin with .synchub are the program's own; rename it", skipped: true)
    }

    /// Gives something parked a visible name: its own, or one beside it.
    func unpark(_ path: RelativePath, _ original: Name, _ known: Known) throws {
        for attempt in 0..<100 {
            let name =
                attempt == 0 ? original : ConflictName.mark(original, " (recovered \(attempt))", keepsExtension: true)
            if case .done = try tree.move(path, known, to: path.parent.appending(name)) {
                touched.insert(path.parent)
                return
            }
            if try tree.status(of: path) == nil { return }
        }
    }
}

/// The folder's marker is not there.
private struct Absence: Error {}

/// The names under which something steps aside for a moment.
enum ParkedName {
    private static let prefix = Array(".synchub-parked-".utf8)

    /// - Parameter entry: makes it one of a kind within the folder.
    static func make(_ name: Name, _ entry: EntryID) -> Name {
        let room = Name.limit - prefix.count - 21
        // SAFETY: not empty, at most 255 bytes, and neither part holds a slash or NUL.
        return try! Name(prefix + Array("\(entry.rawValue)-".utf8) + name.bytes.prefix(room))
    }

    /// The name it had, or the beginning of it; nil for names of another sort.
    static func original(of name: Name) -> Name? {
        guard name.bytes.starts(with: prefix),
            let dash = name.bytes.dropFirst(prefix.count).firstIndex(of: UInt8(ascii: "-"))
        else { return nil }
        return try? Name(Array(name.bytes[(dash + 1)...]))
    }
}
