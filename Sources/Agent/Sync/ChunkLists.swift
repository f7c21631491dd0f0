internal import Engine
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore

/// Cuts files of some size while they are hashed, so that a later version of them need not travel whole. Any thread.
final class ChunkLists: Sendable {
    private let worker: FolderWorker
    /// Of what was hashed and is not in the index yet.
    private let fresh = Monitor<[(digest: Digest, list: ChunkList)]>([])

    init(_ worker: FolderWorker) { self.worker = worker }

    /// - Throws: ``FileTreeError``, as ``FileReader/hash(cancelled:)``.
    func hash(_ request: HashRequest, cancelled: () -> Bool) throws(FileTreeError) -> HashedFile {
        let file = try worker.tree.root.openFile(request.path)
        guard request.stamp.size >= ChunkList.leastSize, let exponent = exponent(for: request) else {
            return try file.hash(cancelled: cancelled)
        }
        let cut = try file.hashInChunks(exponent: exponent, cancelled: cancelled)
        fresh.withLock { $0.append((cut.hashed.digest, cut.list)) }
        return cut.hashed
    }

    /// Remembers what was cut since the last call.
    func keep(in index: FolderIndex) throws {
        let lists = fresh.withLock { lists in
            defer { lists = [] }
            return lists
        }
        for (digest, list) in lists { try index.keep(list, of: digest) }
    }

    /// - Returns: nil if a file is probably a copy of one that was cut: a new one, of the same size to the byte.
    private func exponent(for request: HashRequest) -> Int? {
        let fitting = ChunkSizes(contentOf: request.stamp.size).exponent
        let found = try? worker.perform { folder -> Int? in
            guard let node = try folder.index.local(request.entry)?.node else {
                return try folder.index.hasChunkList(ofSize: request.stamp.size) ? nil : fitting
            }
            guard let old = try folder.index.synced(node)?.content.file,
                let list = try folder.index.chunkList(of: old.digest, size: old.size)
            else { return fitting }
            // A file that grows over a limit is still compared with what it was.
            return abs(list.exponent - fitting) == 1 ? list.exponent : fitting
        }
        return found ?? nil
    }
}
