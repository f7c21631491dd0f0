internal import Index
package import SyncCore

// A list of rules that is there and cannot be read: what it ignores nobody knows. Until it can be read, or is gone, nothing that is
// seen in its directory and below is taken in, and nothing that is known there is sent or changed. It is told and tried again;
// then everything below is looked at, so that nothing need be remembered of what happened there.
extension Folder {
    /// Whether a list that holds for the names in a directory cannot be read.
    func isUnruled(_ directory: EntryID) throws -> Bool { try rules(of: directory).isUnread }

    private func isUnruled(node directory: NodeID) throws -> Bool { try rules(ofNode: directory)?.isUnread ?? false }

    /// The list of a directory cannot be read now.
    func cannotRead(_ directory: EntryID, _ problem: DiskProblem) throws {
        // What is ignored with its directory no list there has a say in.
        if try rules(of: directory).excluded != nil {
            try needNotRead(directory)
        } else if unread.updateValue(problem.description, forKey: directory) == nil {
            rules.forgetPlaces()
        }
    }

    /// The directory is gone, or ignored.
    func needNotRead(_ directory: EntryID) throws {
        guard unread[directory] != nil else { return }
        try index.bringBackAside()
        try isReadable(directory)
    }

    /// The planner looks at what had to wait already.
    func isReadable(_ directory: EntryID) throws {
        unread[directory] = nil
        rules.forgetPlaces()
        for other in unseen.keys.sorted() {
            if try unread.isEmpty || !isUnruled(other) { unseen[other] = nil }
        }
    }

    /// Lists that could not be read are tried again.
    func retryRules() throws {
        for directory in unread.keys.sorted() { try noticeRules(in: directory) }
    }

    // MARK: - The three trees

    /// What of a subject waits. What was renamed out of such a directory is told, as from where it lies now.
    func unruled(_ subject: Subject) throws -> Unruled {
        if unread.isEmpty { return Unruled() }
        let there = try subject.remote.map { try isUnruled(node: $0.location.parent) } ?? false
        guard let local = subject.local else {
            let wasThere = try subject.synced.map { try there || isUnruled(node: $0.location.parent) } ?? false
            return Unruled(sending: wasThere, receiving: there)
        }
        let here = try isUnruled(local.parent.entry)
        guard local.kind == .directory else { return Unruled(sending: here, receiving: here || there) }
        // A directory whose list ignores all that it holds is not sent.
        let mayBeHollow = try subject.node == nil && isUnruled(local.entry)
        let mustStay = try subject.remote?.isDeleted == true && holdsUnread(local.entry)
        return Unruled(sending: here || mayBeHollow, receiving: here || there || mustStay)
    }

    /// Whether a list in a directory, or below it, cannot be read.
    private func holdsUnread(_ directory: EntryID) throws -> Bool {
        for entry in unread.keys {
            var current = entry
            while current != directory, current != .root, let row = try index.local(current) { current = row.parent }
            if current == directory { return true }
        }
        return false
    }

    // MARK: - Renamed into such a directory

    /// Whether a name that was seen is not taken in. Remembers what had it.
    func isPassedOver(_ name: Name, _ status: DiskStatus?, in directory: EntryID) throws -> Bool {
        guard try !unread.isEmpty && isUnruled(directory) else { return false }
        if let status { unseen[directory, default: [:]][InodeKey(status.stamp)] = name }
        return true
    }

    /// Whether what is not at its place any more was not deleted, as far as anybody knows: it lay, or lies, where nothing is taken
    /// in, or was on its way there when the process died.
    func mayBeUnseen(_ row: LocalRow) throws -> Bool {
        if try isUnruled(row.parent) { return true }
        if let node = row.node, let remote = try index.remote(node), !remote.isDeleted,
            try isUnruled(node: remote.location.parent)
        {
            return true
        }
        for directory in unseen.keys.sorted() {
            guard let name = unseen[directory]?[InodeKey(row.stamp)], try isUnruled(directory),
                let path = try index.path(of: directory)
            else { continue }
            do {
                let now = try tree.status(of: path.appending(name))
                if now.map({ InodeKey($0.stamp) }) == InodeKey(row.stamp) { return true }
            } catch is DiskProblem { return true }
        }
        return false
    }

    // MARK: - For people

    /// Why nothing goes on at a path, if that is since rules cannot be read.
    package func unreadRules(for path: RelativePath) throws -> String? {
        if unread.isEmpty { return nil }
        var directory = EntryID.root
        for name in path.names {
            if unread[directory] != nil { break }
            guard let row = try index.child(of: directory, named: name) else { break }
            directory = row.entry
        }
        guard unread[directory] != nil, let above = try index.path(of: directory) else { return nil }
        return "it waits, since the rules in '\(above.appending(IgnoreList.fileName))' cannot be read"
    }

    /// The lists that cannot be read, and why.
    func unreadLists() throws -> [(path: RelativePath, reason: String)] {
        try unread.compactMap { directory, problem in
            try index.path(of: directory).map {
                (
                    $0.appending(IgnoreList.fileName),
                    "\(problem); until it can be read, nothing in its directory and below is synced"
                )
            }
        }
    }
}

/// What the file system knows a file or directory by.
struct InodeKey: Hashable {
    private let device: UInt64
    private let inode: UInt64

    init(_ stamp: Stamp) { (device, inode) = (stamp.device, stamp.inode) }
}
