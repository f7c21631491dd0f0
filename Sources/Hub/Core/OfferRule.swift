internal import Journal
import SyncCore

/// Whether a machine may have bytes that the hub has lost. Pure.
enum OfferRule {
    /// One that is away for long does not count, nor one whose part of the share the file is not in; and one that only sends has what it
    /// made.
    /// - Parameter had: whether these are the bytes that it had last, if it has taken in all up to there: they are what it has, until
    ///   the hub hears otherwise.
    static func mayHave(
        _ client: ClientFacts, at path: RelativePath, had: (_ through: Sequence) throws -> Bool
    ) rethrows -> Bool {
        guard client.hasFolder, !client.isStale, client.lost == nil, client.maps(path) else { return false }
        guard client.receives else { return try had(.zero) }
        if try had(client.cursor) { return true }
        // A cursor stands before the first thing that waits there, which may be another file that cannot come, or a large one on its way
        // here. What it was told after that it says of itself, if it has not got it.
        guard let told = client.told, told > client.cursor, !client.lacks(path) else { return false }
        return try had(told)
    }
}

extension ClientFacts {
    /// Whether it has said that bytes of a file are still to come to it.
    fileprivate func lacks(_ path: RelativePath) -> Bool {
        let text = Escaping.text(path.bytes)
        return report?.pending.contains { $0.direction == .down && $0.bytes > 0 && $0.path == text } ?? false
    }
}

extension HubDesk {
    /// Whether some machine may still give the bytes of a file.
    func mayBeOffered(_ node: Node, at path: RelativePath) -> Bool {
        guard let file = node.content.file else { return false }
        do {
            return try allFacts.contains { client in
                try OfferRule.mayHave(client, at: path) {
                    try journal.had(file.digest, of: node.id, client.name, through: $0)
                }
            }
        } catch {
            return true
        }
    }
}
