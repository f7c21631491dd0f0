/// Files, and their bytes.
package struct Amount: Hashable, Sendable {
    /// Names that changed: moves and deletions too, which have no bytes.
    package var files: Int
    /// In bytes.
    package var bytes: Int64

    package init(files: Int = 0, bytes: Int64 = 0) {
        self.files = files
        self.bytes = bytes
    }

    /// Both together.
    package static func + (one: Amount, other: Amount) -> Amount {
        Amount(files: one.files + other.files, bytes: one.bytes + other.bytes)
    }

    /// What one has more than the other; may be below zero.
    package static func - (one: Amount, other: Amount) -> Amount {
        Amount(files: one.files - other.files, bytes: one.bytes - other.bytes)
    }
}

/// How far a burst of work is: from the first thing that waits until nothing does. Fed with what is so at some moments.
package struct Progress: Hashable, Sendable {
    /// What is known at one moment.
    private struct Moment: Hashable {
        var at: Nanoseconds
        var done: Amount
    }
    /// What had been done when nothing was left the last time.
    private var start = Amount()
    private var startSpared: Int64 = 0
    /// The last few seconds, the oldest first.
    private var moments: [Moment] = []
    /// Since the burst began.
    package private(set) var done = Amount()
    /// What is left of it.
    package private(set) var left = Amount()

    package init() {}

    /// - Parameters:
    ///   - total: all that was ever done: it only grows.
    ///   - left: what waits now.
    ///   - spared: bytes of all that was ever done that did not have to move, and say nothing about the time that others take.
    ///   - now: of a clock that never goes back.
    package mutating func observe(total: Amount, left: Amount, spared: Int64 = 0, at now: Nanoseconds) {
        if left.files == 0 { (start, startSpared, moments) = (total, spared, []) }
        (done, self.left) = (total - start + Amount(bytes: max(spared - startSpared, 0)), left)
        moments.append(Moment(at: now, done: total))
        // One older than the window stays, so that a rate is never one of an instant.
        while moments.count > 2, now - moments[1].at >= Progress.window { moments.removeFirst() }
    }

    /// Whether there is anything to tell.
    package var isOver: Bool { left.files == 0 }

    /// Whether something was done in the last few seconds.
    package var isMoving: Bool { moments.first.map { $0.done != moments[moments.count - 1].done } ?? false }

    /// In bytes a second, over the last few seconds; nil if that is not known yet.
    package var rate: Int64? { rate { Double($0.bytes) }.map { Int64($0) } }

    /// In seconds, rounded up, if it goes on as in the last few seconds; nil if that is not known.
    package var secondsLeft: Int64? {
        let bytes = rate { Double($0.bytes) }.map { Double(left.bytes) / $0 }
        let files = rate { Double($0.files) }.map { Double(left.files) / $0 }
        // Many small files are bound by their count, few large ones by their bytes: the slower of both tells.
        let times = [left.bytes > 0 ? bytes : 0, left.files >= Progress.few || left.bytes == 0 ? files : 0]
        guard let one = times[0], let other = times[1] else { return nil }
        return Int64(min(max(one, other), 1e9).rounded(.up))
    }

    /// Nil if nothing of it was done, or it is not known how long that took.
    private func rate(_ part: (Amount) -> Double) -> Double? {
        guard let first = moments.first, let last = moments.last, last.at > first.at else { return nil }
        let done = part(last.done - first.done)
        return done > 0 ? done * 1e9 / Double(last.at - first.at) : nil
    }

    /// In nanoseconds.
    private static let window: Nanoseconds = 8_000_000_000
    /// So few files say nothing about how long each takes.
    private static let few = 20
}
