internal import FileTree
internal import Journal
import SyncCore

// A name that is ignored is passed over. What the journal does not know of it is not taken in; what it knows stays there as
// it is, whatever happens to it in the share, until no rule ignores it any more.
extension ShareWatcher {
    /// The rule by which a path is ignored, whether there is anything or not; nil if none is.
    func ignoring(at path: RelativePath) throws -> IgnoreMatch? {
        let isDirectory =
            try (try? share.status(of: path))??.kind == .directory
            || journal.node(at: path)?.content.isDirectory == true
        return try RuleCache<NodeID>.match(
            at: path, isDirectory: isDirectory, from: .root, child: { try journal.child(of: $0, named: $1)?.id },
            rules: rules(of:))
    }

    /// Whether a name is passed over.
    /// - Parameter node: what the journal has there: its kind counts, otherwise that of what lies there.
    func isIgnored(_ spot: Spot, _ node: Node?, _ status: FileStatus?) throws -> Bool {
        let isDirectory = node?.content.isDirectory ?? (status?.kind == .directory)
        return try rules(of: spot.directory).match(spot.name, isDirectory: isDirectory) != nil
    }

    func isIgnored(_ node: Node) throws -> Bool {
        try isIgnored(Spot(directory: node.parent, name: node.name), node, nil)
    }

    /// Nothing is to be done about a name. What was written to a node's file is still to be read one day.
    /// - Parameter status: of what lies there.
    func passOver(_ spot: Spot, _ node: Node?, _ status: FileStatus?) throws {
        if let node, node.content.isDirectory, watched.remove(node.id) != nil { watcher?.unwatch(node.id.rawValue) }
        if node == nil { written.remove(spot) }
        uploads.forget(nil, spot.location)
        finish(spot)
        try noteDepth(spot, status)
    }

    func rules(of directory: NodeID) throws -> DirectoryRules {
        // Those above that are not known yet, upwards: deleted ones may be a long row.
        var row: [Node] = []
        var current = directory
        while rules[current] == nil, current != .root {
            guard let node = try journal.node(current) else {
                current = .root
                break
            }
            row.append(node)
            current = node.parent
        }
        var found: DirectoryRules
        if let known = rules[current] { found = known } else { found = .top(file: try list(of: .root)) }
        rules.keep(found, of: current)
        while let node = row.popLast() {
            found = found.entering(node.name, file: try list(of: node.id))
            rules.keep(found, of: node.id)
        }
        return found
    }

    /// One of a directory that is not watched yet has not been noticed.
    private func list(of directory: NodeID) throws -> IgnoreList? {
        if let known = rules.lists[directory] { return known }
        // It had one, for which there was no room: it is read again.
        let isKnown = rules.hasList(in: directory)
        if !isKnown, watched.contains(directory) || unwatched.contains(directory) { return nil }
        guard let path = try directory == .root ? .top : journal.path(of: directory) else { return nil }
        switch listOnDisk(path) {
        case .failure:
            // What it keeps back nobody knows; it is looked at again. One that was known has to be news then, too.
            if rules.keep(.unreadable, in: directory) { noteList(in: directory) }
            return .unreadable
        case .success(let list):
            if rules.keep(list, in: directory), isKnown { look(into: directory) }
            return list
        }
    }

    /// Looks at the `.syncignore` of a directory.
    /// - Returns: whether it says something else than before, so that everything below is to be looked at; and why it could not be
    ///   read, if so: it is to be looked at again, since its getting readable may be no event.
    func noticeRules(in directory: NodeID, _ path: RelativePath) -> (isNew: Bool, failure: FileTreeError?) {
        switch listOnDisk(path) {
        case .success(let list): (rules.notice(list, in: directory), nil)
        // What was known holds on as long as the file cannot be read; what was not may keep anything back.
        case .failure(let error):
            (!rules.hasList(in: directory) && rules.notice(.unreadable, in: directory), error)
        }
    }

    func noteList(in directory: NodeID, mark: Int64? = nil) {
        note(Spot(directory: directory, name: IgnoreList.fileName), mark: mark)
    }

    /// A directory came, went, or lies elsewhere now.
    func forgetPlaces() { rules.forgetPlaces() }

    private func listOnDisk(_ directory: RelativePath) -> Result<IgnoreList?, FileTreeError> {
        do throws(FileTreeError) {
            let bytes = try share.beginning(
                of: directory.appending(IgnoreList.fileName), limit: IgnoreList.sizeLimit + 1)
            return .success(bytes.map { IgnoreList($0, origin: .file) })
        } catch {
            return .failure(error)
        }
    }
}
