internal import ControlAPI
internal import Engine
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore
internal import Transport

/// What a load has brought.
struct Loaded: Sendable {
    /// Whole and verified, each in a private file.
    var arrived: [(node: NodeID, content: StagedContent)] = []
    /// What cannot be had now, and for a person why; nil where the next page of changes will say what is to be done.
    var failed: [(fetch: Fetch, reason: String?)] = []
    /// Why the rest was not tried.
    var failure: (any Error)?
    /// In bytes.
    var bytes: Int64 = 0
}

/// Brings the bytes of a load into private files. Touches no name in the folder: any thread, one load at a time.
struct Loader: Sendable {
    let area: PrivateArea
    let hub: any HubConnection
    /// What need not be fetched.
    let here: LocalContents
    let goesOn: @Sendable () -> Bool
    /// From so many bytes that wait to be written on, others are not waited for.
    var busyFrom = DirtyMemory.busy

    /// Up to so many files are made durable one by one, more by one sync of the file system.
    private static let fewFiles = 8

    /// What has come is worth something whatever fails after it.
    func bring(_ load: Load) -> Loaded {
        var loaded = Loaded()
        do {
            switch load {
            case .pack(let fetches): try bring(pack: fetches, &loaded)
            case .files(let fetches): try bring(files: fetches, &loaded)
            }
            // Whole and durable before anything has its name: a power cut leaves no empty file that looks like somebody's edit.
            let soft = loaded.arrived.indices.filter { !loaded.arrived[$0].content.isDurable }
            if soft.isEmpty { return loaded }
            try Loader.makeDurable(soft.map { loaded.arrived[$0].content }, in: area, busyFrom: busyFrom)
            for index in soft { loaded.arrived[index].content.isDurable = true }
        } catch {
            loaded.failure = error
        }
        return loaded
    }

    /// One sync of the file system is the cheapest; beside a large file that comes it would wait for that, too.
    static func makeDurable(
        _ contents: [StagedContent], in area: PrivateArea, busyFrom: Int64 = DirtyMemory.busy
    ) throws {
        if contents.isEmpty { return }
        if contents.count <= Loader.fewFiles, DirtyMemory.bytes >= busyFrom {
            let items = try contents.compactMap { try area.item(named: Name($0.name)) }
            // What may not be read can be made durable with all others only.
            if items.count == contents.count, items.allSatisfy({ $0.status.mode.rawValue & 0o400 != 0 }) {
                for item in items { try item.sync() }
                return
            }
        }
        try area.syncFileSystem()
    }

    private func bring(pack fetches: [Fetch], _ loaded: inout Loaded) throws {
        let fetches = try copyWhatIsHere(fetches, &loaded)
        // What several nodes have comes once.
        var missing = Dictionary(grouping: fetches, by: \.file.digest)
        let asked = fetches.filter { missing[$0.file.digest]?.first?.node == $0.node }
        func take(_ file: SharedFile, _ bytes: UnsafeRawBufferPointer) throws {
            for fetch in missing.removeValue(forKey: file.digest) ?? [] {
                try attempt(fetch, &loaded) {
                    let staged = try newFile()
                    try staged.append(bytes)
                    return try finish(staged, fetch, sync: false)
                }
            }
        }
        if asked.isEmpty { return }
        do { try hub.download(asked.map(SharedFile.init), sink: take) } catch let error as HubError {
            switch error {
            // A hub whose disk is full or read-only lays nothing out, and still gives what it has.
            case .refused, .notFound, .transferFailed, .noRoom:
                return try bring(files: fetches.filter { missing[$0.file.digest] != nil }, &loaded)
            case .away, .hostKeyChanged, .refusedKey, .unusable, .unproven, .cancelled: throw error
            }
        }
        // Moved or changed at the hub since.
        loaded.failed += fetches.filter { missing[$0.file.digest] != nil }.map { ($0, nil) }
    }

    private func bring(files all: [Fetch], _ loaded: inout Loaded) throws {
        let fetches = try copyWhatIsHere(all, &loaded)
        let sync = fetches.count <= Loader.fewFiles
        for fetch in fetches {
            // Those of the same bytes follow each other.
            let last = loaded.arrived.last?.content
            try attempt(fetch, &loaded) {
                if let last, let copy = try copy(of: last, fetch, sync: sync) {
                    return copy
                }
                if let built = try rebuild(fetch, sync: sync) { return built }
                let file = try newFile()
                // What has many zeros takes less.
                if fetch.file.size > Loader.mayHaveHoles {
                    try area.requireRoom(for: fetch.file.size)
                } else {
                    try file.reserve(fetch.file.size)
                }
                var writer = HoleWriter(file)
                let count = try hub.download(SharedFile(fetch)) { block in
                    if writer.size + Int64(block.count) > fetch.file.size { throw Loader.changed }
                    try writer.append(block)
                    if !goesOn() { throw HubError.cancelled }
                }
                try writer.end()
                guard count == fetch.file.size else { throw Loader.changed }
                return try finish(file, fetch, sync: sync)
            }
        }
    }

    /// In bytes: files of more may have holes that are worth it.
    private static let mayHaveHoles: Int64 = 1 << 20

    static let changed = DiskProblem(.changedWhileRead, "it changed at the hub while it was fetched")

    func newFile() throws -> StagedFile {
        try area.newFile(named: DiskTree.fetchName())
    }

    func finish(
        _ file: StagedFile, _ fetch: Fetch, isVerified: Bool = false, sync: Bool
    ) throws -> StagedContent {
        let item = try file.finish(
            mode: fetch.file.mode, mtime: fetch.file.mtime, expecting: isVerified ? nil : fetch.file.digest, sync: sync)
        return StagedContent(
            name: String(decoding: item.name.bytes, as: UTF8.self), digest: fetch.file.digest, isDurable: sync)
    }

    /// One file that cannot be had keeps no other away.
    func attempt(_ fetch: Fetch, _ loaded: inout Loaded, _ body: () throws -> StagedContent) throws {
        if !goesOn() { throw HubError.cancelled }
        do {
            loaded.arrived.append((fetch.node, try body()))
            loaded.bytes += fetch.file.size
        } catch let error as HubError where error.endsConnection {
            throw error
        } catch HubError.cancelled {
            throw HubError.cancelled
        } catch {
            loaded.failed.append((fetch, Loader.reason(for: error)))
        }
    }

    /// For a person; nil where the next page of changes will say what is to be done.
    static func reason(for error: any Error) -> String? {
        switch error {
        // Not the name of a private file, which says nothing to anybody.
        case let error as FileTreeError where error.reason == .noSpace:
            "the machine's disk is full, or its quota: make room there, and it goes on by itself"
        case let error as FileTreeError where error.reason == .readOnly:
            "the machine's disk is read-only: mount it for writing, and it goes on by itself"
        case let error as FileTreeError: "\(error)"
        case HubError.refused(let message) where message.code != .unknownPath: message.message
        case HubError.transferFailed(let reason): reason
        default: nil
        }
    }
}

extension SharedFile {
    init(_ fetch: Fetch) {
        self.init(node: fetch.node, path: fetch.path, digest: fetch.file.digest, size: fetch.file.size)
    }
}
