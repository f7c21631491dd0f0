/// A moment by which something must have happened, on the clock that neither jumps nor stops in suspend.
struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant

    static func after(_ duration: Duration) -> Deadline { Deadline(instant: .now + duration) }

    /// The first of so many equal parts of the time that is left.
    func share(of parts: Int) -> Deadline {
        let now = ContinuousClock.now
        return Deadline(instant: now + (instant - now) / max(parts, 1))
    }

    var hasPassed: Bool { instant <= .now }

    /// For `poll(2)`: rounded up, so that a wait never ends just before the deadline and spins; 0 if it has passed.
    var milliseconds: Int32 {
        let left = instant - .now
        if left <= .zero { return 0 }
        let (seconds, attoseconds) = left.components
        return Int32(
            clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds / 1_000_000_000_000_000
                + 1)
    }
}
