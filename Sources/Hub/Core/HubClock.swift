internal import ControlAPI
import Glibc
import SyncCore

/// The times that the hub's core goes by. Tests put their own in.
package struct HubClock: Sendable {
    /// Of the calendar, in Unix nanoseconds: for people, pauses and invites. May jump.
    package var now: @Sendable () -> Nanoseconds
    /// Never goes back, in nanoseconds from some moment: for time limits.
    package var uptime: @Sendable () -> Nanoseconds

    package init(now: @escaping @Sendable () -> Nanoseconds, uptime: @escaping @Sendable () -> Nanoseconds) {
        self.now = now
        self.uptime = uptime
    }

    /// For conflict names.
    func day() -> String { Timestamp.day(now()) }

    /// The machine's.
    package static let system = HubClock(now: { read(CLOCK_REALTIME) }, uptime: { read(CLOCK_MONOTONIC) })

    private static func read(_ clock: clockid_t) -> Nanoseconds {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension Nanoseconds {
    static func seconds(_ count: some BinaryInteger) -> Nanoseconds { Nanoseconds(count) * 1_000_000_000 }
    /// Whole Unix seconds, as the journal keeps times.
    var inSeconds: Int64 { self / 1_000_000_000 }
}
