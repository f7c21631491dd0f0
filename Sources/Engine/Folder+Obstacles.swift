internal import Index
internal import SyncCore

// What is never synced, and lies where a node of the hub is to lie: it stays, and the node waits for a person.
extension Folder {
    /// Whether something is in a node's way; that is on record then.
    func isBlocked(_ remote: Node, in parent: EntryID, _ path: RelativePath) throws -> Bool {
        guard let obstacle = try obstacle(to: remote, in: parent, path) else { return false }
        receivingTroubles[remote.id] = obstacle
        return true
    }

    /// What keeps a node from coming, or a directory that it is to lie in, for a person; nil if nothing does.
    func obstacle(to remote: Node) throws -> String? {
        guard let parent = try index.local(of: remote.parent) else {
            // Its directory has yet to come.
            return try index.remote(remote.parent).flatMap { try $0.isDeleted ? nil : obstacle(to: $0) }
        }
        guard let directory = try index.path(of: parent.entry) else { return nil }
        return try obstacle(to: remote, in: parent.entry, directory.appending(remote.name))
    }

    private func obstacle(to remote: Node, in parent: EntryID, _ path: RelativePath) throws -> String? {
        guard try index.child(of: parent, named: remote.name) == nil, let status = try tree.status(of: path) else {
            return nil
        }
        if case .other(let what) = status.kind { return "\(what) lies here under that name; move it away" }
        return try rules(of: parent).match(remote.name, isDirectory: status.kind == .node(.directory)).map { match in
            "what lies here under that name is in its way, and is \(match); move it away"
        }
    }
}
