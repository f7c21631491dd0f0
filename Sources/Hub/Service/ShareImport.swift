internal import FileTree
internal import Hashing
internal import Journal
internal import Share
import SyncCore

/// Takes all that lies in the share into a new journal, as changes of the client `share`. Blocks; nothing else may use the
/// journal meanwhile. What the share's watcher later finds otherwise, it takes in as ever.
struct ShareImport {
    /// What was taken in.
    struct Count: Hashable, Sendable {
        var files = 0
        var directories = 0
        var symlinks = 0
        var bytes: Int64 = 0
    }

    private let journal: Journal
    private let share: TreeRoot
    private let now: (seconds: Int64, day: String)
    private let generation = randomBytes(count: 8).map(Escaping.hex).joined()
    private var number: Int64 = 0
    private var waiting: [(path: RelativePath, node: NodeID)] = [(.top, .root)]
    private(set) var count = Count()
    /// Files that are not taken in, since somebody's upload of them broke off: the new journal knows them as such.
    var uploads: [RelativePath: BrokenUpload] = [:]
    /// How many of those there were.
    private(set) var keptUploads = 0
    /// What could not be taken in, with reasons.
    private(set) var problems: [(path: RelativePath, reason: String)] = []

    /// Nodes in one transaction, about.
    private static let batch = 1_000

    init(of share: TreeRoot, into journal: Journal, clock: HubClock) {
        self.share = share
        self.journal = journal
        now = (clock.now().inSeconds, clock.day())
    }

    mutating func run() throws {
        while !waiting.isEmpty {
            var found: [Found] = []
            while found.count < ShareImport.batch, let next = waiting.popLast() { found += list(next.path, next.node) }
            try commit(found)
        }
    }

    /// One name in the share.
    private struct Found {
        var parent: NodeID
        var path: RelativePath
        var name: Name
        var content: Content
        var status: FileStatus
    }

    private mutating func list(_ directory: RelativePath, _ node: NodeID) -> [Found] {
        do {
            var found: [Found] = []
            for entry in try share.list(directory) where !entry.name.isReserved {
                let path = directory.appending(entry.name)
                do {
                    if try keepUpload(at: path, entry, in: node) { continue }
                    guard let (content, status) = try look(at: path, entry.status) else {
                        problems.append((path, "it is no file, directory or symlink"))
                        continue
                    }
                    found.append(
                        Found(parent: node, path: path, name: entry.name, content: content, status: status))
                } catch {
                    problems.append((path, "\(error)"))
                }
            }
            return found
        } catch {
            problems.append((directory, "\(error)"))
            return []
        }
    }

    private mutating func keepUpload(at path: RelativePath, _ entry: DirectoryEntry, in node: NodeID) throws -> Bool {
        guard let upload = uploads[path], entry.status.kind == .file, entry.status.inode == upload.inode else {
            return false
        }
        // What was written to since, and nobody heard of it, is no piece.
        if let seen = upload.seen, seen.size != entry.status.size || seen.mtime != entry.status.mtime { return false }
        try journal.keepUploads([Location(parent: node, name: entry.name): upload])
        keptUploads += 1
        return true
    }

    private func look(at path: RelativePath, _ status: FileStatus) throws -> (Content, FileStatus)? {
        switch status.kind.node {
        case .directory: return (.directory(status.mode), status)
        case .symlink: return (.symlink(target: try share.readLink(path), mtime: status.mtime), status)
        case .file:
            let hashed = try share.hash(path)
            return (.file(hashed.content), hashed.status)
        case nil: return nil
        }
    }

    private mutating func commit(_ found: [Found]) throws {
        if found.isEmpty { return }
        let acknowledged = number
        var operations: [Operation] = []
        for item in found {
            number += 1
            operations.append(
                Operation(
                    id: OperationID(generation: generation, number: number),
                    change: .create(in: .node(item.parent), name: item.name, content: item.content)))
        }
        let outcomes = try journal.transaction {
            let result = try journal.commit(
                client: Placer.shareClient, operations: operations, acknowledged: acknowledged, at: now.seconds,
                date: now.day, origin: .share)
            var placed: [(NodeID, Placed)] = []
            for (item, outcome) in zip(found, result.outcomes) {
                if case .applied(let node) = outcome { placed.append((node.id, Placed(item.status))) }
            }
            try journal.finish(placed: placed)
            return result.outcomes
        }
        for (item, outcome) in zip(found, outcomes) {
            guard case .applied(let node) = outcome else {
                let isDeep = if case .refused(.tooDeep, _) = outcome { true } else { false }
                problems.append((item.path, isDeep ? TreeLimits.reason : "the journal did not take it: \(outcome)"))
                continue
            }
            switch item.content {
            case .directory:
                count.directories += 1
                waiting.append((item.path, node.id))
            case .symlink: count.symlinks += 1
            case .file(let file):
                count.files += 1
                count.bytes += file.size
            }
        }
    }
}
