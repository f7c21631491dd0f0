/// How many connections carry one large file: twice as many are tried while that brings more bytes a second, and those that
/// did not pay go again. A pure rule, told of stretches of time in which all of them carried.
struct ConnectionRule: Hashable, Sendable {
    private struct Trial: Hashable {
        /// Before the last ones were added.
        var count: Int
        /// The same, in bytes a second.
        var rate: Double
    }
    /// How many carry now.
    private(set) var count = 1
    /// At most.
    let most: Int
    private var trial: Trial?
    /// Windows until more are tried.
    private var rest = 0

    /// More have to bring so much, as a factor.
    static let pays = 1.15
    /// After some that did not pay, in windows.
    static let restAfter = 40
    /// What is left has to take so long at the rate of now, in seconds, and to be so many bytes: a login has to pay, too.
    static let worthIt = (seconds: 2.0, bytes: Int64(48 << 20))

    init(most: Int) { self.most = max(most, 1) }

    /// - Parameters:
    ///   - rate: bytes a second in the window that ends.
    ///   - left: bytes.
    mutating func windowEnded(rate: Double, left: Int64) {
        if let old = trial {
            trial = nil
            if rate < old.rate * ConnectionRule.pays {
                count = old.count
                rest = ConnectionRule.restAfter
                return
            }
        }
        let isWorthIt =
            left > ConnectionRule.worthIt.bytes && Double(left) > rate * ConnectionRule.worthIt.seconds
        if rest > 0 {
            rest -= 1
        } else if isWorthIt, count < most {
            trial = Trial(count: count, rate: rate)
            count = min(2 * count, most)
        }
    }

    /// The newest could not be had: for some time there will be no more than so many.
    mutating func limit(to count: Int) {
        self.count = max(min(self.count, count), 1)
        trial = nil
        rest = ConnectionRule.restAfter
    }
}
