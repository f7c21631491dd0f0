internal import Share
import SyncCore

/// Which device made a change that is found in the share, from what the sessions tell (``SessionRecord``). Pure.
///
/// A change has the name of a device if that is the only one that has done anything under its name since that was last taken in,
/// and has done what makes such a change. Otherwise it has none, and is the share's: nobody's name stands for what somebody else may have
/// done.
struct AuthorTable: Sendable {
    private var sessions: [SessionID: Session] = [:]
    private var traces = TraceMap()
    /// Something was done, and nobody knows where: under a name that begins so, or anywhere.
    private var hidden: [(beginning: [UInt8], number: Int64)] = []
    private var hiddenAnywhere: Int64? = 0
    /// Grows with each thing that was done.
    private var number: Int64 = 0
    /// Its value when it was asked last whose changes are.
    private var asked: Int64 = 0

    private struct Session: Sendable {
        let client: String
        let place: SessionPlace
        /// What was told last: it is done by now, or is not yet, or fails.
        var pending: (deed: Deed, since: Int64)?
    }

    private enum Deed: Sendable {
        case done(Traces, RelativePath)
        case renamed(RelativePath, RelativePath)
        case hidden(beginning: [UInt8]?)
    }

    /// More names are not remembered: until all is taken in nobody's name is told then.
    static let most = 20_000
    /// Milliseconds: what was told that long ago is done, if it did not fail. A name has to be quiet for longer.
    static let patience: Int64 = 200

    // MARK: - What the sessions tell

    mutating func begin(_ id: SessionID, _ client: ClientName, _ place: SessionPlace) {
        sessions[id] = Session(client: client.text, place: place)
    }

    /// - Parameter now: milliseconds.
    mutating func note(_ record: SessionRecord, by id: SessionID, at now: Int64) {
        guard let session = sessions[id] else { return }
        if case .failed(let isGeneral) = record { return fail(id, isGeneral: isGeneral) }
        settle(id)
        if let deed = deed(record, in: session.place) { sessions[id]?.pending = (deed, now) }
    }

    mutating func end(_ id: SessionID) {
        settle(id)
        sessions[id] = nil
    }

    private func deed(_ record: SessionRecord, in place: SessionPlace) -> Deed? {
        func done(_ traces: Traces, _ name: [UInt8]) -> Deed? {
            if SessionPlace.isHidden(name) { return .hidden(beginning: nil) }
            return place.path(of: name).map { .done(traces, $0) }
        }
        switch record {
        case .opened(let name, let mode): return mode.writes ? done(.wrote, name) : nil
        case .made(let name): return done(.made, name)
        case .removed(let name): return done(.removed, name)
        case .changed(let name, let bytes): return done(bytes ? .wrote : .dressed, name)
        case .renamed(let old, let new):
            if SessionPlace.isHidden(old) || SessionPlace.isHidden(new) { return .hidden(beginning: nil) }
            switch (place.path(of: old), place.path(of: new)) {
            case (let from?, let to?): return .renamed(from, to)
            case (let from?, nil): return .done(.left, from)
            case (nil, let to?): return .done(.came, to)
            case (nil, nil): return nil
            }
        case .cut(let beginning):
            if SessionPlace.isHidden(beginning) { return .hidden(beginning: nil) }
            return place.bytes(of: beginning).map { .hidden(beginning: $0) }
        case .unclear: return .hidden(beginning: nil)
        case .closed, .closeCut, .looked, .listed, .failed, .writeFailed, .other: return nil
        }
    }

    /// The operation before was not done. A file may have been opened all the same, if what failed generally was its first write.
    private mutating func fail(_ id: SessionID, isGeneral: Bool) {
        if isGeneral, case .done(.wrote, _)? = sessions[id]?.pending?.deed { settle(id) }
        sessions[id]?.pending = nil
    }

    /// The operation before was done.
    private mutating func settle(_ id: SessionID) {
        guard let session = sessions[id], let pending = session.pending else { return }
        sessions[id]?.pending = nil
        number += 1
        switch pending.deed {
        case .done(let traces, let path): self.traces.add(traces, by: session.client, at: path, number)
        case .renamed(let from, let to):
            traces.move(from, to)
            traces.add(.left, by: session.client, at: from, number)
            traces.add(.came, by: session.client, at: to, number)
        case .hidden(let beginning?) where hidden.count < AuthorTable.mostHidden: hidden.append((beginning, number))
        case .hidden: hiddenAnywhere = number
        }
        if traces.count > AuthorTable.most {
            traces = TraceMap()
            hiddenAnywhere = number
        }
    }

    private static let mostHidden = 100

    private mutating func settle(at now: Int64) {
        for (id, session) in sessions {
            if let since = session.pending?.since, since + AuthorTable.patience <= now { settle(id) }
        }
    }

    // MARK: - What others do

    /// The hub has renamed something itself.
    mutating func moved(_ from: RelativePath, _ to: RelativePath) { traces.move(from, to) }

    // MARK: - Whose it is

    /// Of each change, in the order in which they are given, the device that made it; nil where that is not known.
    /// - Parameter now: milliseconds.
    mutating func authors(of changes: [FoundChange], at now: Int64) -> [String?] {
        settle(at: now)
        for change in changes { settleSeen(change) }
        asked = number
        return changes.map(author)
    }

    /// These changes, which were asked about just before, are in the journal: what they came of has made its change.
    mutating func take(_ changes: [FoundChange]) {
        for change in changes {
            switch change.what {
            case .created, .rewritten, .dressed: takeAll(change.path)
            case .deleted: traces.take(.gone, at: change.path)
            case .moved(let from):
                traces.take(.came, at: change.path)
                traces.take(.left, at: from)
            }
        }
    }

    private mutating func takeAll(_ path: RelativePath) {
        if let entry = traces[path], entry.last <= asked { traces.remove(path) }
    }

    /// What can only be seen when it was done, was.
    private mutating func settleSeen(_ change: FoundChange) {
        for (id, session) in sessions {
            switch (session.pending?.deed, change.what) {
            case (.done(.made, change.path)?, .created), (.done(.made, change.path)?, .rewritten),
                (.done(.removed, change.path)?, .deleted), (.renamed(change.path, _)?, .deleted):
                settle(id)
            case (.renamed(_, change.path)?, let what) where what != .deleted: settle(id)
            default: break
            }
        }
    }

    private func author(of change: FoundChange) -> String? {
        if hiddenAnywhere != nil || isHidden(change) { return nil }
        switch change.what {
        case .created, .rewritten: return only(devices(at: change.path), with: .bytes)
        case .dressed: return only(devices(at: change.path), with: Traces.bytes.union(.dressed))
        case .deleted:
            var found = devices(at: change.path).filter { !$0.value.isDisjoint(with: .gone) }
            // It went with the directory that it was in.
            for directory in change.path.above {
                for (device, traces) in devices(at: directory) where traces.contains(.left) { found[device] = .left }
            }
            return only(found, with: .gone)
        case .moved(let from):
            var found = devices(at: change.path).filter { $0.value.contains(.came) }
            for (device, traces) in devices(at: from) where traces.contains(.left) { found[device] = .came }
            return only(found, with: .came)
        }
    }

    private func only(_ devices: [String: Traces], with fitting: Traces) -> String? {
        guard devices.count == 1, let found = devices.first, !found.value.isDisjoint(with: fitting) else { return nil }
        return found.key
    }

    /// With what may be done by now.
    private func devices(at path: RelativePath) -> [String: Traces] {
        var found = traces[path] ?? TraceMap.Entry()
        for session in sessions.values {
            switch session.pending?.deed {
            case .done(let traces, path)?: found.add(traces, by: session.client)
            case .renamed(path, _)?: found.add(.left, by: session.client)
            case .renamed(let from, let to)? where to.contains(path):
                if to == path { found.add(.came, by: session.client) }
                if let before = traces[path.moved(to, from)] { found.formUnion(before) }
            default: break
            }
        }
        return found.devices
    }

    private func isHidden(_ change: FoundChange) -> Bool {
        let pending = sessions.values.compactMap { session -> [UInt8]? in
            if case .hidden(let beginning)? = session.pending?.deed { beginning ?? [] } else { nil }
        }
        if hidden.isEmpty, pending.isEmpty { return false }
        var paths = [change.path.bytes]
        if case .moved(let from) = change.what { paths.append(from.bytes) }
        return (hidden.map(\.beginning) + pending).contains { beginning in
            paths.contains { $0.starts(with: beginning) || beginning.starts(with: $0) }
        }
    }

    // MARK: - What was looked at

    /// A file is a piece of an upload still: what was done to it makes no change alone.
    mutating func fade(_ path: RelativePath) { traces.fade(path) }

    /// A device has done something there that was looked at; or it counts now, as it is.
    mutating func remember(_ device: String, at path: RelativePath, counts: Bool) {
        number += 1
        traces.add(counts ? .wrote : [], by: device, at: path, number)
    }

    /// To be asked for before a look: what was done until then. Nil if nothing is known that could be forgotten.
    mutating func mark(at now: Int64) -> Int64? {
        settle(at: now)
        return traces.count == 0 && hidden.isEmpty && hiddenAnywhere == nil ? nil : number
    }

    /// Everything that was done until a mark is in the journal, or made no change, but for what is under these names, and below them.
    mutating func rest(until mark: Int64, keeping kept: Set<RelativePath>) {
        let above = Set(kept.flatMap(\.above))
        for (path, entry) in traces.entries where entry.last <= mark && !kept.contains(path) && !above.contains(path) {
            traces.remove(path)
        }
        hidden.removeAll { $0.number <= mark }
        if let number = hiddenAnywhere, number <= mark { hiddenAnywhere = nil }
    }
}
