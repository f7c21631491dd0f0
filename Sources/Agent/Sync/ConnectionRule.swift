/// How many connections carry one large file: one more is tried while that brings more bytes a second, and the last one goes
/// when it did not pay. A pure rule, told at even distances how much has moved.
struct ConnectionRule: Hashable, Sendable {
    /// How many carry now.
    private(set) var count = 1
    /// At most.
    private let most: Int
    /// Bytes a second before the last one was added; nil while none is on trial.
    private var before: Double?
    /// Windows until another one is tried.
    private var rest = 0

    /// One more has to bring so much, as a factor.
    static let pays = 1.15
    /// After one that did not pay, in windows.
    static let restAfter = 40

    init(most: Int) { self.most = max(most, 1) }

    /// - Parameters:
    ///   - rate: bytes a second in the window that ends.
    ///   - isWorthIt: whether so much is left that one more can pay for its login.
    mutating func windowEnded(rate: Double, isWorthIt: Bool) {
        if let old = before {
            before = nil
            if rate < old * ConnectionRule.pays {
                count = max(count - 1, 1)
                rest = ConnectionRule.restAfter
                return
            }
        }
        if rest > 0 {
            rest -= 1
        } else if isWorthIt, count < most {
            before = rate
            count += 1
        }
    }

    /// The newest could not be had: there will be no more than so many.
    mutating func limit(to count: Int) {
        self.count = max(min(self.count, count), 1)
        before = nil
        rest = ConnectionRule.restAfter
    }
}
