internal import ControlAPI
internal import FileTree
internal import Journal
internal import Share
import SyncCore

/// What is not synced as things are, and is no work that anybody waits for: what lies too deep, and rules that do not hold.
extension ShareWatcher {
    /// By path, for `unsynced`.
    var told: [UnsyncedMessage] {
        let deep = tooDeep.map { ($0, TreeLimits.reason) }
        let lists = rules.excesses.map { (Spot(directory: $0.directory, name: IgnoreList.fileName), $0.reason) }
        let found = (deep + lists).prefix(ShareWatcher.longestList).compactMap { spot, reason in
            (try? path(of: spot)).flatMap { $0 }.map { ($0, reason) }
        }
        return found.sorted { $0.0 < $1.0 }.map { path, reason in
            UnsyncedMessage(
                client: Placer.shareClient, path: "\(path)", pathB64: WirePath.base64(path.bytes), direction: .up,
                bytes: 0,
                reason: reason)
        }
    }

    /// A name that is passed over may lie too deep.
    /// - Parameter status: of what lies there.
    func noteDepth(_ spot: Spot, _ status: FileStatus?) throws {
        guard status?.kind == .directory, tooDeep.count < ShareWatcher.longestList,
            try rules(of: spot.directory).match(spot.name, isDirectory: true)?.isDepth == true
        else { return }
        tooDeep.insert(spot)
    }

    /// Whether a directory may have become what lies under a name, with all that the journal has in it.
    func fits(_ node: Node, into spot: Spot) throws -> Bool {
        guard node.content.isDirectory, let old = try journal.path(of: node.id), let new = try path(of: spot) else {
            return true
        }
        return try TreeLimits.allowsMove(from: old.names.count, to: new.names.count) {
            try journal.height(of: node.id, atMost: TreeLimits.directories)
        }
    }
}
