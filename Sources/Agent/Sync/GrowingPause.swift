/// Time after a failure in which nothing is tried; longer after each that follows. A pure rule; times are monotonic milliseconds.
struct GrowingPause {
    /// The first one, and the longest.
    private let bounds: ClosedRange<Int64>
    /// Of the last one; nil if there was none.
    private var length: Int64?
    /// When it ends; nil when it is over.
    private(set) var due: Int64?

    init(_ bounds: ClosedRange<Int64>) { self.bounds = bounds }

    /// It failed.
    /// - Parameters:
    ///   - grows: whether it is the same thing that failed before.
    ///   - most: another longest one, for what it failed for.
    mutating func begin(at now: Int64, grows: Bool = true, most: Int64? = nil) {
        let next = length.map { grows ? min($0 * 2, most ?? bounds.upperBound) : $0 } ?? bounds.lowerBound
        (length, due) = (next, now + next)
    }

    /// It is over, and the next one is longer.
    mutating func end(at now: Int64) { if let due, due <= now { self.due = nil } }

    /// Something did not fail: the next one is as the first was. This one goes on.
    mutating func shorten() { length = nil }
}
