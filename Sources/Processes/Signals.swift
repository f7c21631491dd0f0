internal import CLinux
import Glibc
import Synchronization

/// The signals of this process.
package enum Signals {
    /// From now on SIGTERM, SIGINT and SIGHUP do not end the process: each comes to `handler`, on a thread of its own, one
    /// after the other. SIGPIPE is ignored. The C handler only writes to a pipe, so it works whichever threads there are and
    /// whatever they block. Called once in a process.
    /// - Parameter handler: gets the number of the signal. A second SIGINT should end the process at once.
    package static func onTermination(_ handler: @escaping @Sendable (Int32) -> Void) {
        let isFirst = isInstalled.compareExchange(expected: false, desired: true, ordering: .sequentiallyConsistent)
            .exchanged
        precondition(isFirst, "signals have one handler")
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends) == 0 else { preconditionFailure("no pipe for signals: errno \(errno)") }
        let (reading, writing) = (ends[0], ends[1])
        startThread("signals") { receive(reading, handler) }
        let signals = [SIGTERM, SIGINT, SIGHUP]
        let failed = linux_catch_signals(signals, Int32(signals.count), writing)
        precondition(failed == 0, "signals cannot be caught: errno \(errno)")
    }

    /// Writing to a closed pipe or connection is an error (EPIPE) and not the end of the process.
    package static func ignorePipe() { linux_ignore_sigpipe() }

    private static let isInstalled = Atomic(false)

    private static func receive(_ descriptor: Int32, _ handler: (Int32) -> Void) {
        var number: UInt8 = 0
        while true {
            let count = read(descriptor, &number, 1)
            if count == 1 { handler(Int32(number)) }
            if count == 0 || (count < 0 && errno != EINTR) { return }
        }
    }
}
