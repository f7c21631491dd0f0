internal import Processes

/// Something that is being worked out on a thread of its own.
final class Ahead<Value: Sendable>: Sendable {
    private let result = Monitor<Value?>(nil)

    init(_ name: String, _ body: @escaping @Sendable () -> Value) {
        startThread(name) { [result] in
            let value = body()
            result.withLock { $0 = value }
        }
    }

    /// Blocks until it is there.
    func get() -> Value { result.wait { $0 }! }  // SAFETY: without a timeout it waits for ever.
}
