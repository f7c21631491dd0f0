internal import ControlAPI
import SyncCore

/// What `status` says beside a client's state, as people read it: why it is so, and what to do. Pure.
enum StatusReason {
    /// Nil where the state says all.
    /// - Parameter now: Unix nanoseconds.
    static func text(_ client: ClientFacts, _ state: ClientState, now: Nanoseconds) -> String? {
        switch state {
        case .inSync, .paused, .revoked: nil
        case .offline: away(client, now)
        case .blocked: client.lost ?? client.report?.blocked
        case .held: held(client.heldBatches)
        case .merging: client.report?.merging
        case .syncing: client.report.flatMap(stuck)
        }
    }

    private static func away(_ client: ClientFacts, _ now: Nanoseconds) -> String? {
        if client.hasMissed || client.isStale { return ClientReason.unseen(client, now: now) }
        return client.report?.merging
    }

    private static func held(_ batches: [Int64]) -> String {
        if batches.isEmpty { return Sight.untold }
        let names = batches.map { "batch \($0)" }.joined(separator: ", ")
        let verb = batches.count == 1 ? "waits" : "wait"
        return "\(names) of deletions or rewrites \(verb) for a person: see syncctl held"
    }

    /// What does not go on by itself.
    private static func stuck(_ report: LastReport) -> String? {
        let items = report.open.filter { $0.stuck == true }
        guard let first = items.first else { return nil }
        let more = items.count > 1 ? " (and \(items.count - 1) more: see syncctl unsynced)" : ""
        return "\(first.path) waits: \(first.reason)\(more)"
    }
}

extension ClientReason {
    /// Of one that deletions are not kept on record for.
    /// - Parameter now: Unix nanoseconds.
    static func unseen(_ client: ClientFacts, now: Nanoseconds) -> String {
        let since = client.lastSeen.map { seen in
            let (age, overflows) = now.subtractingReportingOverflow(seen)
            let days = overflows || age < 0 ? 0 : age / 86_400_000_000_000
            return days > 1 ? "not seen for \(days) days" : "not seen since \(Timestamp.text(seen))"
        }
        let then = client.hasMissed ? "will take a snapshot when it is back" : "records of deletions do not wait for it"
        return "\(since ?? "never seen"); \(then)"
    }

    /// Nil when nothing is compared anew.
    static func merging(_ client: ClientFacts) -> String? { client.report?.merging }

    /// Why more may be missing, or come, than one path's own reason says; nil for a client that goes its usual way.
    static func general(_ client: ClientFacts) -> String? { absent(client) ?? merging(client) }
}
