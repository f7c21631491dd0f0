import Glibc
package import SyncCore
internal import Synchronization

/// How fast bytes of files may move to the hub and from it, over all connections together. Any thread; a change holds at once.
package final class TransferLimits: Sendable {
    /// To the hub.
    package let up = Pacer()
    /// From the hub.
    package let down = Pacer()

    /// None yet.
    package init() {}
}

/// One direction of ``TransferLimits``.
package final class Pacer: Sendable {
    private struct State {
        /// All of them hold: this machine's own, and the hub's.
        var own = Timetable.off
        var asked = Timetable.off
        var bucket = TokenBucket()
        /// How many of the quick lane wait.
        var waiting = 0

        /// In bytes a second; nil for no limit.
        func rate(at minute: () -> Int) -> Int64? {
            if own.isOff, asked.isOff { return nil }
            let minute = minute()
            return [own.rate(at: minute), asked.rate(at: minute)].compactMap { $0 }.min()
        }
    }
    private let state = Mutex(State())
    private let minute: @Sendable () -> Int

    /// - Parameter minute: of the day, 0 to 1,439.
    init(minute: @escaping @Sendable () -> Int = Pacer.localMinute) { self.minute = minute }

    /// For small and recent files: these come first.
    var quick: PacedLane { PacedLane(pacer: self, isBulk: false) }
    /// For large files.
    var bulk: PacedLane { PacedLane(pacer: self, isBulk: true) }

    /// What this machine's configuration says.
    package func limit(own: Timetable) { state.withLock { $0.own = own } }

    /// What somebody asked for at the hub.
    package func limit(asked: Timetable) { state.withLock { $0.asked = asked } }

    func take(upTo wanted: Int, isBulk: Bool, isCancelled: () -> Bool) -> Int {
        var isCounted = false
        defer { if isCounted { state.withLock { $0.waiting -= 1 } } }
        while true {
            let answer = state.withLock { state -> TokenBucket.Answer in
                guard let rate = state.rate(at: minute) else { return .granted(wanted) }
                if isBulk, state.waiting > 0 { return .wait(Pacer.patience) }
                let answer = state.bucket.take(upTo: wanted, rate: rate, now: Pacer.uptime)
                if case .wait = answer, !isBulk, !isCounted {
                    state.waiting += 1
                    isCounted = true
                }
                return answer
            }
            switch answer {
            case .granted(let count): return count
            // In short steps, so that another limit, and an end, is noticed.
            case .wait(let time): usleep(UInt32(clamping: min(time, Pacer.patience) / 1_000 + 1))
            }
            if isCancelled() { return 0 }
        }
    }

    /// In bytes a second, at this time of the day; nil for no limit.
    package var rate: Int64? { state.withLock { $0.rate(at: minute) } }

    /// Whether a limit holds at this time of the day.
    var isLimited: Bool { rate != nil }

    func giveBack(_ count: Int) { state.withLock { $0.bucket.giveBack(count) } }

    /// In nanoseconds.
    private static let patience: Nanoseconds = 20_000_000

    private static var uptime: Nanoseconds {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Of the day, by this machine's clock and time zone.
    private static func localMinute() -> Int {
        var now = time(nil)
        var local = tm()
        // By itself it looks at the time zone once: a machine that travels has another one tomorrow.
        tzset()
        localtime_r(&now, &local)
        return Int(local.tm_hour) * 60 + Int(local.tm_min)
    }
}
