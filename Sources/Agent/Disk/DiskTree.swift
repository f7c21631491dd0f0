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
    /// See ``keepStrays()``.
    let strays = Mutex<[Stray]>([])
    /// Stands in the name of what had to be kept beside (`2026-11-21`).
    let date: String
    /// Which extras are carried.
    let carried: CarriedExtras
    let log = Log("folder")
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

    /// Below the folder.
    static let privatePath = try! RelativePath(bytes: Array(".synchub/private".utf8))  // SAFETY: two plain names.

    private static func area(in root: TreeRoot) throws -> PrivateArea { try PrivateArea(in: root, at: privatePath) }

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
        // What lies in its private area is found there by ``recover(isKnown:)``, which comes next.
        strays.withLock { $0 = [] }
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
        try asking { () throws(FileTreeError) in try root.beginning(of: path, limit: limit) }
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

    /// What FileTree throws, as the engine knows it.
    func asking<Value>(_ body: () throws(FileTreeError) -> Value) throws -> Value {
        do { return try body() } catch { throw DiskProblem(error) }
    }
}
