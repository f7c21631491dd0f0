internal import Index
package import SyncCore

// A list of rules that is there and cannot be read: what it ignores nobody knows. Until it can be read, or is gone, nothing that is
// seen in its directory and below is taken in, and nothing that is known there is sent or changed. It is told and tried again;
// then everything below is looked at, so that nothing need be remembered of what happened there.
extension Folder {
    /// Whether a list that holds for the names in a directory cannot be read.
    func isUnruled(_ directory: EntryID) throws -> Bool { try rules(of: directory).isUnread }

    /// Whether nothing is taken in of what is seen in a directory.
    func isPassedOver(in directory: EntryID) throws -> Bool { try !unread.isEmpty && isUnruled(directory) }

    func isUnruled(node directory: NodeID) throws -> Bool { try rules(ofNode: directory)?.isUnread ?? false }

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
    }

    /// Lists that could not be read are tried again.
    func retryRules() throws {
        mayWalkAgain()
        for directory in unread.keys.sorted() { try noticeRules(in: directory) }
    }

    // MARK: - The three trees

    /// What of a subject waits. What was renamed out of such a directory is told, as from where it lies now. What is not at its place,
    /// with all that it holds, may lie in one: see Folder+Unseen.
    func unruled(_ subject: Subject) throws -> Unruled {
        if unread.isEmpty { return Unruled() }
        let there = try subject.remote.map { try isUnruled(node: $0.location.parent) } ?? false
        guard let local = subject.local else {
            let wasThere = try subject.synced.map { try there || isUnruled(node: $0.location.parent) } ?? false
            return Unruled(sending: wasThere, receiving: try there || isAway(subject))
        }
        if try index.path(of: local.entry) == nil { return Unruled(sending: true, receiving: true) }
        let here = try isUnruled(local.parent.entry)
        guard local.kind == .directory else { return Unruled(sending: here, receiving: here || there) }
        // A directory whose list ignores all that it holds is not sent.
        let mayBeHollow = try subject.node == nil && isUnruled(local.entry)
        let mustStay = try subject.remote?.isDeleted == true && holdsUnread(local.entry)
        return Unruled(sending: here || mayBeHollow, receiving: here || there || mustStay)
    }

    /// Whether something is to come into a directory that is not at its place: it may lie where nothing is taken in.
    private func isAway(_ subject: Subject) throws -> Bool {
        guard let parent = subject.remote?.location.parent, let row = try index.local(of: parent) else { return false }
        return try index.path(of: row.entry) == nil
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
