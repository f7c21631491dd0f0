internal import ControlAPI
internal import Engine
internal import FileTree
import Glibc
internal import Index
internal import SyncCore
internal import Transport

/// `syncagent once --dry-run`: what a pass would do, and nothing done anywhere. It works on a copy of the index, looks at
/// the folder through a tree that can only look, and asks the hub in a way that leaves no trace there.
struct DryRun {
    let layout: AgentLayout
    let configuration: AgentConfiguration
    let token: String
    /// Reads every file instead of trusting size, times and inode.
    let verifies: Bool
    /// Makes the side that is not the source equal to it.
    let overwrites: Bool

    func run() throws -> [PlanItem] {
        // Beside nothing of the user's: the index may be large, and is gone again in a moment.
        let directory = try Files.makeTemporaryDirectory(below: AgentLayout.environment("TMPDIR"))
        defer { remove(directory) }
        let index = try copyOfIndex(in: directory)
        let known = try index.folderIdentity
        if let reason = DiskTree.absence(of: configuration.folder, (try? TreeRoot(path: configuration.folder)), known) {
            throw AgentFailure(.failed, reason)
        }
        let tree = try LookingTree(path: configuration.folder, identity: known, carrying: configuration.extras)
        try index.carry(tree.extras.carried)
        var address = try configuration.address(layout, token: token)
        // Nothing is written down.
        address.onOtherHost = nil
        let hub = try SSHHubConnection.open(
            { try SSHHubConnection.connect(to: address, hello: HelloRequest(of: index), onlyLooks: true) { _ in } },
            renewing: { try index.renew(generation: Generation.random()) })
        defer { hub.close() }
        try Once.refusePause(hub.hello)
        let folder = Folder(index: index, tree: tree, mode: configuration.mode, ignoring: configuration.ignore)
        try folder.begin(hub.hello)
        if verifies { try index.forgetDigests() }
        try look(folder)
        try receive(folder, hub)
        if overwrites {
            // The index is a copy.
            try folder.abandonCommit()
            try folder.prepareToOverwrite()
        }
        return try folder.plan()
    }

    private func look(_ folder: Folder<LookingTree>) throws {
        try folder.lookAtEverything()
        while folder.isLooking { try folder.lookOn() }
        try folder.finishLooking()
        var after = EntryID(0)
        while let last = try folder.hashRequests(limit: 256, after: after).last {
            for request in try folder.hashRequests(limit: 256, after: after) {
                let (result, times) = Clock.timing { folder.tree.hash(request.path) }
                _ = try folder.absorb(result, for: request, during: times)
            }
            after = last.entry
        }
    }

    private func receive(_ folder: Folder<LookingTree>, _ hub: any HubConnection) throws {
        while true {
            if let after = try folder.index.snapshotAfter {
                // The index is a copy: what is in flight is in flight in the other one.
                try folder.abandonCommit()
                let answer = try hub.snapshot(after: after)
                try folder.index.takeSnapshot(answer.page(), chain: answer.chain)
                continue
            }
            let (answer, _) = try hub.changes(
                since: try folder.index.received, complete: try folder.index.complete,
                collected: try folder.index.collected, late: try folder.index.late, wanted: 0, wait: 0,
                barrier: 0, paused: false, limits: nil, filesBehind: false)
            try folder.index.receive(
                try answer.nodes.map { try $0.node() }, through: Sequence(answer.through), chain: answer.chain,
                isComplete: answer.through >= answer.head)
            if answer.through >= answer.head { return }
            // Nothing comes during a pause.
            if answer.paused != nil { throw AgentFailure(.failed, "this client was paused meanwhile; ask again") }
        }
    }

    private func copyOfIndex(in directory: String) throws -> FolderIndex {
        for suffix in ["", "-wal", ".damaged"] where Files.exists(layout.index + suffix) {
            try Files.copy(layout.index + suffix, to: directory + "/index.db" + suffix)
        }
        return try FolderIndex.openSound(path: directory + "/index.db", newGeneration: Generation.random()).index
    }

    private func remove(_ directory: String) {
        for name in ["index.db", "index.db.damaged-1"] {
            for suffix in ["", "-wal", "-shm", ".damaged"] { unlink(directory + "/" + name + suffix) }
        }
        rmdir(directory)
    }
}

/// A folder that can only be looked at.
private final class LookingTree: LocalTree {
    private let root: TreeRoot
    /// What the index knows of the folder's marker.
    private let identity: String?
    let extras: ExtrasReader

    init(path: String, identity: String?, carrying asked: CarriedExtras) throws {
        self.identity = identity
        do throws(FileTreeError) { root = try TreeRoot(path: path) } catch { throw DiskProblem(error) }
        extras = ExtrasReader(root: root, carried: root.able(asked))
    }

    func status(of path: RelativePath) throws -> DiskStatus? {
        do throws(FileTreeError) {
            return try root.status(of: path).map { status throws(FileTreeError) in try extras.described(status, path) }
        } catch { throw DiskProblem(error) }
    }

    func list(_ directory: RelativePath) throws -> [(name: Name, status: DiskStatus)] {
        do throws(FileTreeError) {
            return try root.list(directory).map { entry throws(FileTreeError) in
                (name: entry.name, status: try extras.described(entry.status, directory.appending(entry.name)))
            }
        } catch { throw DiskProblem(error) }
    }

    func readLink(_ path: RelativePath) throws -> [UInt8] {
        do throws(FileTreeError) { return try root.readLink(path) } catch { throw DiskProblem(error) }
    }

    func readFile(_ path: RelativePath, limit: Int) throws -> [UInt8]? {
        do throws(FileTreeError) { return try root.beginning(of: path, limit: limit) } catch {
            throw DiskProblem(error)
        }
    }

    func hash(_ path: RelativePath) -> HashResult {
        do throws(FileTreeError) {
            let hashed = try root.hash(path)
            return .hashed(hashed.digest, Stamp(hashed.status), try extras.mode(hashed.status.mode, of: path))
        } catch { return .failed(DiskProblem(error)) }
    }

    func watch(_ directory: RelativePath, as entry: EntryID) throws {}
    func isBeingWritten(_ path: RelativePath) -> Bool { false }
    func knows(_ extras: Extras) -> (owner: Bool, group: Bool, attributes: Bool) { TreeRoot.knows(extras) }
    func isPresent() -> Bool {
        DiskTree.absence(of: root.path, root, identity) == nil
    }

    // Nothing below is ever asked of it: placing is not part of looking.
    func makeDirectory(_ path: RelativePath, mode: Mode) throws -> Placing { .unexpected }
    func makeSymlink(_ path: RelativePath, target: [UInt8], mtime: Nanoseconds) throws -> Placing { .unexpected }
    func place(_ staged: StagedContent, as file: FileContent, at path: RelativePath) throws -> Placing { .unexpected }
    func replace(_ path: RelativePath, _ known: Known, by staged: StagedContent, as file: FileContent) throws -> Placing
    {
        .unexpected
    }
    func move(_ from: RelativePath, _ known: Known, to path: RelativePath) throws -> Placing { .unexpected }
    func setAttributes(_ path: RelativePath, _ known: Known, mode: Mode, mtime: Nanoseconds?) throws -> Placing {
        .unexpected
    }
    func remove(_ path: RelativePath, _ known: Known) throws -> Bool { false }
    func trash(_ path: RelativePath, _ known: Known) throws -> Bool { false }
    func makeDurable(_ directories: Set<RelativePath>, everything: Bool) throws {}
    func discard(_ staged: StagedContent) {}
}
