internal import FileTree
internal import Journal
import SyncCore

/// The ignore rules of the share's directories, as their `.syncignore` files were noticed last.
struct ShareRules {
    /// The lists, of directories that have one.
    var files: [NodeID: IgnoreList] = [:]
    /// Of directories that were asked for; emptied when something changes, and when there are many.
    var byDirectory: [NodeID: DirectoryRules] = [:]

    /// Enough for the directories that are busy; a share may have a million.
    static let most = 4_096
}

// A name that is ignored is passed over. What the journal does not know of it is not taken in; what it knows stays there as
// it is, whatever happens to it in the share, until no rule ignores it any more.
extension ShareWatcher {
    /// The rule by which a path is ignored, whether there is anything or not; nil if none is.
    func ignoring(at path: RelativePath) throws -> IgnoreMatch? {
        let isDirectory =
            try (try? share.status(of: path))??.kind == .directory
            || journal.node(at: path)?.content.isDirectory == true
        var rules = try rules(of: .root)
        var directory: NodeID? = .root
        for (depth, name) in path.names.enumerated() {
            let isLast = depth == path.names.count - 1
            if isLast || rules.excluded != nil { return rules.match(name, isDirectory: isDirectory || !isLast) }
            directory = try directory.flatMap { try journal.child(of: $0, named: name)?.id }
            rules = try directory.map { try self.rules(of: $0) } ?? rules.entering(name, file: nil)
        }
        return nil
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
        if let known = rules.byDirectory[directory] { return known }
        let found: DirectoryRules
        if directory == .root {
            found = .top(file: try list(of: directory))
        } else if let node = try journal.node(directory) {
            found = try rules(of: node.parent).entering(node.name, file: list(of: directory))
        } else {
            found = try rules(of: .root)
        }
        if rules.byDirectory.count >= ShareRules.most { rules.byDirectory = [:] }
        rules.byDirectory[directory] = found
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
        let before = rules.files[directory]
        let now = listOnDisk(path, before: before)
        if now == before { return false }
        rules.files[directory] = now
        rules.byDirectory = [:]
        return true
    }

    /// A directory came, went, or lies elsewhere now.
    func forgetPlaces() { rules.byDirectory = [:] }

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
