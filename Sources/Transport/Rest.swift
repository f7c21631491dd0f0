import Dispatch

/// A pause of several threads that can be ended, for all and for good. Any thread.
final class Rest: Sendable {
    private let ended = DispatchSemaphore(value: 0)

    /// - Returns: whether the time has passed; false once it was ended.
    func wait(seconds: Int) -> Bool {
        if ended.wait(timeout: .now() + .seconds(seconds)) == .timedOut { return true }
        // For the next one.
        ended.signal()
        return false
    }

    func end() { ended.signal() }
}
