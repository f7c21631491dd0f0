internal import Journal
import SyncCore

/// Whether some machine may have bytes that the hub has lost. Pure.
enum OfferRule {
    /// Who made a content, and when.
    struct Origin: Hashable, Sendable {
        var client: String
        var seq: Sequence
    }

    /// Who has taken it in has it, until the hub hears otherwise; so has who made it. One that is away for long does not count, nor one
    /// whose part of the share the file is not in; and one that only sends has what it made.
    static func mayHave(_ origin: Origin, at path: RelativePath, _ clients: [ClientFacts]) -> Bool {
        clients.contains { client in
            client.hasFolder && !client.isStale && client.lost == nil
                && client.subtree.map { $0.contains(path) } ?? true
                && (client.receives && client.cursor >= origin.seq || client.name == origin.client)
        }
    }
}

extension HubDesk {
    /// Whether some machine may still give the bytes of a file.
    func mayBeOffered(_ node: Node, at path: RelativePath) -> Bool {
        guard let (client, seq) = try? journal.origin(of: node) else { return true }
        return OfferRule.mayHave(OfferRule.Origin(client: client, seq: seq), at: path, allFacts)
    }
}
