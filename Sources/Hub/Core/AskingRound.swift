import SyncCore

/// How far a client was asked for the contents that the hub lacks, where they are many: one list after the other, so that what nobody
/// gives hides nothing behind it. Each list is some 5 KB, and takes the place of the one before at an agent, which is given a while
/// for it. Pure.
struct AskingRound: Hashable, Sendable {
    /// In one list.
    static let most = 50
    static let pause: Nanoseconds = .seconds(1)

    /// The placement up to which it was asked; 0 for a list that begins anew.
    private(set) var after: Int64 = 0
    /// Since there was news it was not asked for everything yet.
    private(set) var isOpen = false
    /// Of the clock that never goes back.
    private var toldAt: Nanoseconds = 0

    /// The placement after which the next list begins.
    func start(isNews: Bool) -> Int64 { isNews && !isOpen ? 0 : after }

    /// Whether the next list is to be told although there is no news.
    func isDue(at now: Nanoseconds) -> Bool { isOpen && now - toldAt >= AskingRound.pause }

    /// - Parameter last: the placement of the last one of a list with more behind it.
    mutating func told(through last: Int64?, isNews: Bool, at now: Nanoseconds) {
        isOpen = last != nil && (isOpen || isNews)
        after = last ?? 0
        toldAt = now
    }
}
