import Dispatch
internal import Processes

/// A value that only one queue touches: each access traps elsewhere.
final class Confined<Value>: @unchecked Sendable {
    // SAFETY of @unchecked Sendable: every access is checked to be on the serial queue.
    private var content: Value
    private let queue: DispatchQueue

    /// - Parameter value: used nowhere else from now on.
    init(_ value: sending Value, on queue: DispatchQueue) {
        content = value
        self.queue = queue
    }

    var value: Value {
        dispatchPrecondition(condition: .onQueue(queue))
        return content
    }
}

/// The log of the hub's sync core.
let hubLog = Log("hub")
