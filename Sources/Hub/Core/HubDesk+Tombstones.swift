internal import ControlAPI
internal import HTTPServer
internal import Journal
import SyncCore

// Tombstones that every client has passed go; who was away for longer takes a snapshot (DESIGN §4.7).
extension HubDesk {
    /// Removes the tombstones that no client needs any more.
    func collectTombstones() {
        let now = moment
        let all = clients.values.compactMap { client in
            CollectionRule.Client(
                client.record, seen: seenMoment(client), isOnline: facts(client).isOnline, now: now,
                staleAfter: settings.staleDays)
        }
        stale = Set(all.filter { !$0.isLive }.map(\.name))
        do {
            try noteRunning(always: true)
            try keepPartPaths()
            try journal.forgetGuarded(settings.guardRule, at: now)
            let limit = CollectionRule.limit(all, head: try head)
            var count = 0
            while true {
                // A part at a time: what is removed together has to fit into the memory.
                let removed = try journal.collectTombstones(upTo: limit, limit: HubDesk.collectedAtOnce)
                count += removed
                if removed < HubDesk.collectedAtOnce { break }
            }
            collected = try journal.collected
            guard count > 0 else { return }
            let passedOver = all.filter { !$0.isLive && $0.cursor < limit }.map(\.name).sorted()
            hubLog.info(
                "tombstones_collected",
                ["count": count, "up_to": limit.rawValue, "not_waited_for": passedOver.joined(separator: ",")])
        } catch {
            hubLog.error("tombstones_not_collected", ["reason": "\(error)"])
        }
    }

    private static let collectedAtOnce = 10_000

    /// Whether the feed can still tell a client all that has happened since its cursor.
    func checkHasMissedNothing(_ query: ChangesQuery) throws {
        let collected = try journal.collected
        guard query.since > .zero, query.since < collected, query.collected < collected else { return }
        throw ErrorMessage(
            .snapshotNeeded,
            "what was deleted up to \(collected.rawValue) is not on record any more, and 'since' is "
                + "\(query.since.rawValue): take a snapshot (GET /v1/snapshot)")
    }

    /// `GET /v1/snapshot`.
    func snapshot(_ request: HTTPRequest, _ client: String) throws -> HTTPResponse {
        guard let epoch = request.query("epoch") else { throw ErrorMessage(.missingField, "the query lacks 'epoch'") }
        try checkEpoch(epoch, of: client)
        try checkMayGoOn(client)
        var page = try journal.snapshot(
            after: NodeID(try request.number("after") ?? 0), limit: settings.pageLimit)
        if case .part(var part, _) = try view(of: client) { page = try part.page(page) }
        return .message(
            SnapshotResponse(
                page, epoch: self.epoch(of: client), chain: try journal.chain(at: page.seq)?.map(Escaping.hex).joined())
        )
    }
}
