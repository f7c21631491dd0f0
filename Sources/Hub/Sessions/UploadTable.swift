import SyncCore

/// Which session; never used again while the hub runs.
struct SessionID: Hashable, Comparable, Sendable {
    let rawValue: UInt64
    static func < (a: SessionID, b: SessionID) -> Bool { a.rawValue < b.rawValue }
}

/// What the sessions do with files of the share, at one moment.
struct UploadView: Hashable, Sendable {
    /// Open for writing, with the device that writes.
    var open: [RelativePath: String] = [:]
    /// Broken off, with the device that did not write all of it; nobody has taken note of it yet.
    var broken: [RelativePath: String] = [:]
}

/// Which files of the share devices are writing, and which of these they did not write to the end, from what their sessions tell
/// (``SessionRecord``). Pure.
///
/// An upload is whole when its session closes it: the device asked for that. It is broken when the session ends before (the line was
/// lost, the app was ended), or when bytes could not be written. A rename by a device says that it has done with the file.
///
/// What a session told last is known to be done when it tells the next thing, which may be hours later. It is done to what was there when it
/// was told: files that were opened after that are other ones. Where nobody knows what came first, both count.
///
/// A line may be lost without anybody hearing it: the device goes on by another session, and the first one ends long after. What
/// the device has closed meanwhile is whole.
struct UploadTable: Sendable {
    var sessions: [SessionID: Session] = [:]
    var broken: [RelativePath: Broken] = [:]
    /// Written to and closed, whole, since anybody asked.
    var finished: Set<RelativePath> = []
    /// How many records there were, and how often all sockets had been read to their ends.
    private var number: Int64 = 0
    private var round: Int64 = 0
    /// Grows whenever ``view`` may be another one.
    var changes: Int64 = 0

    /// One file that a session has open.
    struct Handle: Hashable, Sendable {
        /// As it was opened: it is closed by that name, whatever the file is called by then.
        var name: [UInt8]
        /// None where it is not known, or the file has no name any more; several where it is one of them.
        var paths: [RelativePath]
        var mode: OpenMode
        var opened: ToldMoment
        var hasFailed = false
        /// Its device has opened the file later, by another session, has written to it and closed it.
        var isOvertaken = false

        /// The device has not said that the file is whole.
        var isPiece: Bool { mode.writes && (!isOvertaken || hasFailed) }
    }

    struct Broken: Hashable, Sendable {
        var client: String
        var opened: ToldMoment
    }

    struct Session: Sendable {
        let client: String
        let place: SessionPlace
        var handles: [Handle] = []
        /// What was answered with an error that may have been another one's.
        var doubted: [Handle] = []
        var pending = Pending.nothing

        /// What it may have open for writing.
        var writing: [Handle] {
            var found = handles
            if case .opening(let handle) = pending { found.append(handle) }
            return found.filter(\.mode.writes)
        }
    }

    struct Rename: Hashable, Sendable {
        var from: RelativePath
        var to: RelativePath
        var told: ToldMoment
    }

    /// The operation that was told last: it is done now, or fails.
    enum Pending: Sendable {
        case nothing
        /// Nothing that matters here.
        case other
        case opening(Handle)
        case renaming(Rename)
        case removing(RelativePath, ToldMoment)
        case closing(Handle)
    }

    /// More broken ones are not remembered. Somebody takes note of each that matters; what stays has a name that nobody looks at.
    static let most = 10_000

    // MARK: - What the sessions tell

    mutating func begin(_ id: SessionID, _ client: ClientName, _ place: SessionPlace) {
        sessions[id] = Session(client: client.text, place: place)
    }

    mutating func note(_ record: SessionRecord, by id: SessionID) {
        guard sessions[id] != nil else { return }
        if case .failed(let isGeneral) = record { return fail(id, isGeneral: isGeneral) }
        settle(id)
        number += 1
        let told = ToldMoment(session: id, number: number, round: round)
        switch record {
        case .opened(let name, let mode):
            let handle = Handle(name: name, paths: path(name, id).map { [$0] } ?? [], mode: mode, opened: told)
            if mode.writes { changes += 1 }
            sessions[id]?.pending = .opening(handle)
        case .closed(let name, _, let written, let isForced):
            close(takeHandle(name, hasWritten: written > 0, id), written > 0, isForced, id)
        case .closeCut(let beginning, let isForced):
            guard let (name, hasWritten) = handleName(beginning, id) else { break }
            close(takeHandle(name, hasWritten: hasWritten, id), hasWritten, isForced, id)
        case .renamed(let from, let to):
            guard let from = path(from, id), let to = path(to, id) else { return }
            changes += 1
            sessions[id]?.pending = .renaming(Rename(from: from, to: to, told: told))
        case .removed(let name):
            guard let path = path(name, id) else { return }
            sessions[id]?.pending = .removing(path, told)
        case .writeFailed: failAll(id)
        case .made, .changed, .looked, .listed, .other, .cut, .unclear, .failed: break
        }
    }

    /// A session is over. What it still has open was not told to be closed: the process was killed.
    mutating func end(_ id: SessionID) {
        guard sessions[id] != nil else { return }
        settle(id)
        guard let session = sessions.removeValue(forKey: id) else { return }
        changes += 1
        for handle in session.handles where handle.isPiece { setBroken(handle, by: session.client) }
    }

    /// The sockets of all sessions have been read to their ends: what is told from now on comes after what was told before that.
    mutating func endRound() { round += 1 }

    // MARK: - What others do

    /// The hub has renamed a file or a directory itself.
    mutating func moved(_ from: RelativePath, _ to: RelativePath) { rename(from, to, at: nil) }

    /// Somebody has taken note that it is broken.
    mutating func forget(_ path: RelativePath) { broken[path] = nil }

    // MARK: - What is known

    /// All of it. An operation that was told and may or may not be done by now counts as both.
    var view: UploadView {
        let renames = sessions.values.compactMap { session -> Rename? in
            if case .renaming(let rename) = session.pending { rename } else { nil }
        }.sorted { $0.told.number < $1.told.number }
        var view = UploadView(broken: broken.mapValues(\.client))
        for session in sessions.values {
            for handle in session.writing {
                for path in UploadTable.names(handle.paths, handle.opened, renames) { view.open[path] = session.client }
            }
        }
        if renames.isEmpty { return view }
        for (path, found) in broken {
            for name in UploadTable.names([path], found.opened, renames, butItself: true) {
                view.broken[name] = found.client
            }
        }
        return view
    }

    /// What may be called so by now, with what it was called before.
    /// - Parameter butItself: without files that are renamed themselves.
    private static func names(
        _ paths: [RelativePath], _ opened: ToldMoment, _ renames: [Rename], butItself: Bool = false
    ) -> [RelativePath] {
        var names = paths
        for rename in renames where opened.isBefore(rename.told) != false {
            for path in names where rename.from.contains(path) && !(butItself && path == rename.from) {
                names.append(path.moved(rename.from, rename.to))
            }
        }
        return names
    }

    /// Files that were written to and closed since this was asked last: whoever went on with one has finished it.
    mutating func takeFinished() -> Set<RelativePath> {
        if finished.isEmpty { return [] }
        defer { finished = [] }
        return finished
    }
}

extension RelativePath {
    /// Where this path is once `from`, which is it or is above it, is called `to`.
    func moved(_ from: RelativePath, _ to: RelativePath) -> RelativePath {
        to.appending(RelativePath(Array(names.dropFirst(from.names.count))))
    }
}
