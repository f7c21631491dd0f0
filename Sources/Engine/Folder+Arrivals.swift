internal import Index
internal import SyncCore

/// A file that is new here, goes into a directory that is here, and has nothing in its way: what most of what comes is.
struct Arrival {
    var node: Node
    /// In which it is to lie.
    var directory: Landing
    /// Where it is to lie.
    var path: RelativePath { directory.path.appending(node.name) }
}

/// A directory that is here and stays as it is.
struct Landing {
    var entry: EntryID
    /// Below the folder.
    var path: RelativePath
    /// Below the share.
    var remotePath: RelativePath
}

/// What is asked about directories while many nodes are looked at: once for each. Holds as long as nothing but files is placed, and
/// nothing is received.
struct Landings {
    /// Nil for a directory that is not here, or is to change.
    fileprivate var byNode: [NodeID: Landing?] = [:]
    fileprivate var rules: [NodeID: DirectoryRules?] = [:]
}

extension Folder {
    /// A node that is new here, may come and is no matter for the way up: whether it can be placed is not looked at. Nil for
    /// anything else, which is looked at with more care.
    func newcomer(_ node: NodeID, _ landings: inout Landings) throws -> Node? {
        guard index.mode == .twoWay, let remote = try index.arrival(node) else { return nil }
        let above = remote.location.parent
        if landings.rules[above] == nil { landings.rules[above] = .some(try rules(ofNode: above)) }
        let rules = landings.rules[above] ?? nil
        if let rules, rules.isUnread { return nil }
        let match = rules?.match(remote.name, isDirectory: remote.content.isDirectory)
        return match == nil ? remote : nil
    }

    /// Nil for anything but a plain file into a directory that is here, under a name that is free.
    func arrival(_ node: NodeID, _ landings: inout Landings) throws -> Arrival? {
        guard index.carries == .nothing, let remote = try newcomer(node, &landings), remote.content.file != nil,
            remote.name != IgnoreList.fileName, !remote.name.isReserved,
            let directory = try landing(remote.location.parent, &landings),
            try !index.isTaken(remote.name, in: directory.entry)
        else { return nil }
        return Arrival(node: remote, directory: directory)
    }

    /// Whether all that a node waits for is bytes: its place is there and free, and nothing can be done before they are here.
    func onlyWaitsForBytes(_ node: NodeID, _ landings: inout Landings) throws -> Bool {
        guard let file = try arrival(node, &landings)?.node.content.file else { return false }
        return staged[node]?.digest != file.digest
    }

    private func landing(_ node: NodeID, _ landings: inout Landings) throws -> Landing? {
        if let known = landings.byNode[node] { return known }
        let found = try lookUpLanding(node)
        landings.byNode[node] = .some(found)
        return found
    }

    private func lookUpLanding(_ node: NodeID) throws -> Landing? {
        if node == .root { return Landing(entry: .root, path: .top, remotePath: .top) }
        guard let row = try index.local(of: node), !row.isVanished, row.kind == .directory,
            let path = try index.path(of: row.entry), let remotePath = try index.remotePath(of: node),
            let subject = try index.subject(of: .node(node))
        else { return nil }
        if case .receive = subject.verdict { return nil }
        return Landing(entry: row.entry, path: path, remotePath: remotePath)
    }
}
