import Dispatch
import Synchronization

/// Runs blocking jobs on a few threads, in the order in which they came. Any thread.
final class WorkerPool: Sendable {
    private let queue: DispatchQueue
    private struct State {
        var idle: Int
        var waiting: [@Sendable () -> Void] = []
    }
    private let state: Mutex<State>

    /// - Parameter width: how many jobs run at the same time; at least 1.
    init(_ label: String, width: Int) {
        queue = DispatchQueue(label: label, attributes: .concurrent)
        state = Mutex(State(idle: width))
    }

    func run(_ job: @escaping @Sendable () -> Void) {
        let starts = state.withLock { state in
            if state.idle == 0 {
                state.waiting.append(job)
                return false
            }
            state.idle -= 1
            return true
        }
        if starts { start(job) }
    }

    private func start(_ job: @escaping @Sendable () -> Void) {
        queue.async { [self] in
            job()
            let next = state.withLock { state -> (@Sendable () -> Void)? in
                if state.waiting.isEmpty {
                    state.idle += 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
            if let next { start(next) }
        }
    }
}
