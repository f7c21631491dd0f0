/// Spreads bytes evenly over time, so that so many move in a second and no more. The rate may be another one each time.
package struct TokenBucket: Hashable, Sendable {
    /// Bytes that may move now.
    private var tokens: Int64 = 0
    /// Of the clock that never goes back: when that was so.
    private var then: Nanoseconds?

    package init() {}

    /// What came of asking.
    package enum Answer: Hashable, Sendable {
        /// So many bytes may move now: at least one, at most as many as were asked for.
        case granted(Int)
        /// Ask again after so long.
        case wait(Nanoseconds)
    }

    /// - Parameters:
    ///   - wanted: bytes, at least one.
    ///   - rate: bytes a second, at least one.
    ///   - now: of a clock that never goes back.
    package mutating func take(upTo wanted: Int, rate: Int64, now: Nanoseconds) -> Answer {
        // What was not used for a while is not saved up: a tenth of a second's worth at most, or a few packets.
        let most = max(rate / 10, min(rate, TokenBucket.smallest))
        let passed = min(max(now - (then ?? now), 0), TokenBucket.second)
        let earned = TokenBucket.second.dividingFullWidth(rate.multipliedFullWidth(by: passed)).quotient
        tokens = min(tokens + earned, most)
        // Time that made no whole byte goes on counting.
        if then == nil || earned > 0 { then = now }
        // Many small pieces cost more than they are worth.
        let least = min(Int64(wanted), most / 2)
        if tokens >= least {
            let granted = min(Int64(wanted), tokens)
            tokens -= granted
            return .granted(Int(granted))
        }
        return .wait(rate.dividingFullWidth((least - tokens).multipliedFullWidth(by: TokenBucket.second)).quotient + 1)
    }

    /// So many bytes of what was granted have not moved.
    package mutating func giveBack(_ count: Int) { tokens += Int64(count) }

    /// In bytes.
    private static let smallest: Int64 = 8_192
    private static let second: Nanoseconds = 1_000_000_000
}
