import Glibc
internal import SyncCore

/// The two clocks: one that only goes forward, for waiting, and the wall's, for what people read and files are stamped with.
enum Clock {
    /// Milliseconds of a monotonic clock.
    static var milliseconds: Int64 {
        let time = read(CLOCK_MONOTONIC)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The same in nanoseconds. Stands still while the machine sleeps.
    static var uptime: Nanoseconds {
        let time = read(CLOCK_MONOTONIC)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Unix nanoseconds.
    static var now: Nanoseconds {
        let time = read(CLOCK_REALTIME)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// What a body gives, and from when to when it took, in Unix nanoseconds.
    static func timing<Result>(_ body: () throws -> Result) rethrows -> (Result, ClosedRange<Nanoseconds>) {
        let began = now
        let result = try body()
        // It may have been set back meanwhile.
        return (result, began...max(began, now))
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
