internal import Engine
internal import FileTree
internal import Index
internal import Processes
internal import SyncCore
import Synchronization

/// The real folder, through directory handles. Everything of ours in it lies below `.synchub`: the marker that tells this folder from an
/// empty mount point, and the private area in which bytes wait.
final class DiskTree: LocalTree {
    /// Where the folder is, and where bytes wait in it: others when another directory has come to stand at its path.
    private struct Place {
        var root: TreeRoot
        var area: PrivateArea
    }
    private let place: Mutex<Place>
    private let path: String
    private let watcher: Watcher
    /// What the folder's marker has to say; nil until the index knows it.
    private let identity = Mutex<String?>(nil)
    private let date: String
    /// Which extras are carried.
    let carried: CarriedExtras
    private let log = Log("folder")
    /// Touched by the thread that watches only.
    private var hasToldOfLimit = false

    /// What the folder's marker is called, below the folder.
    static let markerPath = ".synchub/folder"
    static let marker = IdentityMarker(
        path: try! RelativePath(bytes: Array(markerPath.utf8)),  // SAFETY: two plain names.
        text: "This folder is kept in sync by SyncHub (syncagent). Without this file nothing is synced.\n")

    /// A folder that is not there (its disk is not mounted) is waited for: see ``presence()``.
    /// - Parameters:
    ///   - standIn: an empty directory of ours, which stands for the folder until it is there.
    ///   - date: stands in the name of what had to be kept beside (`2026-11-21`).
    ///   - deliver: gets what happens, on a thread of its own.
    init(
        path: String, standIn: String, date: String, carrying asked: CarriedExtras = .nothing,
        deliver: @escaping @Sendable (FolderEvents) -> Void
    ) throws {
        self.date = date
        self.path = path
        do {
            if let root = try? TreeRoot(path: path), Self.marker.reading(in: root) != .missing {
                carried = root.able(asked)
                place = Mutex(Place(root: root, area: try Self.area(in: root)))
            } else {
                let area = try PrivateArea(path: standIn)
                let root = try TreeRoot(path: standIn)
                carried = root.able(asked)
                place = Mutex(Place(root: root, area: area))
            }
            watcher = try Watcher { batch in deliver(FolderEvents(batch)) }
        } catch let error as FileTreeError {
            throw DiskProblem(error)
        } catch let error as WatchError {
            throw DiskProblem(.other, "\(error)")
        }
    }

    /// From now on the folder is the one whose marker has this id. The first time it is whatever id the marker has; one
    /// without an id is given a new one.
    /// - Parameter known: of the index; nil if it has none yet.
    /// - Returns: the id, for the index to keep; nil as long as there is no folder to learn it from.
    func identify(as known: String?, orNew new: () -> String) throws -> String? {
        var id = known
        if known == nil, let now = try? TreeRoot(path: path) {
            switch Self.marker.reading(in: now) {
            case .missing: break
            case .named(let found): id = found
            case .unnamed:
                let fresh = new()
                try asking { () throws(FileTreeError) in try Self.marker.write(fresh, in: now) }
                id = fresh
            }
        }
        identity.withLock { $0 = id }
        return id
    }

    /// Any thread.
    var root: TreeRoot { place.withLock { $0.root } }
    /// Any thread.
    var area: PrivateArea { place.withLock { $0.area } }

    private static func area(in root: TreeRoot) throws -> PrivateArea {
        try PrivateArea(in: root, at: try RelativePath(bytes: Array(".synchub/private".utf8)))
    }

    // MARK: - Is it there?

    /// What stands at the folder's path.
    enum Presence {
        /// The directory that we have open, with its marker.
        case same
        /// Another directory that has the marker: a disk that was mounted again.
        case other(TreeRoot)
        /// Why, for a person.
        case absent(String)
    }

    func presence() -> Presence {
        let now = try? TreeRoot(path: path)
        if let reason = Self.absence(of: path, now, identity.withLock({ $0 })) { return .absent(reason) }
        guard let now, let status = try? now.status(of: .top) else { return .absent(Self.next) }
        return status.identity == (try? root.status(of: .top))?.identity ? .same : .other(now)
    }

    /// Why a directory is not the folder, for a person; nil if it is.
    /// - Parameters:
    ///   - now: what stands at the path; nil for nothing.
    ///   - known: what the folder's marker says; nil if any will do.
    static func absence(of path: String, _ now: TreeRoot?, _ known: String?) -> String? {
        guard let now else { return "the folder \(path) is not there: \(next)" }
        switch marker.reading(in: now) {
        case .missing: return "\(path) does not have the marker \(markerPath): \(next)"
        case .unnamed: return known == nil ? nil : "the marker \(path)/\(markerPath) is empty or damaged: \(next)"
        case .named(let id) where known == nil || id == known: return nil
        case .named:
            return
                "\(path) has the marker of another folder: is another disk mounted there? nothing is touched until the "
                + "right one is back (to take this one for the folder: syncagent leave, then join again)"
        }
    }

    private static let next = "is its disk mounted? nothing is touched until it is back"

    /// From now on this is the folder; everything in it has to be looked at.
    func adopt(_ other: TreeRoot) throws {
        let area = try Self.area(in: other)
        place.withLock { $0 = Place(root: other, area: area) }
    }

    // MARK: - What a crash left

    /// Names of what is being fetched: nobody's bytes yet.
    static let fetchPrefix = "get-"

    /// Looks through the private area at a start. Between a swap and the look at what came out (DESIGN §4.2) a crash leaves there what
    /// had the name, and that may be bytes that nobody else has: they get a name in the folder. What the hub has is removed.
    /// - Parameter isKnown: whether the hub has these bytes, or a symlink with this target; nil if that cannot be told yet.
    /// - Returns: what stays where it is until ``recover(_:isKnown:)``.
    func recover(isKnown: (Content) throws -> Bool?) throws -> [PrivateItem] {
        try asking({ () throws(FileTreeError) in try area.items() }).filter { item in
            if isFetched(item) {
                try asking { () throws(FileTreeError) in try item.remove() }
                return false
            }
            guard let isKnown = try isKnown(content(of: item)) else { return true }
            try recover(item, isKnown: isKnown)
            return false
        }
    }

    /// What the hub has is removed; anything else gets a name in the folder.
    func recover(_ item: PrivateItem, isKnown: Bool) throws {
        if isKnown { return try asking { () throws(FileTreeError) in try item.remove() } }
        log.warning("recovered", ["what": item.name, "from": "a change that a crash interrupted"])
        try keep(item, beside: try RelativePath(bytes: Array("recovered".utf8)))
    }

    private func isFetched(_ item: PrivateItem) -> Bool { item.name.bytes.starts(with: Array(Self.fetchPrefix.utf8)) }

    /// Reads all of it.
    func content(of item: PrivateItem) throws -> Content {
        try asking { () throws(FileTreeError) in
            switch item.status.kind {
            case .file: .file(try item.open().hash().content)
            case .symlink: .symlink(target: try item.readLink(), mtime: item.status.mtime)
            case .directory, .other: .directory(item.status.mode)
            }
        }
    }

    /// Returns when everything that had happened at the call has been delivered.
    func drainEvents() { watcher.drain() }

    func stop() { watcher.stop() }

    // MARK: - Looking

    func status(of path: RelativePath) throws -> DiskStatus? {
        try asking { () throws(FileTreeError) in
            try root.status(of: path).map { status throws(FileTreeError) in try described(status, path) }
        }
    }

    func list(_ directory: RelativePath) throws -> [(name: Name, status: DiskStatus)] {
        try asking { () throws(FileTreeError) in
            try root.list(directory).map { entry throws(FileTreeError) in
                (name: entry.name, status: try described(entry.status, directory.appending(entry.name)))
            }
        }
    }

    func readLink(_ path: RelativePath) throws -> [UInt8] {
        try asking { () throws(FileTreeError) in try root.readLink(path) }
    }

    func readFile(_ path: RelativePath, limit: Int) throws -> [UInt8]? {
        try asking { () throws(FileTreeError) in try root.smallFile(path, limit: limit) }
    }

    func watch(_ directory: RelativePath, as entry: EntryID) throws {
        do throws(WatchError) {
            try watcher.watch(directory, in: root, token: entry.rawValue)
        } catch {
            switch error {
            case .limitReached:
                tellOnce(error)
                throw DiskProblem(.noSpace, "\(error)")
            case .directory(let error): throw DiskProblem(error)
            default: throw DiskProblem(.other, "\(error)")
            }
        }
    }

    /// A thousand directories that cannot be watched have one cause, and one setting that mends it.
    private func tellOnce(_ error: WatchError) {
        if hasToldOfLimit { return }
        hasToldOfLimit = true
        log.warning(
            "not_watched", ["reason": error, "until-then": "these directories are looked at every few seconds"])
    }

    func isBeingWritten(_ path: RelativePath) -> Bool { root.isWriterActive(path) ?? false }

    func isPresent() -> Bool {
        if case .same = presence() { true } else { false }
    }

    // MARK: - Changing

    func makeDirectory(_ path: RelativePath, mode: Mode) throws -> Placing {
        try placing(path) { () throws(FileTreeError) in
            let placement = try root.makeDirectory(path, mode: mode)
            // RACE: killed in between, the directory keeps this machine's owner, which then counts as its user's change.
            if case .placed(let status) = placement { try setExtras(of: path, status, mode) }
            return placement
        }
    }

    func makeSymlink(_ path: RelativePath, target: [UInt8], mtime: Nanoseconds) throws -> Placing {
        try placing(path) { () throws(FileTreeError) in
            try root.makeSymlink(target: target, mtime: mtime, at: path, through: area)
        }
    }

    func place(_ staged: StagedContent, as file: FileContent, at path: RelativePath) throws -> Placing {
        let item = try item(staged, as: file)
        return try placing(path) { () throws(FileTreeError) in try root.placeNew(item, at: path) }
    }

    func replace(
        _ path: RelativePath, _ known: Known, by staged: StagedContent, as file: FileContent
    ) throws -> Placing {
        guard let expected = try expected(path, known) else { return .unexpected }
        return try exchange(path, expected, with: item(staged, as: file), confirming: confirmation(known))
    }

    private func exchange(
        _ path: RelativePath, _ expected: Fingerprint, with item: PrivateItem,
        confirming: Confirmation? = nil
    ) throws -> Placing {
        let exchange: Exchange<PrivateItem>
        do {
            exchange = try root.exchange(item, with: path, expecting: expected, confirming: confirming)
        } catch {
            try setAside(item)
            throw DiskProblem(error)
        }
        switch exchange {
        case .placed(let status, let displaced):
            // What came out is what the hub has, or had, as an older version.
            try? displaced.remove()
            return .done(try whole(status, path))
        case .unexpected, .busy: return .unexpected
        case .stranded(_, let stranger):
            try keep(setAside(item) ?? stranger, beside: path)
            return .unexpected
        }
    }

    /// What came out of the folder and could not go back lies under the name of what was to be placed. It gets another, so
    /// that nobody takes it for that; a start finds it there if nothing else does.
    /// - Returns: where that lies now; nil if nothing had come out.
    @discardableResult
    private func setAside(_ item: PrivateItem) throws -> PrivateItem? {
        try asking { () throws(FileTreeError) in
            guard let there = try area.item(named: item.name), there.status.identity != item.status.identity
            else { return nil }
            return try there.move(to: area, as: PrivateArea.randomName())
        }
    }

    func move(_ from: RelativePath, _ known: Known, to path: RelativePath) throws -> Placing {
        guard let expected = try expected(from, known) else { return .unexpected }
        let move = try asking { () throws(FileTreeError) in
            try root.move(from, to: path, expecting: expected.identity)
        }
        guard case .moved(let status) = move else { return .unexpected }
        var moved = try whole(status, path)
        // Somebody wrote to it meanwhile: what it is now has to be read.
        if !status.survivedRename(expected) { moved.stamp.ctime = Nanoseconds.min }
        return .done(moved)
    }

    func setAttributes(_ path: RelativePath, _ known: Known, mode: Mode, mtime: Nanoseconds?) throws -> Placing {
        guard let expected = try expected(path, known) else { return .unexpected }
        let copy = try asking { () throws(FileTreeError) in
            try root.copyOfLinked(path, mode: mode, mtime: mtime, expecting: expected, into: area)
        }
        if let copy {
            if carried != .nothing, let extras = mode.extras {
                try asking { () throws(FileTreeError) in try copy.setExtras(extras) }
            }
            let item = try asking { () throws(FileTreeError) in try area.item(named: copy.name) } ?? copy
            let placing = try exchange(path, expected, with: item)
            // Under its name may lie by now what came out of the folder.
            if case .unexpected = placing, (try? area.item(named: copy.name))?.status.identity == copy.status.identity {
                try? copy.remove()
            }
            return placing
        }
        let change = try asking { () throws(FileTreeError) in
            try root.setAttributes(path, mode: mode, mtime: mtime, expecting: expected)
        }
        guard case .set(let status) = change else { return .unexpected }
        try asking { () throws(FileTreeError) in try setExtras(of: path, status, mode) }
        return .done(try whole(status, path))
    }

    func remove(_ path: RelativePath, _ known: Known) throws -> Bool {
        if known.kind == .directory {
            guard let identity = try expected(path, known)?.identity else { return false }
            let removal = try asking { () throws(FileTreeError) in try root.removeDirectory(path, expecting: identity) }
            return removal == .removed
        }
        guard let expected = try expected(path, known) else { return false }
        let removal = try asking { () throws(FileTreeError) in
            try root.takeAway(path, expecting: expected, into: area, confirming: confirmation(known))
        }
        switch removal {
        case .taken(let item):
            try? item.remove()
            return true
        case .unexpected, .busy: return false
        case .stranded(_, let stranger):
            try keep(stranger, beside: path)
            return false
        }
    }

    func trash(_ path: RelativePath, _ known: Known) throws -> Bool {
        let trash = Trash(in: root)
        if known.kind == .directory {
            try trashing { try trash.makeDirectory(path) }
            return try remove(path, known)
        }
        guard let expected = try expected(path, known) else { return false }
        switch try trashing({ try trash.take(path, expecting: expected, confirming: confirmation(known)) }) {
        case .taken(let item):
            log.info("put_into_trash", ["path": path, "as": item.name])
            return true
        case .unexpected, .busy: return false
        case .stranded(_, let stranger):
            try keep(stranger, beside: path)
            return false
        }
    }

    private func trashing<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as FileTreeError { throw DiskProblem(error) }
    }

    func makeDurable(_ directories: Set<RelativePath>, everything: Bool) throws {
        try asking { () throws(FileTreeError) in
            if everything || directories.count > 16 { return try root.syncFileSystem() }
            for directory in directories {
                // A directory that is gone again has no names to keep.
                do throws(FileTreeError) { try root.syncDirectory(directory) } catch {
                    if error.reason != .notFound { throw error }
                }
            }
        }
    }

    func discard(_ staged: StagedContent) { try? item(staged).remove() }

    // MARK: - Helpers

    /// - Parameter file: what it is to be when it is placed: bytes that were fetched may wait, and get another mode or time at
    ///   the hub meanwhile.
    private func item(_ staged: StagedContent, as file: FileContent? = nil) throws -> PrivateItem {
        let found = try find(staged)
        guard let file else { return found }
        let extras = carried == .nothing ? nil : file.mode.extras
        if found.status.mode == file.mode.bare, found.status.mtime == file.mtime, extras == nil { return found }
        try asking { () throws(FileTreeError) in
            if let extras { try found.setExtras(extras) }
            try found.setAttributes(mode: file.mode, mtime: file.mtime)
        }
        return try find(staged)
    }

    private func find(_ staged: StagedContent) throws -> PrivateItem {
        let name = try? Name(staged.name)
        let found = try asking { () throws(FileTreeError) in
            try name.flatMap { name throws(FileTreeError) in try area.item(named: name) }
        }
        guard let found else {
            throw DiskProblem(.notFound, "what was fetched is gone from the private area; it is fetched again")
        }
        return found
    }

    /// What must be there for it to be what the row tells of; nil if it is not. A ctime that could not be believed is not
    /// compared: see ``confirmation(_:)``. A directory that was made where a file was deleted has that file's inode,
    /// very often: the kind counts, and of a directory when it was made.
    private func expected(_ path: RelativePath, _ known: Known) throws -> Fingerprint? {
        guard let now = try asking({ () throws(FileTreeError) in try root.status(of: path) }),
            now.kind.node == known.kind
        else { return nil }
        if known.kind == .directory { return isInode(now, known.stamp) ? now.fingerprint : nil }
        var found = Stamp(now)
        if known.stamp.isDoubtful { found.ctime = known.stamp.ctime }
        return found == known.stamp ? now.fingerprint : nil
    }

    /// Where the stamp does not tell, the bytes that came out do.
    private func confirmation(_ known: Known) -> Confirmation? {
        guard known.kind == .file, known.stamp.isDoubtful else { return nil }
        return { item throws(FileTreeError) in try item.open().hash().digest == known.digest }
    }

    /// Whether it can be the inode that was seen, and not one that has its number now.
    private func isInode(_ now: FileStatus, _ stamp: Stamp) -> Bool {
        now.device == stamp.device && now.inode == stamp.inode
            && (now.born == stamp.born || now.born == 0 || stamp.born == 0)
    }

    /// Somebody changed a file twice while it was being replaced: what could not go back to its name goes beside it.
    private func keep(_ stranger: PrivateItem, beside path: RelativePath) throws {
        guard let name = path.last else { return }
        for attempt in 1...1_000 {
            let free = ConflictName.make(from: name, keepsExtension: true, date: date, client: "kept", attempt: attempt)
            let placement = try asking { () throws(FileTreeError) in
                try root.placeNew(stranger, at: path.parent.appending(free))
            }
            if case .placed = placement { return }
        }
    }

    private func placing(_ path: RelativePath, _ body: () throws(FileTreeError) -> NewPlacement) throws -> Placing {
        guard case .placed(let status) = try asking(body) else { return .unexpected }
        return .done(try whole(status, path))
    }

    private func asking<Value>(_ body: () throws(FileTreeError) -> Value) throws -> Value {
        do { return try body() } catch { throw DiskProblem(error) }
    }
}

extension DiskProblem {
    init(_ error: FileTreeError) {
        let cause: Cause =
            switch error.reason {
            case .notFound: .notFound
            case .noSpace: .noSpace
            case .denied: .denied
            case .readOnly: .readOnly
            case .changedWhileRead: .changedWhileRead
            default: .other
            }
        self.init(cause, "\(error)")
    }
}

extension DiskStatus {
    init(_ status: FileStatus) {
        let kind: Kind =
            switch status.kind {
            case .file: .node(.file)
            case .directory: .node(.directory)
            case .symlink: .node(.symlink)
            case .other(.fifo): .other("a FIFO")
            case .other(.socket): .other("a socket")
            case .other(.blockDevice), .other(.characterDevice): .other("a device")
            }
        self.init(kind: kind, stamp: Stamp(status), mode: status.mode)
    }
}

extension Stamp {
    init(_ status: FileStatus) {
        self.init(
            device: status.device, inode: status.inode, size: status.size, mtime: status.mtime, ctime: status.ctime,
            born: status.born)
    }
}
