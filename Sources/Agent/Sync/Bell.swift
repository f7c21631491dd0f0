internal import Processes

/// Wakes one waiting thread. Rings that come while it works are remembered as one.
final class Bell: Sendable {
    private let rung = Monitor(false)

    func ring() { rung.withLock { $0 = true } }

    /// Returns when it rings, or after the time; at once if it rang since the last call.
    func wait(_ timeout: Duration? = nil) {
        _ = rung.wait(timeout: timeout) { rung in
            guard rung else { return nil as Void? }
            rung = false
            return ()
        }
    }
}
