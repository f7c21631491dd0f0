internal import CLinux
import Glibc

/// A flag between threads that can be polled with descriptors (an eventfd): raised any number of times, taken once.
struct EventSignal: ~Copyable {
    private let descriptor: Descriptor
    var raw: Int32 { descriptor.raw }

    /// Nil when there are too many open files.
    init?() {
        let raw = linux_eventfd(0)
        guard raw >= 0 else { return nil }
        descriptor = Descriptor(raw)
    }

    func raise() {
        var one: UInt64 = 1
        while write(raw, &one, MemoryLayout<UInt64>.size) < 0 && errno == EINTR {}
    }

    /// Blocks until it is raised, and takes it.
    func take() {
        var count: UInt64 = 0
        while read(raw, &count, MemoryLayout<UInt64>.size) < 0 && errno == EINTR {}
    }
}
