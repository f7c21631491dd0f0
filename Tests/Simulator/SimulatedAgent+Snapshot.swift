import Index
import Journal
import SyncCore

extension SimulatedAgent {
    /// What its driver does when the feed does not reach back: takes pages of a snapshot.
    /// - Parameter pages: so many at most.
    func takeSnapshot(pages: Int = .max, limit: Int = 2) throws {
        guard try index.hasMissed(hub.journal.collected) || index.snapshotAfter != nil else { return }
        try index.beginSnapshot()
        for _ in 0..<pages {
            guard try index.inflightRequest == nil, let after = try index.snapshotAfter else { return }
            try index.takeSnapshot(hub.journal.snapshot(after: after, limit: limit), chain: nil)
        }
    }

    /// What it has put into the trash, as text by path.
    var trash: [String: String] {
        Dictionary(
            tree.trashed.map { ("\($0.path)", String(decoding: $0.bytes, as: UTF8.self)) }, uniquingKeysWith: { $1 })
    }
}
