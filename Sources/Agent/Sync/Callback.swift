internal import Processes

/// A function that is set once and called from any thread; nothing happens while it is not set.
final class Callback<Value>: Sendable {
    /// Not the function itself: each look at one that lies in a generic place wraps it once more, so that a call would
    /// take longer and longer, and in the end more stack than there is.
    private struct Function: Sendable {
        var call: (@Sendable (Value) -> Void)?
    }
    private let function = Monitor(Function())

    /// From now on this is called.
    func connect(_ body: @escaping @Sendable (Value) -> Void) { function.withLock { $0.call = body } }

    func call(_ value: Value) { function.look { $0 }.call?(value) }
}
