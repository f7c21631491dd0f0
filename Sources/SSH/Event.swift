import Glibc

internal import CSSH2

/// A flag that one thread raises and another waits for, as a file that `poll(2)` can watch (eventfd(2)).
final class Event: Sendable {
    let descriptor: Int32

    init() throws(SSHError) {
        descriptor = synchub_event()
        if descriptor < 0 { throw .closed(reason: "no event descriptor: \(SystemError.text(errno))") }
    }

    deinit { close(descriptor) }

    /// Any thread. Raised twice is raised once.
    func raise() { _ = eventfd_write(descriptor, 1) }

    func lower() {
        var value: eventfd_t = 0
        _ = eventfd_read(descriptor, &value)
    }

    /// Whether it was raised before the deadline; it stays raised.
    func wait(until deadline: Deadline) -> Bool {
        Poll.wait(descriptor, for: Int16(POLLIN), until: deadline)
    }
}

enum Poll {
    /// Whether the descriptor became ready (or failed) before the deadline.
    static func wait(_ descriptor: Int32, for events: Int16, until deadline: Deadline) -> Bool {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        while true {
            let count = poll(&entry, 1, deadline.milliseconds)
            if count > 0 { return true }
            if count == 0 && deadline.hasPassed { return false }
            if count < 0 && errno != EINTR { return true }
        }
    }
}
