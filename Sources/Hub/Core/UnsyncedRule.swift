internal import ControlAPI
import SyncCore

/// A change in the journal that a client has not applied yet.
struct ChangeAhead: Hashable, Sendable {
    var path: RelativePath
    /// Of the content, in bytes; 0 for a deletion.
    var bytes: Int64

    init(path: RelativePath, bytes: Int64) {
        self.path = path
        self.bytes = bytes
    }
}

/// What waits in each direction for one client, and why.
enum UnsyncedRule {
    /// - Parameter ahead: what the journal has behind this client's cursor.
    /// - Returns: by path, up before down.
    static func items(_ client: ClientFacts, ahead: [ChangeAhead]) -> [UnsyncedMessage] {
        guard client.hasFolder else { return [] }
        let absent = ClientReason.general(client)
        let reported = (client.report?.pending ?? []).filter { $0.unlisted != true }.map { item in
            message(
                client, item.path, item.direction, item.bytes,
                absent.map { reason(item, $0) } ?? item.reason)
        }
        let known = Set(reported.filter { $0.direction == .down }.map(\.path))
        let unreported = ahead.filter { !known.contains("\($0.path)") }.map { change in
            message(client, "\(change.path)", .down, change.bytes, absent ?? "has not been taken yet")
        }
        return (reported + unreported).sorted {
            ($0.path, $0.direction == .down ? 1 : 0) < ($1.path, $1.direction == .down ? 1 : 0)
        }
    }

    /// Whether what a client reports does not tell what waits for it: it is away, or told to hold still.
    static func needsJournal(_ client: ClientFacts) -> Bool {
        client.hasFolder && (client.report == nil || !client.isOnline || client.pause.isPaused)
    }

    /// The same in numbers.
    /// - Parameter ahead: what the journal has behind the cursor; counts only if ``needsJournal(_:)``.
    static func totals(_ client: ClientFacts, ahead: (count: Int, bytes: Int64)) -> StatusResponse.Unsynced {
        guard client.hasFolder else { return StatusResponse.Unsynced(up: 0, down: 0, bytes: 0) }
        if let report = client.report, !needsJournal(client) {
            return StatusResponse.Unsynced(up: report.upCount, down: report.downCount, bytes: report.bytes)
        }
        return StatusResponse.Unsynced(up: client.report?.upCount ?? 0, down: ahead.count, bytes: ahead.bytes)
    }

    private static func reason(_ item: PendingMessage, _ absent: String) -> String {
        if item.skipped == true { return item.reason }
        return absent.hasSuffix(item.reason) ? absent : "\(absent); \(item.reason)"
    }

    private static func message(
        _ client: ClientFacts, _ path: String, _ direction: Direction, _ bytes: Int64, _ reason: String
    ) -> UnsyncedMessage {
        UnsyncedMessage(
            client: client.name, path: path, pathB64: WirePath.base64(path), direction: direction, bytes: bytes,
            reason: reason)
    }
}

/// Paths as the API shows them: escaped, and beside that the bytes where the escapes are needed.
enum WirePath {
    static func base64(_ escaped: String) -> String? {
        guard let bytes = try? Escaping.bytes(escaped) else { return nil }
        return base64(bytes)
    }

    static func base64(_ bytes: [UInt8]) -> String? { Escaping.isPlain(bytes) ? nil : Base64.text(bytes) }
}
