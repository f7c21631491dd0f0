internal import CLinux
import Glibc
import Synchronization

/// What ``Watcher`` and its thread share.
final class WatchCore: Sendable {
    private let inotify: Descriptor
    private let deliver: @Sendable (WatchBatch) -> Void
    private let state: Mutex<State>
    private let sentinels: [Sentinel]
    private let sentinelWatches: [Int32]
    /// Raised to end the thread.
    private let stopping: EventSignal
    /// Raised by the thread when it has ended.
    private let ended: EventSignal
    /// Raised by the thread with an answer for the one who drains.
    private let answered: EventSignal
    /// Held by the one who drains.
    private let drainTurn = Mutex<Int>(0)
    private let stopTurn = Mutex<Bool>(false)

    private struct State {
        var table = WatchTable()
        /// The sentinel that somebody waits for.
        var awaited: Int32?
        var wasDelivered = false
        var hasEnded = false
    }

    init(deliver: @escaping @Sendable (WatchBatch) -> Void) throws(WatchError) {
        let raw = linux_inotify()
        guard raw >= 0 else { throw WatchError(errno: errno, path: "") }
        inotify = Descriptor(raw)
        self.deliver = deliver
        state = Mutex(State())
        sentinels = [try Sentinel(inotify: raw), try Sentinel(inotify: raw)]
        sentinelWatches = sentinels.map(\.watch)
        guard let stopping = EventSignal(), let ended = EventSignal(), let answered = EventSignal()
        else { throw .failed(EMFILE) }
        self.stopping = stopping
        self.ended = ended
        self.answered = answered
    }

    var count: Int { state.withLock { $0.table.count } }

    func add(_ directory: borrowing Descriptor, path: String, token: Int64) throws(WatchError) -> Int64? {
        // The way through proc watches exactly the inode of the handle, whatever its path has become, or how long it is.
        let way = "/proc/self/fd/\(directory.raw)/."
        var failure: Int32 = 0
        // Under the lock, so that the thread cannot meet events of a watch that the table does not know yet.
        let (replaced, stale): (Int64?, Int32?) = state.withLock { state in
            let watch = inotify_add_watch(inotify.raw, way, LINUX_DIRECTORY_WATCH)
            guard watch >= 0 else {
                failure = errno
                return (nil, nil)
            }
            let old = state.table.watch(of: token)
            return (state.table.add(watch, token: token), old == watch ? nil : old)
        }
        if failure != 0 { throw WatchError(errno: failure, path: path) }
        if let stale { _ = inotify_rm_watch(inotify.raw, stale) }
        return replaced
    }

    func remove(_ token: Int64) {
        state.withLock { state in
            if let watch = state.table.remove(token: token) { _ = inotify_rm_watch(inotify.raw, watch) }
        }
    }

    func start() throws(WatchError) {
        let context = Unmanaged.passRetained(self)
        let failure = linux_start_thread(
            "watcher",
            { context in
                // SAFETY: retained for this thread, which releases it.
                Unmanaged<WatchCore>.fromOpaque(context!).takeRetainedValue().run()
            }, context.toOpaque())
        guard failure == 0 else {
            context.release()
            state.withLock { $0.hasEnded = true }
            stopTurn.withLock { $0 = true }
            throw .failed(failure)
        }
    }

    func stop() {
        stopTurn.withLock { hasStopped in
            if hasStopped { return }
            hasStopped = true
            stopping.raise()
            ended.take()
        }
    }

    func drain() {
        drainTurn.withLock { turn in
            turn += 1
            let sentinel = sentinels[turn % sentinels.count]
            var isDone = false
            while !isDone {
                let waits = state.withLock { state in
                    if !state.hasEnded { state.awaited = sentinel.watch }
                    return !state.hasEnded
                }
                guard waits else { return }
                sentinel.touch()
                answered.take()
                isDone = state.withLock { $0.wasDelivered || $0.hasEnded }
            }
        }
    }

    // On the watcher's thread from here on.

    private func run() {
        let room = 64 << 10
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 8)
        defer { buffer.deallocate() }
        while waitForEvents() { deliverAll(buffer) }
        let waits = state.withLock { state in
            state.hasEnded = true
            return state.awaited.take() != nil
        }
        if waits { answered.raise() }
        ended.raise()
    }

    /// - Returns: false when it is time to stop.
    private func waitForEvents() -> Bool {
        var polled = [
            pollfd(fd: inotify.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stopping.raw, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&polled, 2, -1) < 0 && errno == EINTR {}
        return polled[1].revents == 0
    }

    /// Reads until nothing is left, or a batch is large enough, and hands it over.
    private func deliverAll(_ buffer: UnsafeMutableRawBufferPointer) {
        var batch = WatchBatch()
        var seen: Set<Int32> = []
        while batch.events.count < 10_000 {
            let count = read(inotify.raw, buffer.baseAddress, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            let records = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            seen.formUnion(state.withLock { $0.table.translate(records, into: &batch, sentinels: sentinelWatches) })
        }
        if !batch.events.isEmpty || batch.overflowed { deliver(batch) }
        answer(seen, overflowed: batch.overflowed)
    }

    /// Wakes the one who drains: done, or (after an overflow, which may have swallowed the sentinel) to try again.
    private func answer(_ seen: Set<Int32>, overflowed: Bool) {
        let wakes = state.withLock { state in
            guard let awaited = state.awaited, overflowed || seen.contains(awaited) else { return false }
            state.awaited = nil
            state.wasDelivered = seen.contains(awaited)
            return true
        }
        if wakes { answered.raise() }
    }
}

/// A file in memory, watched: see ``Watcher/drain()``.
private final class Sentinel: Sendable {
    private let file: Descriptor
    let watch: Int32

    init(inotify: Int32) throws(WatchError) {
        let raw = linux_memory_file("synchub-sentinel")
        guard raw >= 0 else { throw .failed(errno) }
        file = Descriptor(raw)
        watch = inotify_add_watch(inotify, "/proc/self/fd/\(raw)", UInt32(IN_ATTRIB))
        guard watch >= 0 else { throw WatchError(errno: errno, path: "a sentinel") }
    }

    /// Queues an event for it.
    func touch() {
        let done = fchmod(file.raw, 0o600)
        precondition(done == 0, "a file in memory refuses its own mode")
    }
}
