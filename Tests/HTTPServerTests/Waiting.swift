import Glibc
import Synchronization

/// Something that happens (or is counted) on one thread and is waited for, with a deadline, on another.
final class Event: Sendable {
    /// One byte for each occurrence, up to the 64 KiB that a pipe holds.
    private let reading: Int32
    private let writing: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0, "no pipe for a test")
        (reading, writing) = (ends[0], ends[1])
    }

    deinit {
        close(reading)
        close(writing)
    }

    func happened() {
        var byte: UInt8 = 1
        _ = write(writing, &byte, 1)
    }

    /// Waits for that many more occurrences.
    /// - Returns: whether they came in time.
    func wait(_ count: Int = 1, within seconds: Double = 10) -> Bool {
        let deadline = seconds + now()
        for _ in 0..<count {
            var event = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            guard poll(&event, 1, Int32(max(0, deadline - now()) * 1000)) == 1 else { return false }
            var byte: UInt8 = 0
            _ = read(reading, &byte, 1)
        }
        return true
    }
}

/// Seconds of the monotonic clock.
func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// What a thread of its own computes; blocking calls never run on the pool that runs the tests.
final class Pending<Value: Sendable>: Sendable {
    private let done = Event()
    private let value = Mutex<Value?>(nil)

    init(_ work: @escaping @Sendable () -> Value) {
        let body = Body { [value = Unmanaged.passRetained(self)] in
            // SAFETY: the reference retained for this thread.
            let pending = value.takeRetainedValue()
            let result = work()
            pending.value.withLock { $0 = result }
            pending.done.happened()
        }
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                // SAFETY: the reference retained below.
                Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(body).toOpaque())
        precondition(result == 0, "no thread for a test")
        pthread_detach(thread)
    }

    /// nil when it did not end in time.
    func result(within seconds: Double = 20) -> Value? {
        done.wait(within: seconds) ? value.withLock { $0 } : nil
    }
}

private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
}

/// Things put in by one thread and taken out by another.
final class Mailbox<Thing: Sendable>: Sendable {
    private let things = Mutex<[Thing]>([])
    private let arrival = Event()

    func put(_ thing: Thing) {
        things.withLock { $0.append(thing) }
        arrival.happened()
    }

    /// nil when none came in time.
    func take(within seconds: Double = 10) -> Thing? {
        arrival.wait(within: seconds) ? things.withLock { $0.removeFirst() } : nil
    }
}
