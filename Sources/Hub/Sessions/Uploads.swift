internal import FileTree
internal import Journal
internal import Share
import SyncCore

/// Which files of the share are pieces of uploads: what the sessions tell, and what is kept of it over a restart. Lives on the hub's
/// queue. A piece that broke off stays one until somebody has written to it, it was renamed, or it has waited for long enough.
final class Uploads {
    let journal: Journal
    let store: Store
    let sessions: SessionSocket?
    /// So long a broken one waits, in seconds in which hubs run.
    let patience: Int64
    /// Now, by ``Journal/runningTime``.
    let moment: () -> Int64

    var view = UploadView()
    /// Those that broke off.
    var broken: [Location: BrokenUpload] = [:]
    /// Those that have been open for a while, and since when each path was seen open, in milliseconds.
    var open: [Location: BrokenUpload] = [:]
    var seenOpen: [RelativePath: Int64] = [:]
    /// What the journal has of all these.
    var kept: [Location: BrokenUpload]
    /// When there is something to be written down, in milliseconds; nil while there is not.
    var next: Int64?
    /// Where it could not be, and when it is tried again, in milliseconds.
    var owed: Set<Location> = []
    var nextTry: Int64 = 0

    /// - Parameter sessions: nil where none can be listened to.
    init(
        journal: Journal, store: Store, sessions: SessionSocket?, patience: Int64, moment: @escaping () -> Int64
    ) throws {
        self.journal = journal
        self.store = store
        self.sessions = sessions
        self.patience = patience
        self.moment = moment
        kept = try journal.brokenUploads()
        let gone = try kept.keys.filter { try isGone($0) }
        keep([:], forgetting: gone)
        for location in gone { kept[location] = nil }
        broken = kept
        // Nobody heard the end of what was open: it was now, at the latest.
        for location in kept.keys where kept[location]?.seen == nil { broken[location]?.moment = moment() }
        for (location, record) in broken {
            guard let path = try path(of: location) else { continue }
            sessions?.updateAuthors { table, _ in table.remember(record.client, at: path, counts: false) }
        }
    }

    /// - Parameter onChange: called on any thread: sessions have told something.
    func start(onChange: @escaping @Sendable () -> Void) { sessions?.start(onChange: onChange) }

    /// What is being uploaded is written down: the sessions end with the hub.
    func stop() {
        look()
        do {
            try replaceOpen(with: records(of: view.open))
            try keep(endedRecords())
            keepOwed()
        } catch { hubLog.error("uploads_not_kept", ["reason": "\(error)"]) }
        sessions?.stop()
    }

    // MARK: - Asking

    /// Takes in what was told until now: to be called before what lies in the share is looked at.
    func look() {
        guard let sessions else { return }
        view = sessions.look()
        // Whatever was kept of these, also of what was open when the hub ended.
        for path in sessions.takeFinished() {
            if let location = try? location(of: path), broken[location] != nil { note(nil, of: location) }
        }
    }

    /// Whether there may be anything to say about a path. Without a look.
    func concern(_ path: RelativePath, _ location: Location) -> Bool {
        view.open[path] != nil || view.broken[path] != nil || broken[location] != nil
    }

    /// Why a file does not count yet; nil if it does. Without a look.
    func piece(at path: RelativePath, _ location: Location, _ status: FileStatus) -> Piece? {
        guard concern(path, location), status.kind == .file else { return nil }
        // A session of before, which is about to be ended.
        if let record = broken[location], record.seen == nil, store.isWriterActive(path) == true {
            return .open(by: record.client)
        }
        let answer = UploadRule.answer(
            open: view.open[path], broken: patience > 0 ? view.broken[path] : nil, record: broken[location], status,
            moment: moment())
        note(answer.record, of: location)
        if view.open[path] == nil { forgetTold(path) }
        return answer.piece
    }

    /// The same of what lies at a path now, also in a directory that the journal does not have, or not any more. Looks.
    func piece(at path: RelativePath) -> Piece? {
        look()
        if broken.isEmpty, view.open.isEmpty, view.broken.isEmpty { return nil }
        guard let name = path.last, let status = try? store.status(of: path) else {
            return view.open[path].map { Piece.open(by: $0) }
        }
        guard status.kind == .file else { return nil }
        if let location = try? location(of: path), let piece = piece(at: path, location, status) { return piece }
        if let client = view.open[path] { return .open(by: client) }
        if patience > 0, let client = view.broken[path] { return .broken(by: client) }
        // It was noted elsewhere, such as in a directory that had the name before.
        let record = broken.first { location, record in
            guard record.inode == status.inode else { return false }
            return record.seen.map { $0 == BrokenUpload.Seen(status) } ?? (location.name == name)
        }
        return record.map { Piece.broken(by: $0.value.client) }
    }

    /// In a sentence.
    func reason(_ piece: Piece) -> String {
        guard case .broken = piece else { return "\(piece)" }
        return "\(piece): it is taken in when it was written whole or renamed, or as it is when "
            + "the hub has run for \(patience / 3_600) h more (share.broken_hours)"
    }

    // MARK: - Telling

    /// There is no piece of an upload there, or none that matters.
    func forget(_ path: RelativePath?, _ location: Location) {
        note(nil, of: location)
        if let path, view.open[path] == nil { forgetTold(path) }
    }

    /// The journal does not have the directory any more. What lies in it stays a piece as long as the directory is still to be removed.
    func leave(_ location: Location) throws {
        if broken[location] != nil, try isGone(location) { note(nil, of: location) }
    }

    private func forgetTold(_ path: RelativePath) {
        guard view.broken.removeValue(forKey: path) != nil else { return }
        sessions?.forget(path)
    }

    /// The hub has renamed something in the share.
    /// - Parameter status: of it, after that.
    func moved(_ from: RelativePath, _ to: RelativePath, _ status: FileStatus) {
        sessions?.moved(from, to)
        // What is in a directory goes along with it. What was known of the old name may have the new one by now, for the journal.
        guard status.kind == .file, let old = broken.first(where: { $0.value.inode == status.inode }),
            let location = try? location(of: to), location != old.key
        else { return }
        note(old.value, of: location)
        note(nil, of: old.key)
    }

    /// Sessions have told something: what stays open for a second is written down.
    func hasNews(at now: Int64) { next = min(next ?? .max, now + Uploads.pause) }

    /// Milliseconds: so many news in a row are one, and what is open for so long is written down.
    static let pause: Int64 = 100
    static let grace: Int64 = 1_000
    /// What could not be written down is tried again after that.
    static let patienceWithDisk: Int64 = 5_000

    /// Whether a device has written there, or taken away what was there, that could not have seen it. Without a look.
    func isUnseen(_ path: RelativePath) -> Bool { sessions?.isUnseen(path) ?? false }

    /// Whether there is any such path.
    var hasUnseen: Bool { sessions?.hasUnseen ?? false }

    /// What lies there was found to be what the journal has, after a look.
    func confirm(_ path: RelativePath) { if hasUnseen { sessions?.confirm(path) } }

    // MARK: - Whose a change is

    /// A piece that broke off was looked at.
    func fade(_ path: RelativePath) { sessions?.updateAuthors { table, _ in table.fade(path) } }

    /// To be asked for before a look at whether everything is taken in; nil where nothing follows from that.
    var mark: Int64? { sessions?.updateAuthors { table, now in table.mark(at: now) } }

    /// Everything that was done until a mark is in the journal, or is no change, but for what is under these names.
    func rest(until mark: Int64, keeping names: Set<RelativePath>) {
        let kept = names.union(view.open.keys).union(view.broken.keys)
        sessions?.updateAuthors { table, _ in table.rest(until: mark, keeping: kept) }
    }
}

extension BrokenUpload.Seen {
    init(_ status: FileStatus) { self.init(size: status.size, mtime: status.mtime) }
}
