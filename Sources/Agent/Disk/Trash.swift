internal import Engine
internal import FileTree
internal import SyncCore

/// The folder's trash, `FOLDER/.synchub/trash`: what was deleted at the hub while this client was away for so long that the
/// hub may not have its bytes any more. Each thing lies there under the path that it had; nothing in it is ever replaced.
struct Trash {
    private let root: TreeRoot

    /// Below the folder.
    static let path = ".synchub/trash"

    /// - Parameter root: the folder.
    init(in root: TreeRoot) { self.root = root }

    /// Takes a file or symlink out of the folder, if it is still what was expected.
    /// - Returns: what is not as expected stays where it is, as ``TreeRoot/takeAway(_:expecting:into:)`` tells it.
    func take(
        _ path: RelativePath, expecting expected: Fingerprint, confirming: Confirmation? = nil
    ) throws -> Removal<PrivateItem> {
        guard let name = path.last else { return .unexpected(nil) }
        let area = try PrivateArea(in: root, at: directory(for: path.parent))
        let removal = try root.takeAway(path, expecting: expected, into: area, confirming: confirming)
        // A crash here leaves it in the trash under a random name.
        guard case .taken(let item) = removal else { return removal }
        let kept = try keep(item, in: area, as: name)
        try area.sync()
        return .taken(kept)
    }

    /// An empty directory of the folder lies in the trash too, from now on.
    func makeDirectory(_ path: RelativePath) throws { _ = try directory(for: path) }

    /// All that lies in it, without directories; paths are the folder's.
    func contents() throws -> [RelativePath: Ages.Stamp] {
        var found: [RelativePath: Ages.Stamp] = [:]
        try visit { path, _, status in found[path] = Ages.Stamp(status) }
        return found
    }

    /// Removes what is still as it was met, and directories that hold nothing.
    /// - Returns: the files and symlinks that were removed.
    func clean(_ old: [RelativePath: Ages.Stamp]) throws -> [RelativePath] {
        var removed: [RelativePath] = []
        try visit(removingEmpty: true) { path, directory, status in
            guard old[path] == Ages.Stamp(status), let name = path.last else { return }
            try PrivateArea(in: root, at: directory).remove(name)
            removed.append(path)
        }
        return removed
    }

    private func visit(
        removingEmpty: Bool = false,
        _ body: (_ path: RelativePath, _ directory: RelativePath, _ status: FileStatus) throws -> Void
    ) throws {
        let top = try RelativePath(bytes: Array(Trash.path.utf8))
        guard try root.status(of: top)?.kind == .directory else { return }
        var open = [top]
        // Those above come before those that they hold.
        var directories: [(path: RelativePath, identity: FileIdentity)] = []
        while let directory = open.popLast() {
            for entry in try root.list(directory) {
                let path = directory.appending(entry.name)
                guard entry.status.kind == .directory else {
                    try body(path, directory, entry.status)
                    continue
                }
                open.append(path)
                directories.append((path, entry.status.identity))
            }
        }
        guard removingEmpty else { return }
        for (path, identity) in directories.reversed() { _ = try root.removeDirectory(path, expecting: identity) }
    }

    /// The directory in the trash for a directory of the folder, made if it is missing; with another name where something
    /// else has that name.
    private func directory(for path: RelativePath) throws -> RelativePath {
        var made = try RelativePath(bytes: Array(Trash.path.utf8))
        _ = try PrivateArea(in: root, at: made)
        for name in path.names {
            var attempt = 1
            while true {
                let below = made.appending(Trash.name(name, attempt, keepsExtension: false))
                switch try root.makeDirectory(below, mode: Mode(0o700)) {
                case .placed: break
                case .occupied(let status) where status.kind == .directory: break
                case .occupied:
                    attempt += 1
                    continue
                }
                made = below
                break
            }
        }
        return made
    }

    private func keep(_ item: PrivateItem, in area: PrivateArea, as name: Name) throws -> PrivateItem {
        var attempt = 1
        while true {
            let free = Trash.name(name, attempt, keepsExtension: true)
            if try area.item(named: free) == nil { return try item.move(to: area, as: free) }
            attempt += 1
        }
    }

    private static func name(_ name: Name, _ attempt: Int, keepsExtension: Bool) -> Name {
        attempt == 1 ? name : ConflictName.mark(name, " (\(attempt))", keepsExtension: keepsExtension)
    }
}
