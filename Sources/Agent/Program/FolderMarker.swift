internal import FileTree
internal import Index
internal import SyncCore

/// Tells the folder that was joined from an empty mount point, and from any other; and the home that joined it from a copy
/// of that home.
enum FolderMarker {
    /// An index that is older than the join may know another folder: it learns of this one.
    static func write(folder: String, of layout: AgentLayout) throws {
        let id = Generation.random()
        try Files.makeDirectories(folder + "/.synchub", mode: 0o700)
        do throws(FileTreeError) {
            try DiskTree.marker.write(id, owner: owner(layout), in: TreeRoot(path: folder))
        } catch {
            throw AgentFailure(.failed, "\(error)")
        }
        if Files.exists(layout.index) {
            try FolderIndex(path: layout.index, newGeneration: Generation.random()).setFolderIdentity(id)
        }
    }

    /// Whose folder stands at a path.
    enum Ownership: Hashable {
        /// No marker.
        case nobody
        /// This home joined it.
        case own
        /// Another home did, as far as is known: this one is a copy of it, or the folder was joined again since.
        case other(String?)
    }

    /// Who joined the folder that stands at a path now. A copy of a home has the same index, but lies elsewhere.
    static func ownership(of folder: String, by layout: AgentLayout) -> Ownership {
        guard let root = try? TreeRoot(path: folder) else { return .nobody }
        let reading = DiskTree.marker.reading(in: root)
        if reading == .missing { return .nobody }
        let owner = DiskTree.marker.owner(in: root)
        if let owner, owner != self.owner(layout) { return .other(owner) }
        let known = Files.exists(layout.index) ? identity(in: layout.index) : nil
        guard let known else { return owner == nil ? .other(nil) : .own }
        return reading == .named(known) ? .own : .other(nil)
    }

    private static func identity(in index: String) -> String? {
        try? FolderIndex(path: index, newGeneration: Generation.random()).folderIdentity
    }

    /// The home's path, escaped.
    private static func owner(_ layout: AgentLayout) -> String {
        Escaping.text(Array((Files.resolved(layout.home) ?? layout.home).utf8))
    }
}
