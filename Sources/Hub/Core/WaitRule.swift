internal import ControlAPI
import SyncCore

/// What somebody waits for.
struct WaitGoal: Hashable, Sendable {
    /// The path that matters; nil for everything.
    var path: RelativePath?
    /// The clients that matter; nil for every agent that is neither paused nor revoked.
    var on: [String]?
    /// Raised for this wait.
    var barrier: Int64
    /// The journal's `seq` when the barrier was raised. A client that reports the barrier knows of everything up to here.
    var headAtBarrier: Sequence
    /// What was done in the share before this mark is to be taken in.
    var shareMark: Int64 = 0
}

/// Where the journal is while somebody waits.
struct WaitSight: Hashable, Sendable {
    var head: Sequence
    /// Of the live node at the goal's path; nil when there is none, and for a directory (everything in it matters).
    var seqAtPath: Sequence?
}

/// Whether a wait is over: pure, looked at again whenever a client reports, is paused, revoked or commits.
enum WaitRule {
    /// One reason for each client that is awaited and not there yet, by name; empty when everybody is in sync.
    static func waiting(for goal: WaitGoal, _ sight: WaitSight, on clients: [ClientFacts]) -> [WaitResponse.Waiting] {
        awaited(goal, clients).compactMap { client in
            reason(client, goal, sight).map { WaitResponse.Waiting(client: client.name, reason: $0) }
        }.sorted { $0.client < $1.client }
    }

    /// Who is named is awaited while it is paused too; who was revoked, or has no folder, never.
    private static func awaited(_ goal: WaitGoal, _ clients: [ClientFacts]) -> [ClientFacts] {
        clients.filter { client in
            client.hasFolder && (goal.on.map { $0.contains(client.name) } ?? !client.pause.isPaused)
        }
    }

    /// Nil when the client is in sync as far as the goal asks.
    private static func reason(_ client: ClientFacts, _ goal: WaitGoal, _ sight: WaitSight) -> String? {
        guard let report = client.report, report.barrier >= goal.barrier else {
            return ClientReason.general(client) ?? client.report?.open.first?.reason ?? "has not answered yet"
        }
        guard let path = goal.path else { return everything(client, report, sight) }
        return onePath(path, client, report, goal, sight)
    }

    private static func everything(_ client: ClientFacts, _ report: LastReport, _ sight: WaitSight) -> String? {
        if report.openCount > 0 { return ClientReason.absent(client) ?? ClientReason.counts(report) }
        if client.cursor == sight.head { return nil }
        return ClientReason.general(client) ?? behind(client, sight)
    }

    private static func onePath(
        _ path: RelativePath, _ client: ClientFacts, _ report: LastReport, _ goal: WaitGoal, _ sight: WaitSight
    ) -> String? {
        if let item = report.open.first(where: { PathMatch.concerns($0, path) }) {
            return ClientReason.absent(client) ?? item.reason
        }
        // Other parts of the share are not its business.
        if !client.maps(path), !(client.subtree.map { path.contains($0) } ?? true) { return nil }
        let seq = sight.seqAtPath ?? sight.head
        if seq <= client.cursor { return nil }
        // It knows of the node and does not name it among what waits, so the node is on its disk: an older change of
        // something else holds the cursor back.
        if seq <= goal.headAtBarrier, report.isComplete { return nil }
        return ClientReason.general(client) ?? behind(client, sight)
    }

    private static func behind(_ client: ClientFacts, _ sight: WaitSight) -> String {
        "\(sight.head.rawValue - client.cursor.rawValue) changes behind"
    }
}

/// Which of the paths that a client names belong to the path that somebody asks about.
enum PathMatch {
    /// The path itself or something below it.
    static func concerns(_ item: PendingMessage, _ path: RelativePath) -> Bool {
        guard let named = try? wirePath(item.path) else { return false }
        return path.contains(named)
    }
}
