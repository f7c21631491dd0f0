internal import Engine
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore

/// Where on this machine contents lie that are to be received: in the folder as it was agreed on, and in its trash. What is
/// believed of them may be wrong by now; whoever copies verifies. Any thread.
final class LocalContents: Sendable {
    private let worker: FolderWorker
    /// What lies in the trash, by size; nil until it was listed.
    private let trash = Monitor<[Int64: [RelativePath]]?>(nil)

    /// In bytes: smaller files are not looked for in the trash, of which nothing but sizes is known.
    private static let worthReading: Int64 = 64 << 10
    /// So many files are tried for one content.
    private static let tries = 4

    init(_ worker: FolderWorker) { self.worker = worker }

    /// The folder, through which the paths lead.
    var root: TreeRoot { worker.tree.root }

    func perform<Value>(_ body: (Folder<DiskTree>) throws -> Value) throws -> Value { try worker.perform(body) }

    /// For each content the paths of files that may have it, likelier ones first; nothing for most.
    func sources(of fetches: [Fetch]) throws -> [Digest: [RelativePath]] {
        var seen: Set<Digest> = []
        let contents = fetches.map(\.file).filter { $0.size > 0 && seen.insert($0.digest).inserted }
        guard let soundings = Soundings(contents) else { return [:] }
        var found = try inFolder(soundings.first)
        if soundings.goesOn(Set(found.keys)) { found.merge(try inFolder(soundings.rest)) { first, _ in first } }
        for file in contents where file.size >= LocalContents.worthReading {
            if let paths = inTrash(file.size) { found[file.digest, default: []] += paths.prefix(LocalContents.tries) }
        }
        return found
    }

    private func inFolder(_ contents: [FileContent]) throws -> [Digest: [RelativePath]] {
        try worker.perform { folder in
            var found: [Digest: [RelativePath]] = [:]
            for file in contents {
                let entries = try folder.index.entries(
                    holding: file.digest, size: file.size, limit: LocalContents.tries)
                if !entries.isEmpty { found[file.digest] = try entries.compactMap { try folder.index.path(of: $0) } }
            }
            return found
        }
    }

    private func inTrash(_ size: Int64) -> [RelativePath]? {
        trash.withLock { known in
            if let known { return known[size] }
            var bySize: [Int64: [RelativePath]] = [:]
            // What cannot be listed is fetched.
            let contents = (try? Trash(in: worker.tree.root).contents()) ?? [:]
            for (path, stamp) in contents where stamp.size >= LocalContents.worthReading {
                bySize[stamp.size, default: []].append(path)
            }
            known = bySize
            return bySize[size]
        }
    }
}
