internal import ControlAPI
import SyncCore

/// The one word for how a client is (DESIGN §9).
enum ClientStateRule {
    static func state(of client: ClientFacts, head: Sequence) -> ClientState {
        if client.isRevoked { return .revoked }
        if client.pause.isPaused { return .paused }
        // A phone looks at the share itself: there is nothing that it could be behind of.
        if client.kind == .sftp { return .inSync }
        if !client.isOnline { return .offline }
        if client.lost != nil { return .blocked }
        guard let report = client.report else { return .syncing }
        if report.blocked != nil { return .blocked }
        if !client.heldBatches.isEmpty { return .held }
        if report.merging != nil { return .merging }
        return client.cursor == head && report.openCount == 0 ? .inSync : .syncing
    }

    /// Changes that it has yet to apply.
    static func behind(_ client: ClientFacts, head: Sequence) -> Int64 {
        client.hasFolder ? max(0, head.rawValue - client.cursor.rawValue) : 0
    }
}
