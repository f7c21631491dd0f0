internal import ControlAPI
internal import Journal
import SyncCore

/// What a caller may be told of. Pure.
enum Sight: Hashable, Sendable {
    /// All of it.
    case everything
    /// A client that maps a part: what is in that, and what the client says itself.
    case part(RelativePath, of: String)
    /// The part is gone: what the client says itself. Where it was last.
    case lost(RelativePath, of: String)

    var isEverything: Bool { self == .everything }

    /// The part that is seen; nil for everything, and where it is gone.
    var directory: RelativePath? { if case .part(let path, _) = self { path } else { nil } }

    /// A change as it may be told: where it was moved from only if that is seen too.
    func seen(_ record: HistoryRecord) -> HistoryRecord {
        var record = record
        if let from = record.fromPath, !shows(from) { (record.from, record.fromPath) = (nil, nil) }
        return record
    }

    /// Whether a path of the share may be told.
    func shows(_ path: RelativePath) -> Bool {
        switch self {
        case .everything: true
        case .part(let part, _): part.contains(path)
        case .lost: false
        }
    }

    /// Whether the caller may ask about it: also where its part was, of which there is only what it says itself.
    func knows(_ path: RelativePath) -> Bool {
        if case .lost(let part, _) = self { part.contains(path) } else { shows(path) }
    }

    /// The same of a path as the API says it.
    func shows(_ path: String) -> Bool { isEverything || (try? wirePath(path)).map(shows) ?? false }

    /// Whether it is the caller's own affair, wherever that lies.
    func isOwn(_ client: String) -> Bool {
        switch self {
        case .everything: true
        case .part(_, let own), .lost(_, let own): client == own
        }
    }

    /// What a client is doing, as far as the caller may know: of others nothing that names, or counts, what lies outside of the part.
    func seen(_ client: ClientFacts) -> ClientFacts {
        if isOwn(client.name) { return client }
        var seen = client
        seen.lost = client.lost.map { _ in Sight.untold }
        // Which batches are held is their owner's affair.
        seen.heldBatches = []
        guard var report = client.report else { return seen }
        report.pending = report.pending.filter { shows($0.path) }
        report.upCount = report.pending.count { $0.direction == .up }
        report.downCount = report.pending.count { $0.direction == .down }
        report.bytes = report.pending.reduce(0) { $0 + $1.bytes }
        report.blocked = report.blocked.map { _ in Sight.untold }
        report.merging = report.merging.map { _ in Sight.untold }
        report.progress = nil
        seen.report = report
        return seen
    }

    /// Why the hub stands still, as it may be told: the reason names what lies on its machine.
    func told(_ reason: String) -> String { isEverything ? reason : Sight.standsStill }

    static let standsStill = "the hub takes nothing in; \(untold)"

    /// In place of what lies outside.
    static let untold = "why is told to those who see all of the share"
}
