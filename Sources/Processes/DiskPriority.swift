internal import CLinux

/// What a thread's reads and writes are worth to the disk's scheduler.
package enum DiskPriority {
    /// Runs `body` as one whom the disk serves when nobody else wants it: for work that no person waits for. Where the system
    /// does not know of this, it runs as ever. The thread must stay the same in it.
    package static func whileIdle<Value>(_ body: () throws -> Value) rethrows -> Value {
        let before = linux_io_priority()
        guard before >= 0, linux_set_io_priority(linux_io_priority_idle()) == 0 else { return try body() }
        defer { _ = linux_set_io_priority(before) }
        return try body()
    }

    /// Whether the calling thread is such a one now.
    package static var isIdle: Bool { linux_io_priority() == linux_io_priority_idle() }
}
