internal import Engine
internal import FileTree
internal import SyncCore

// What lies on this machine is copied, several files of the same bytes at a time: one sync of the disk serves all of them.
extension BulkDown {
    /// In bytes, where one file has not more by itself.
    private static let mostCopied: Int64 = 128 << 20

    /// A file, and others that are to have the same bytes.
    /// - Returns: whole, verified and durable; nothing if the bytes are not here.
    func copies(of first: Fetch, _ loader: Loader) throws -> [(node: NodeID, content: StagedContent)] {
        var loaded = Loaded()
        guard try loader.copyWhatIsHere([first], &loaded).isEmpty, let verified = loaded.arrived.first?.content else {
            return []
        }
        do {
            let began = Clock.milliseconds
            for other in try others(like: first, limit: Int(BulkDown.mostCopied / max(first.file.size, 1)) - 1) {
                // Something may be to go first.
                guard Clock.milliseconds - began < looksEvery, loader.goesOn(),
                    let copy = try loader.copy(of: verified, other, sync: false)
                else { break }
                loaded.arrived.append((other.node, copy))
            }
            try loader.area.syncFileSystem()
        } catch {
            for (_, content) in loaded.arrived { worker.tree.discard(content) }
            throw error
        }
        for index in loaded.arrived.indices { loaded.arrived[index].content.isDurable = true }
        return loaded.arrived
    }
}
