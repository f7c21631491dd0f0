internal import Share
import SyncCore

/// Which files a device has written without having seen what the hub had placed there just before, from what the sessions tell
/// (``SessionRecord``). Pure.
///
/// Whoever has asked about a name, opened it to read, or listed its directory since then could have seen it. Nobody else could, though
/// after a minute that is believed of everybody: apps remember what they have listed.
struct UnseenTable: Sendable {
    private struct Session: Sendable {
        let client: String
        let place: SessionPlace
        /// What it was told to write last.
        var last: (path: RelativePath, since: Int64, isUnseen: Bool)?
    }

    private struct Placing: Sendable {
        var since: Int64
        var seen: Set<String> = []
    }

    private var sessions: [SessionID: Session] = [:]
    /// By directory.
    private var placings: [RelativePath: [Name: Placing]] = [:]
    private var count = 0
    private var unseen: Set<RelativePath> = []

    /// Milliseconds.
    static let memory: Int64 = 60_000
    /// More placements are not remembered.
    static let most = 20_000

    // MARK: - What the sessions tell

    mutating func begin(_ id: SessionID, _ client: ClientName, _ place: SessionPlace) {
        sessions[id] = Session(client: client.text, place: place)
    }

    mutating func end(_ id: SessionID) { sessions[id] = nil }

    /// - Parameter now: milliseconds.
    mutating func note(_ record: SessionRecord, by id: SessionID, at now: Int64) {
        guard let session = sessions[id] else { return }
        if case .failed = record, let last = session.last, last.isUnseen { unseen.remove(last.path) }
        sessions[id]?.last = nil
        func path(_ name: [UInt8]) -> RelativePath? { session.place.path(of: name) }
        switch record {
        case .looked(let name): path(name).map { see($0, session.client) }
        case .listed(let name): path(name).map { seeAll(in: $0, session.client) }
        case .opened(let name, let mode):
            if !mode.writes { path(name).map { see($0, session.client) } } else { write(path(name), id, at: now) }
        case .renamed(_, let name), .changed(let name, bytes: true): write(path(name), id, at: now)
        case .closed, .closeCut, .removed, .made, .changed, .cut, .unclear, .failed, .writeFailed, .other: break
        }
    }

    private mutating func see(_ path: RelativePath, _ client: String) {
        if let name = path.last { placings[path.parent]?[name]?.seen.insert(client) }
    }

    private mutating func seeAll(in directory: RelativePath, _ client: String) {
        guard let names = placings[directory]?.keys else { return }
        for name in names { placings[directory]?[name]?.seen.insert(client) }
    }

    private mutating func write(_ path: RelativePath?, _ id: SessionID, at now: Int64) {
        guard let path, let name = path.last, let session = sessions[id] else { return }
        var isUnseen = false
        if let placing = placings[path.parent]?[name], !placing.seen.contains(session.client),
            now - placing.since < UnseenTable.memory
        {
            isUnseen = unseen.insert(path).inserted
        }
        sessions[id]?.last = (path, now, isUnseen)
    }

    // MARK: - What the hub does

    /// The hub has placed bytes there, after all was taken in that was told until then.
    mutating func placed(_ path: RelativePath, at now: Int64) {
        unseen.remove(path)
        guard let name = path.last, !sessions.isEmpty else { return }
        if count >= UnseenTable.most { (placings, count) = ([:], 0) }
        if placings[path.parent, default: [:]].updateValue(Placing(since: now), forKey: name) == nil { count += 1 }
        // What was told just before may be done only now.
        let isWritten = sessions.values.contains { session in
            session.last.map { $0.path == path && now - $0.since < AuthorTable.patience } ?? false
        }
        if isWritten { unseen.insert(path) }
    }

    /// What was found there is in the journal.
    mutating func take(_ changes: [FoundChange]) {
        for change in changes {
            unseen.remove(change.path)
            for (id, session) in sessions where session.last?.path == change.path { sessions[id]?.last = nil }
        }
    }

    // MARK: - What is known

    /// Whether a device has written there that could not have seen what it replaced.
    func isUnseen(_ path: RelativePath) -> Bool { unseen.contains(path) }
}
