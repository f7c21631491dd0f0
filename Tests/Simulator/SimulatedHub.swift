import Journal
import SyncCore

/// The hub without a network: the real journal and merge rules, contents in memory, and a share that the placements
/// make.
final class SimulatedHub {
    let journal: Journal
    let share: MemoryTree
    private let contents: Contents
    /// What `versions/` holds.
    private(set) var versions: Set<Digest> = []
    /// Uploaded, verified, waiting to be placed.
    var staged: Set<Digest> = []
    /// What should never happen, in sentences.
    private(set) var violations: [Violation] = []

    init(clock: Clock, contents: Contents) throws {
        journal = try .inMemory()
        share = MemoryTree(clock: clock, contents: contents)
        self.contents = contents
    }

    /// Whether the bytes can be had from anywhere at the hub.
    func holds(_ digest: Digest) -> Bool { versions.contains(digest) || isLive(digest) }

    private func isLive(_ digest: Digest) -> Bool {
        share.things().contains { $0.content.file?.digest == digest }
    }

    func commit(_ client: String, _ operations: [Operation], acknowledged: Int64) throws -> [Outcome] {
        var bytes: [OperationID: StagedContent] = [:]
        for operation in operations {
            guard let file = operation.change.content?.file, staged.contains(file.digest) || holds(file.digest) else {
                continue
            }
            bytes[operation.id] = StagedContent(name: file.digest.hex)
        }
        let result = try journal.commit(
            client: client, operations: operations, acknowledged: acknowledged, staged: bytes, at: 1, date: "D")
        for placement in result.placements { try place(placement) }
        return result.outcomes
    }

    // MARK: - Placing

    private func place(_ placement: Placement) throws {
        var stored: [(Digest, Int64)] = []
        switch placement.step {
        case .file(let path, let file, let source):
            if case .version(let digest) = source, !versions.contains(digest) { complain("no version for \(path)") }
            take(path, placement.expected, &stored)
            put(.file, path, contents.bytes(of: file.digest) ?? [], file.mode, file.mtime)
        case .symlink(let path, let target, let mtime):
            take(path, placement.expected, &stored)
            put(.symlink, path, target, Mode(0o777), mtime)
        case .directory(let path, let mode):
            if let there = share.inode(at: path) {
                if there.kind != .directory { complain("\(path) is in the way of a directory") }
                there.mode = mode
            } else {
                put(.directory, path, [], mode, 0)
            }
        case .attributes(let path, let content): setAttributes(path, content, placement.expected)
        case .move(let from, let to): move(from, to, placement.expected)
        case .remove(let path):
            if share.inode(at: path)?.children.isEmpty == false { complain("\(path) is removed and not empty") }
            take(path, placement.expected, &stored)
        }
        try journal.finish([placement.id], stored: stored)
    }

    private func take(_ path: RelativePath, _ expected: Placement.Expected?, _ stored: inout [(Digest, Int64)]) {
        let there = share.inode(at: path)
        if there?.content != expected?.content {
            complain("at \(path) \(expected as Any) was expected, there is \(there?.content as Any)")
        }
        guard let there else { return }
        if let file = there.content.file {
            versions.insert(file.digest)
            stored.append((file.digest, file.size))
        }
        share.unlink(path)
    }

    private func put(_ kind: NodeKind, _ path: RelativePath, _ bytes: [UInt8], _ mode: Mode, _ mtime: Nanoseconds) {
        guard share.inode(at: path.parent)?.kind == .directory else { return complain("no directory for \(path)") }
        let made = share.newInode(kind, mode: mode, mtime: mtime)
        made.bytes = bytes
        share.link(made, at: path)
    }

    private func setAttributes(_ path: RelativePath, _ content: Content, _ expected: Placement.Expected?) {
        guard let there = share.inode(at: path), there.content == expected?.content else {
            return complain("attributes of \(path) that is not as expected")
        }
        switch content {
        case .file(let file): (there.mode, there.mtime) = (file.mode, file.mtime)
        case .directory(let mode): there.mode = mode
        case .symlink: complain("attributes of a symlink")
        }
    }

    private func move(_ from: RelativePath, _ to: RelativePath, _ expected: Placement.Expected?) {
        guard share.inode(at: to) == nil, !from.contains(to), share.inode(at: to.parent)?.kind == .directory,
            let moved = share.inode(at: from), moved.content == expected?.content
        else { return complain("\(from) cannot move to \(to)") }
        share.unlink(from)
        share.link(moved, at: to)
    }

    private func complain(_ what: String) { violations.append(Violation(.noSilentOverwrite, "share: \(what)")) }

    // MARK: - Comparing

    /// What the journal says should lie in the share, sorted by path.
    func things() throws -> [Thing] {
        var found: [Thing] = []
        func visit(_ directory: NodeID, _ path: RelativePath) throws {
            for child in try journal.children(of: directory) {
                found.append(Thing(path: path.appending(child.name), content: child.content))
                try visit(child.id, path.appending(child.name))
            }
        }
        try visit(.root, .top)
        return found
    }
}
