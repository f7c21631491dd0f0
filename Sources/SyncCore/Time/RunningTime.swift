/// The time for which programs have run on one record (a hub's journal, an agent's index), in seconds. It goes on where it
/// was when a program starts, and stands still while none runs and while the machine sleeps. No clock that a person or a
/// time server sets moves it: whatever throws away bytes or knowledge after a while goes by it, so that a wrong clock can
/// only be the reason that a name or a date looks odd. What stands still errs towards keeping for longer.
package struct RunningTime: Hashable, Sendable {
    private let kept: Int64
    private let start: Nanoseconds

    /// A program starts.
    /// - Parameters:
    ///   - kept: the last moment that is on record. What no record can mean is taken for the nearest that one can.
    ///   - uptime: now, in nanoseconds of a clock that never goes back.
    package init(kept: Int64, uptime: Nanoseconds) {
        self.kept = min(max(kept, 0), RunningTime.latest)
        start = uptime
    }

    /// - Parameter uptime: of the same clock as at the start.
    /// - Returns: never less than for an earlier `uptime`.
    package func moment(at uptime: Nanoseconds) -> Int64 { kept + max(uptime - start, 0) / 1_000_000_000 }

    /// Thousands of years, and far below where counting ends.
    private static let latest: Int64 = 1 << 40
}
