internal import Engine
internal import FileTree
internal import SyncCore

/// What could not be had, or sent, is tried again after a pause that grows, each for itself, so that nothing comes again and again
/// in vain. A pure rule; times are monotonic milliseconds.
struct RetryPauses<Key: Hashable> {
    private struct Item {
        var digest: Digest
        var pause: GrowingPause
    }
    private let bounds: ClosedRange<Int64>
    private var items: [Key: Item] = [:]

    /// - Parameter bounds: the first pause, and the longest.
    init(_ bounds: ClosedRange<Int64>) { self.bounds = bounds }

    /// When the first pause ends; nil if there is none.
    var nextRetry: Int64? { items.values.compactMap(\.pause.due).min() }

    /// Of which something failed.
    var keys: [Key] { Array(items.keys) }

    /// Those that are not to be tried now.
    var held: Set<Key> { Set(items.lazy.filter { $0.value.pause.due != nil }.map(\.key)) }

    /// Whether these bytes are not to be tried now. Other bytes for the same are.
    func hold(_ key: Key, _ digest: Digest) -> Bool {
        items[key].map { $0.digest == digest && $0.pause.due != nil } ?? false
    }

    /// Ends what is over, and forgets what is not wanted any more.
    /// - Parameter isWanted: whether these bytes still are.
    /// - Returns: what was forgotten.
    mutating func release(at now: Int64, where isWanted: (Key, Digest) -> Bool) -> [Key] {
        let forgotten = items.filter { !isWanted($0.key, $0.value.digest) }.map(\.key)
        for key in forgotten { items[key] = nil }
        for key in items.keys { items[key]?.pause.end(at: now) }
        return forgotten
    }

    /// It failed once more.
    /// - Parameter most: another longest pause.
    /// - Returns: whether it is the first time for these bytes.
    @discardableResult
    mutating func begin(_ key: Key, _ digest: Digest, at now: Int64, most: Int64? = nil) -> Bool {
        var item = items[key] ?? Item(digest: digest, pause: GrowingPause(bounds))
        let isNew = items[key]?.digest != digest
        if isNew { item = Item(digest: digest, pause: GrowingPause(bounds)) }
        item.pause.begin(at: now, most: most)
        items[key] = item
        return isNew
    }

    /// It did not fail.
    mutating func forget(_ key: Key) { items[key] = nil }
}

// What is to be fetched.
extension RetryPauses<NodeID> {
    /// When all of it came and was something else than it should be, in milliseconds.
    static var longestInVain: Int64 { 900_000 }

    func hold(_ fetch: Fetch) -> Bool { hold(fetch.node, fetch.file.digest) }

    /// - Parameter fetches: those of all ``keys``.
    mutating func release(at now: Int64, of fetches: [Fetch]) {
        if keys.isEmpty { return }
        let wanted = Dictionary(fetches.map { ($0.node, $0.file.digest) }) { $1 }
        _ = release(at: now) { wanted[$0] == $1 }
    }

    mutating func begin(_ fetch: Fetch, after error: any Error, at now: Int64) {
        var most: Int64?
        if let error = error as? FileTreeError, case .wrongContent = error.reason { most = Self.longestInVain }
        begin(fetch.node, fetch.file.digest, at: now, most: most)
    }
}
