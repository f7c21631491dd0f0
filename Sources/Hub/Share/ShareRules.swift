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
    func passOver(_ spot: Spot, _ node: Node?) {
        if let node, node.content.isDirectory, watched.remove(node.id) != nil { watcher?.unwatch(node.id.rawValue) }
        if node == nil { written.remove(spot) }
        finish(spot)
    }

    func rules(of directory: NodeID) throws -> DirectoryRules {
        if let known = rules[directory] { return known }
        let found: DirectoryRules
        if directory == .root {
            found = .top(file: try list(of: directory))
        } else if let node = try journal.node(directory) {
            found = try rules(of: node.parent).entering(node.name, file: list(of: directory))
        } else {
            found = try rules(of: .root)
        }
        rules.keep(found, of: directory)
        return found
    }

    /// One of a directory that is not watched yet has not been noticed.
    private func list(of directory: NodeID) throws -> IgnoreList? {
        if let known = rules.files[directory] { return known }
        if watched.contains(directory) || unwatched.contains(directory) { return nil }
        guard let path = try directory == .root ? .top : journal.path(of: directory) else { return nil }
        let found = listOnDisk(path, before: nil)
        rules.files[directory] = found
        return found
    }

    /// Looks at the `.syncignore` of a directory.
    /// - Returns: whether it says something else than before, so that everything below is to be looked at.
    func noticeRules(in directory: NodeID, _ path: RelativePath) -> Bool {
        rules.notice(listOnDisk(path, before: rules.files[directory]), in: directory)
    }

    /// A directory came, went, or lies elsewhere now.
    func forgetPlaces() { rules.forgetPlaces() }

    /// - Parameter before: holds on as long as the file cannot be read.
    private func listOnDisk(_ directory: RelativePath, before: IgnoreList?) -> IgnoreList? {
        do throws(FileTreeError) {
            return try share.smallFile(directory.appending(IgnoreList.fileName), limit: IgnoreList.sizeLimit)
                .map { IgnoreList($0, origin: .file) }
        } catch {
            return before
        }
    }
}
