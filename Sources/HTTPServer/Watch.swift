internal import CMicroHTTPD
import Glibc
import Synchronization

/// A thread that sees what the daemon does not: clients that go while their connection is suspended, and connections
/// that are past their deadline. It sleeps as long as there is nothing to see.
final class Watch: Sendable {
    private let connections: Connections
    private let epoll: Int32
    private let wakeup: Int32
    private let sleep = Mutex(Sleep())
    private let thread = Mutex<pthread_t?>(nil)

    private struct Sleep {
        /// Until when the thread sleeps, on the monotonic clock.
        var until = 0.0
        var isStopping = false
    }

    /// - Returns: nil when the descriptors or the thread cannot be had.
    init?(_ connections: Connections) {
        self.connections = connections
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeup = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard epoll >= 0, wakeup >= 0, control(EPOLL_CTL_ADD, wakeup, EPOLLIN.rawValue, 0), start() else { return nil }
    }

    deinit {
        if epoll >= 0 { close(epoll) }
        if wakeup >= 0 { close(wakeup) }
    }

    private func start() -> Bool {
        let context = Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                // SAFETY: the one reference that `start` retained for this thread.
                context.map { Unmanaged<Watch>.fromOpaque($0).takeRetainedValue().run() }
                return nil
            }, context)
        // SAFETY: no thread was made, so nobody else takes the reference.
        guard result == 0 else { Unmanaged<Watch>.fromOpaque(context).release(); return false }
        self.thread.withLock { $0 = thread }
        return true
    }

    /// Ends and joins the thread. Once.
    func stop() {
        sleep.withLock { $0.isStopping = true }
        wake()
        let thread = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let thread { pthread_join(thread, nil) }
    }

    /// Looks out for the end of that connection, once. On the server's thread, while the connection is open.
    func lookOut(for id: ConnectionID, _ descriptor: Int32) {
        let events = EPOLLRDHUP.rawValue | EPOLLONESHOT.rawValue
        if !control(EPOLL_CTL_MOD, descriptor, events, UInt64(id)) {
            _ = control(EPOLL_CTL_ADD, descriptor, events, UInt64(id))
        }
    }

    /// There may be a deadline that much later than now.
    func expect(deadlineIn seconds: Double) {
        let deadline = monotonicSeconds() + seconds
        let isEarlier = sleep.withLock { sleep in
            guard deadline < sleep.until else { return false }
            sleep.until = deadline
            return true
        }
        if isEarlier { wake() }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ events: UInt32, _ id: UInt64) -> Bool {
        var event = epoll_event()
        event.events = events
        event.data.u64 = id
        return epoll_ctl(epoll, operation, descriptor, &event) == 0
    }

    private func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while let milliseconds = timeout() {
            let count = epoll_wait(epoll, &events, Int32(events.count), milliseconds)
            for event in events.prefix(Int(max(count, 0))) { see(event.data.u64) }
        }
    }

    private func see(_ id: UInt64) {
        if id == 0 {
            var count: UInt64 = 0
            _ = read(wakeup, &count, 8)
        } else {
            connections.exchange(ConnectionID(id))?.abandon()
        }
    }

    /// Cuts the late ones.
    /// - Returns: milliseconds until the next deadline, -1 if there is none; nil to end.
    private func timeout() -> Int32? {
        // Set first: whoever expects a deadline after this finds it too late and wakes the thread.
        let isStopping = sleep.withLock { sleep in
            sleep.until = .infinity
            return sleep.isStopping
        }
        if isStopping { return nil }
        let now = monotonicSeconds()
        connections.answerStrangers(at: now)
        let next = connections.cutLate(now)
        sleep.withLock { $0.until = min($0.until, next) }
        return next == .infinity ? -1 : Int32(min(max((next - now) * 1000, 0) + 1, 3_600_000))
    }
}
