import Glibc

/// A value behind a lock, and waiting for it to change: for plain threads, never on the cooperative pool. Any thread.
package final class Monitor<State>: @unchecked Sendable {
    // SAFETY of Sendable: the state is only touched with the mutex held. Mutex and condition have a fixed place in memory.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var state: State

    package init(_ state: sending State) {
        self.state = state
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Looks at or changes the state, and wakes all who wait.
    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer {
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
        }
        return try body(&state)
    }

    /// Looks at the state, and wakes nobody: nothing has changed.
    package func look<Result>(_ body: (State) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(state)
    }

    /// Blocks until `body` gives a value, asked at first and after each change, or the time is over.
    /// - Parameter timeout: nil: for ever.
    /// - Returns: nil when the time is over.
    package func wait<Result>(timeout: Duration? = nil, _ body: (inout State) -> Result?) -> Result? {
        let deadline = timeout.map { Deadline(after: $0) }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            var time = deadline.time
            if pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return body(&state) }
        }
    }
}

/// A moment of the monotonic clock.
struct Deadline {
    let time: timespec

    init(after duration: Duration) {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let (seconds, attoseconds) = duration.components
        let nanoseconds = now.tv_nsec + Int(attoseconds / 1_000_000_000)
        // A year is for ever, and does not overflow.
        let whole = now.tv_sec + Int(min(max(seconds, 0), 31_536_000))
        time = timespec(tv_sec: whole + nanoseconds / 1_000_000_000, tv_nsec: max(0, nanoseconds % 1_000_000_000))
    }

    /// What is left, rounded up, for poll(2); 0 when it is over.
    var milliseconds: Int32 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let left = (time.tv_sec - now.tv_sec) * 1000 + (time.tv_nsec - now.tv_nsec + 999_999) / 1_000_000
        return Int32(clamping: max(0, left))
    }
}
