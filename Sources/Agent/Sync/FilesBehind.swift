internal import ControlAPI
internal import Engine
internal import FileTree
internal import SyncCore

/// Small new files that came behind a page of changes.
enum FilesBehind {
    /// One of them: whole, verified and durable in a private file.
    struct Arrived {
        let node: NodeID
        let file: FileContent
        var content: StagedContent
    }

    /// Brings them into private files, before the index hears of the page: so nobody asks the hub for them meanwhile. What is not what
    /// it should be, or has no room, is fetched, and then has its reason.
    static func stage(
        _ page: ChangesResponse, _ bytes: BytesBehind?, _ nodes: [Node], in area: PrivateArea
    ) -> [Arrived] {
        guard let bytes, let places = page.behind else { return [] }
        var found: [Digest: ArraySlice<UInt8>] = [:]
        var offset: Int64 = 0
        for place in places {
            guard nodes.indices.contains(place), let file = nodes[place].content.file,
                let part = bytes.bytes(at: offset, count: file.size)
            else { return [] }
            found[file.digest] = part
            offset += file.size
        }
        var arrived: [Arrived] = []
        do {
            // Several nodes may have the same bytes, which came once.
            for node in nodes where !node.isDeleted {
                guard let file = node.content.file, let part = found[file.digest] else { continue }
                if let content = try stage(part, file, in: area) {
                    arrived.append(Arrived(node: node.id, file: file, content: content))
                }
            }
            try Loader.makeDurable(arrived.map(\.content), in: area)
        } catch {
            for file in arrived { if let name = try? Name(file.content.name) { try? area.remove(name) } }
            return []
        }
        for index in arrived.indices { arrived[index].content.isDurable = true }
        return arrived
    }

    /// Nil for other bytes than were promised.
    private static func stage(
        _ bytes: ArraySlice<UInt8>, _ file: FileContent, in area: PrivateArea
    ) throws(FileTreeError) -> StagedContent? {
        let staged = try area.newFile(named: DiskTree.fetchName(), mode: file.mode)
        do {
            try staged.append(bytes)
            let item = try staged.finish(mode: file.mode, mtime: file.mtime, expecting: file.digest, sync: false)
            return StagedContent(
                name: String(decoding: item.name.bytes, as: UTF8.self), digest: file.digest, isDurable: false)
        } catch {
            if case .wrongContent = error.reason { return nil }
            throw error
        }
    }
}

extension Folder<DiskTree> {
    /// Whether new files that the hub tells of are most likely wanted, and not here. Who merges as if new may have them all.
    func takesNewFiles() throws -> Bool {
        try index.mode.receives && !index.overwrites && index.mergeCause == nil && index.snapshotAfter == nil
            && index.received >= index.hearsFirst
    }

    /// Keeps those that their nodes have to get.
    func take(_ arrived: [FilesBehind.Arrived]) throws {
        if arrived.isEmpty { return }
        let wanted = try awaited(arrived.map(\.node))
        var bytes: Int64 = 0
        for file in arrived {
            if wanted[file.node] == file.file {
                absorb(file.content, for: file.node)
                bytes += file.file.size
            } else {
                tree.discard(file.content)
            }
        }
        countReceived(files: 0, bytes: bytes)
    }
}
