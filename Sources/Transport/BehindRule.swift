internal import ControlAPI

/// How many bytes may come behind a page of changes: what takes a third of a second, since the next change waits behind them. A pure
/// decision, from what earlier answers took.
package struct BehindRule: Sendable {
    /// In bytes.
    package private(set) var most = MessageWithBytes.most

    package init() {}

    /// Smaller answers say nothing, in bytes.
    private static let telling = 64 << 10

    /// - Parameters:
    ///   - bytes: of an answer.
    ///   - time: from the first of them to the last.
    package mutating func observe(_ bytes: Int, in time: Duration) {
        guard bytes >= BehindRule.telling else { return }
        let seconds = max(Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18, 0.001)
        let fits = Int64(Double(bytes) / seconds / 3)
        most = min(max(fits, Int64(BehindRule.telling)), MessageWithBytes.most)
    }
}
