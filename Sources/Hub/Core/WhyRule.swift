internal import ControlAPI
import SyncCore

/// Two versions that lie beside each other until a person has decided.
struct OpenConflict: Hashable, Sendable {
    /// What has the name.
    var path: RelativePath
    /// The other version.
    var copy: RelativePath
    /// Whose the other version is.
    var client: String

    /// What there is to know of it at a path, and what to do; nil if it has nothing to do with it.
    func sentence(for path: RelativePath) -> String? {
        let next = "look at both, keep what you want under the name, and delete the other"
        if path == self.path { return "it is in conflict: \(client)'s version lies beside it as \(copy); \(next)" }
        if path == copy { return "it is \(client)'s version of \(self.path), which are in conflict; \(next)" }
        return nil
    }
}

/// Why a path is, or is not, the same everywhere: one sentence.
enum WhyRule {
    /// - Parameters:
    ///   - node: the live node at the path; nil when the share has none.
    ///   - ignored: the rule by which the share passes it over.
    ///   - clients: all of them; those without a folder, and revoked ones, are left out.
    ///   - waiting: why something at the path, or below it, lies in the share and is no change yet.
    ///   - conflicts: the open ones.
    /// - Returns: nil when nobody knows the path.
    static func answer(
        _ path: RelativePath, node: Node?, ignored: IgnoreMatch? = nil, clients: [ClientFacts],
        share waiting: String? = nil, conflicts: [OpenConflict] = []
    ) -> WhyResponse? {
        let machines = clients.filter { $0.hasFolder && $0.maps(path) }
        let items = machines.map { client in (client, client.report?.pending.first { PathMatch.concerns($0, path) }) }
        // What a client has whose folder is not there nobody knows.
        let isKnown = machines.allSatisfy { ClientReason.blocked($0) == nil }
        if node == nil, waiting == nil, ignored == nil, isKnown, items.allSatisfy({ $0.1 == nil }) { return nil }
        var each = items.map { client, item in verdict(client, item, node) }
        if let waiting {
            each.append(
                WhyResponse.OnClient(client: "share", synced: false, reason: "waits to be taken in: \(waiting)"))
        }
        let text = "\(path)"
        let told = conflicts.compactMap { $0.sentence(for: path) }.map { "; \($0)" }.joined()
        return WhyResponse(
            path: text, synced: node != nil && each.allSatisfy(\.synced),
            sentence: sentence(text, node, ignored, each) + told, clients: each)
    }

    private static func verdict(_ client: ClientFacts, _ item: PendingMessage?, _ node: Node?) -> WhyResponse.OnClient {
        func differs(_ reason: String) -> WhyResponse.OnClient {
            WhyResponse.OnClient(client: client.name, synced: false, reason: reason)
        }
        let absent = ClientReason.absent(client)
        let general = ClientReason.general(client)
        if let item {
            let way =
                item.skipped == true
                ? "is skipped" : item.direction == .up ? "waits to be sent" : "waits to be received"
            return differs("\(way): \(item.reason)" + (general.map { " (\($0))" } ?? ""))
        }
        if let node, node.seq > client.cursor {
            return differs(
                general ?? "has yet to apply change \(node.seq.rawValue) (it is at \(client.cursor.rawValue))")
        }
        guard node != nil else {
            let blocked = ClientReason.blocked(client).map { "what it has there is not known; it is \($0)" }
            return differs(blocked ?? "has nothing there")
        }
        if let absent, client.report?.blocked != nil { return differs(absent) }
        if let report = client.report, !client.receives, report.pending.count >= ReportRequest.itemLimit {
            return WhyResponse.OnClient(
                client: client.name, synced: true,
                reason: "sends only; so much of the share is not there that it does not list all of it")
        }
        return WhyResponse.OnClient(client: client.name, synced: true, reason: absent ?? "has it")
    }

    private static func sentence(
        _ path: String, _ node: Node?, _ ignored: IgnoreMatch?, _ each: [WhyResponse.OnClient]
    ) -> String {
        let rule = ignored.map { "\($0)" }
        if let node {
            let known = sentence(path, node, each)
            return rule.map { "\(known); changes of it in the share are \($0)" } ?? known
        }
        let named = each.filter { !$0.synced && $0.reason != "has nothing there" }
        let reasons = [rule].compactMap { $0 } + named.map { "\($0.client): \($0.reason)" }
        return "\(path) is not at the hub: " + reasons.joined(separator: "; ")
    }

    private static func sentence(_ path: String, _ node: Node, _ each: [WhyResponse.OnClient]) -> String {
        let different = each.filter { !$0.synced }
        if each.isEmpty { return "\(path) is at the hub (seq \(node.seq.rawValue)); no machine has joined yet" }
        if different.isEmpty { return "\(path) is the same on \(machines(each.count)) (seq \(node.seq.rawValue))" }
        let reasons = different.map { "\($0.client): \($0.reason)" }.joined(separator: "; ")
        return "\(path) differs on \(different.count) of \(each.count) machines: \(reasons)"
    }

    private static func machines(_ count: Int) -> String { count == 1 ? "the one machine" : "all \(count) machines" }
}
