internal import Engine
internal import FileTree
internal import SyncCore

/// What could not be had is tried again after a pause that grows, so that nothing large comes again and again in vain. A pure
/// rule; times are monotonic milliseconds.
struct RetryPauses {
    private struct Item {
        var digest: Digest
        var pause: Int64
        /// Nil when it is over.
        var due: Int64?
    }
    private var items: [NodeID: Item] = [:]

    /// In milliseconds.
    static let shortest: Int64 = 1_000
    /// The same, while this machine or the way to the hub lacks something.
    static let longest: Int64 = 30_000
    /// The same, when all of it came and was something else than it should be.
    static let longestInVain: Int64 = 900_000

    /// When the first pause ends; nil if there is none.
    var nextRetry: Int64? { items.values.compactMap(\.due).min() }

    /// Of which something could not be had.
    var nodes: [NodeID] { Array(items.keys) }

    /// Whether these bytes are not to be tried now. Other bytes for the same node are.
    func hold(_ fetch: Fetch) -> Bool {
        items[fetch.node].map { $0.digest == fetch.file.digest && $0.due != nil } ?? false
    }

    /// Ends what is over, and forgets what is not wanted any more.
    /// - Parameter fetches: those of all ``nodes``.
    mutating func release(at now: Int64, of fetches: [Fetch]) {
        if items.isEmpty { return }
        let wanted = Dictionary(fetches.map { ($0.node, $0.file.digest) }) { $1 }
        items = items.filter { wanted[$0.key] == $0.value.digest }
        for (node, item) in items { if let due = item.due, due <= now { items[node]?.due = nil } }
    }

    /// It failed once more.
    mutating func begin(_ fetch: Fetch, after error: any Error, at now: Int64) {
        var pause = RetryPauses.shortest
        if let before = items[fetch.node], before.digest == fetch.file.digest {
            pause = min(before.pause * 2, RetryPauses.longest(after: error))
        }
        items[fetch.node] = Item(digest: fetch.file.digest, pause: pause, due: now + pause)
    }

    private static func longest(after error: any Error) -> Int64 {
        if let error = error as? FileTreeError, case .wrongContent = error.reason { return longestInVain }
        return longest
    }
}
