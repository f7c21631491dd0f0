internal import Share
import SyncCore

/// Which files a device has written, or taken away, without having seen what the hub had placed there just before, from what the
/// sessions tell (``SessionRecord``). Pure.
///
/// Whoever has asked about a name, opened it to read, or listed its directory since then could have seen it. Nobody else could, though
/// after a minute that is believed of everybody: apps remember what they have listed. A device that has replaced it once unseen has been
/// answered by a copy beside it: that is done once for each placement.
struct UnseenTable: Sendable {
    private struct Session: Sendable {
        let client: String
        let place: SessionPlace
        /// What it was told to write or to take away last.
        var last: (path: RelativePath, since: Int64, isUnseen: Bool)?
        /// What it was told to rename last: it is called so by now, or is not yet, or that fails.
        var renaming: (from: RelativePath, to: RelativePath, since: Int64)?
    }

    /// What the hub has placed under a name.
    private struct Placing: Sendable {
        /// Nil when something else has become current there since.
        var content: Digest?
        var since: Int64
        var seen: Set<String> = []
        /// A device that had not seen it has done something there: it may have to be placed once more.
        var isReplaced = false
        /// What it was called before sessions renamed it.
        var former: [RelativePath] = []
    }

    private var sessions: [SessionID: Session] = [:]
    /// By directory.
    private var placings: [RelativePath: [Name: Placing]] = [:]
    private var count = 0
    /// Whether any placing may have former names.
    private var hasFormer = false
    /// By which devices.
    private var unseen: [RelativePath: Set<String>] = [:]

    /// Milliseconds.
    static let memory: Int64 = 60_000
    /// More placements are not remembered.
    static let most = 20_000
    /// Nobody renames a file more often within a minute.
    private static let mostFormer = 8

    // MARK: - What the sessions tell

    mutating func begin(_ id: SessionID, _ client: ClientName, _ place: SessionPlace) {
        sessions[id] = Session(client: client.text, place: place)
    }

    mutating func end(_ id: SessionID) {
        settleRename(id)
        sessions[id] = nil
    }

    /// - Parameter now: milliseconds.
    mutating func note(_ record: SessionRecord, by id: SessionID, at now: Int64) {
        guard let session = sessions[id] else { return }
        if case .failed = record {
            if let last = session.last, last.isUnseen { take(session.client, from: last.path) }
            sessions[id]?.renaming = nil
        }
        settleRename(id)
        settleRenames(at: now)
        sessions[id]?.last = nil
        func path(_ name: [UInt8]) -> RelativePath? { session.place.path(of: name) }
        switch record {
        case .looked(let name): path(name).map { see($0, session.client) }
        case .listed(let name): path(name).map { seeAll(in: $0, session.client) }
        case .opened(let name, let mode):
            if !mode.writes { path(name).map { see($0, session.client) } } else { replace(path(name), id, at: now) }
        case .changed(let name, bytes: true), .removed(let name): replace(path(name), id, at: now)
        case .renamed(let old, let new): rename(path(old), path(new), id, at: now)
        case .closed, .closeCut, .made, .changed, .cut, .unclear, .failed, .writeFailed, .other: break
        }
    }

    private mutating func see(_ path: RelativePath, _ client: String) {
        if let name = path.last { placings[path.parent]?[name]?.seen.insert(client) }
    }

    private mutating func seeAll(in directory: RelativePath, _ client: String) {
        guard let names = placings[directory]?.keys else { return }
        for name in names { placings[directory]?[name]?.seen.insert(client) }
    }

    private mutating func replace(_ path: RelativePath?, _ id: SessionID, at now: Int64) {
        guard let path, let client = sessions[id]?.client else { return }
        let isUnseen = mark(path, client, at: now)
        sessions[id]?.last = (path, now, isUnseen)
    }

    /// - Returns: whether what was placed there is replaced unseen by this alone.
    private mutating func mark(_ path: RelativePath, _ client: String, at now: Int64) -> Bool {
        guard let name = path.last, let placing = placing(at: path), !placing.seen.contains(client),
            now - placing.since < UnseenTable.memory
        else { return false }
        placings[path.parent]?[name]?.seen.insert(client)
        placings[path.parent]?[name]?.isReplaced = true
        if unseen.count >= UnseenTable.most { unseen = [:] }
        // The hub may not have noticed yet that it is called otherwise.
        for path in [path] + placing.former { unseen[path, default: []].insert(client) }
        return true
    }

    /// What a device was thought to have done it has not.
    private mutating func take(_ client: String, from path: RelativePath) {
        for path in [path] + (placing(at: path)?.former ?? []) {
            unseen[path]?.remove(client)
            if unseen[path]?.isEmpty == true { unseen[path] = nil }
        }
        if let name = path.last { placings[path.parent]?[name]?.seen.remove(client) }
    }

    /// What has the new name is replaced. What was placed under the old one goes along, and is there still.
    private mutating func rename(_ from: RelativePath?, _ to: RelativePath?, _ id: SessionID, at now: Int64) {
        replace(to ?? from, id, at: now)
        if let from, let to, from != to { sessions[id]?.renaming = (from, to, now) }
    }

    private mutating func settleRename(_ id: SessionID) {
        guard let (from, to, _) = sessions[id]?.renaming else { return }
        sessions[id]?.renaming = nil
        // Other bytes go along than those that were placed.
        if unseen[from] != nil { return }
        movePlacings(from, to) { placing, path in
            placing.former = placing.former.suffix(UnseenTable.mostFormer - 1) + [path]
        }
        hasFormer = true
    }

    private mutating func settleRenames(at now: Int64) {
        for (id, session) in sessions {
            if let since = session.renaming?.since, since + AuthorTable.patience <= now { settleRename(id) }
        }
    }

    // MARK: - What the hub does

    /// The hub has placed bytes there, after all was taken in that was told until then.
    mutating func placed(_ path: RelativePath, _ content: Digest, at now: Int64) {
        unseen[path] = nil
        guard let name = path.last, !sessions.isEmpty else { return }
        settleRenames(at: now)
        dropFormer([path])
        if let placing = placing(at: path), placing.content == content, placing.isReplaced {
            // It has come back, which is no news: beside it lies what the device has written that had not seen it.
            placings[path.parent]?[name]?.former = []
        } else {
            if count >= UnseenTable.most { (placings, count) = ([:], 0) }
            set(Placing(content: content, since: now), at: path)
        }
        // What was told just before may be done only now.
        for session in sessions.values where isFresh(session, path, at: now) {
            _ = mark(path, session.client, at: now)
        }
    }

    private func isFresh(_ session: Session, _ path: RelativePath, at now: Int64) -> Bool {
        session.last.map { $0.path == path && now - $0.since < AuthorTable.patience } ?? false
    }

    /// The hub has renamed something itself.
    mutating func moved(_ from: RelativePath, _ to: RelativePath) {
        if from == to { return }
        // What was taken in already goes to a name of its own, and leaves what was placed.
        let leaves = unseen[from] == nil && placing(at: from)?.isReplaced == true
        unseen[to] = nil
        for (path, clients) in unseen where from.contains(path) {
            unseen[path] = nil
            unseen[path.moved(from, to)] = clients
        }
        for (id, session) in sessions {
            if let last = session.last, from.contains(last.path) {
                sessions[id]?.last = (last.path.moved(from, to), last.since, last.isUnseen)
            }
        }
        if !leaves { movePlacings(from, to) { _, _ in } }
        changeFormer { from.contains($0) ? $0.moved(from, to) : $0 }
    }

    /// What was found there is in the journal.
    mutating func take(_ changes: [FoundChange]) {
        var renewed: Set<RelativePath> = []
        for change in changes {
            settleRenames(before: change)
            unseen[change.path] = nil
            switch change.what {
            case .moved(let from):
                unseen[from] = nil
                followMove(from, change.path)
                renewed.insert(from)
            case .created, .rewritten, .deleted: renewed.insert(change.path)
            case .dressed: break
            }
            // Something that is created there lies beside what was placed.
            if change.what == .rewritten || change.what == .deleted, let name = change.path.last {
                placings[change.path.parent]?[name]?.content = nil
            }
            for (id, session) in sessions where session.last?.path == change.path { sessions[id]?.last = nil }
        }
        dropFormer(renewed)
    }

    /// What was told to be renamed is, if that was taken in, or something else is at its old name.
    private mutating func settleRenames(before change: FoundChange) {
        for (id, session) in sessions {
            guard let renaming = session.renaming else { continue }
            var isDone = renaming.from.contains(change.path)
            if case .moved(let from) = change.what, from.contains(renaming.from) { isDone = true }
            if isDone { settleRename(id) }
        }
    }

    /// The journal knows all that is in a directory by the new name now, whether it had been replaced unseen before or since.
    private mutating func followMove(_ from: RelativePath, _ to: RelativePath) {
        for (path, clients) in unseen where path != from && from.contains(path) {
            unseen[path] = nil
            unseen[path.moved(from, to), default: []].formUnion(clients)
        }
        changeFormer { path in path != from && from.contains(path) ? path.moved(from, to) : path }
    }

    /// What has these names now is not what was placed and renamed.
    private mutating func dropFormer(_ paths: Set<RelativePath>) {
        if !paths.isEmpty { changeFormer { paths.contains($0) ? nil : $0 } }
    }

    private mutating func changeFormer(_ change: (RelativePath) -> RelativePath?) {
        guard hasFormer else { return }
        hasFormer = false
        for (directory, names) in placings {
            for (name, placing) in names where !placing.former.isEmpty {
                let former = placing.former.compactMap(change).filter { $0 != directory.appending(name) }
                if former != placing.former { placings[directory]?[name]?.former = former }
                if !former.isEmpty { hasFormer = true }
            }
        }
    }

    /// What lies there is what the journal has, when all was taken in that was told until then: nothing was replaced.
    mutating func confirm(_ path: RelativePath, at now: Int64) {
        // Perhaps it is done only now.
        if sessions.values.contains(where: { isFresh($0, path, at: now) }) { return }
        guard let clients = unseen.removeValue(forKey: path), let name = path.last else { return }
        placings[path.parent]?[name]?.seen.subtract(clients)
        placings[path.parent]?[name]?.isReplaced = false
    }

    // MARK: - What is known

    /// Whether a device has written there, or taken away what was there, that could not have seen it.
    func isUnseen(_ path: RelativePath) -> Bool { unseen[path] != nil }

    /// Whether there is any such path.
    var hasUnseen: Bool { !unseen.isEmpty }

    // MARK: - What was placed

    private func placing(at path: RelativePath) -> Placing? {
        path.last.flatMap { placings[path.parent]?[$0] }
    }

    private mutating func set(_ placing: Placing, at path: RelativePath) {
        guard let name = path.last else { return }
        if placings[path.parent, default: [:]].updateValue(placing, forKey: name) == nil { count += 1 }
    }

    private mutating func remove(_ path: RelativePath) -> Placing? {
        guard let name = path.last, let placing = placings[path.parent]?.removeValue(forKey: name) else { return nil }
        if placings[path.parent]?.isEmpty == true { placings[path.parent] = nil }
        count -= 1
        return placing
    }

    private mutating func movePlacings(
        _ from: RelativePath, _ to: RelativePath, _ change: (inout Placing, RelativePath) -> Void
    ) {
        var paths: [RelativePath] = []
        if placing(at: from) != nil {
            paths = [from]
        } else {
            for (directory, names) in placings where from.contains(directory) {
                paths += names.keys.map { directory.appending($0) }
            }
        }
        for path in paths {
            guard var placing = remove(path) else { continue }
            change(&placing, path)
            set(placing, at: path.moved(from, to))
        }
    }
}
