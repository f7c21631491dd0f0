import Dispatch
import Synchronization

/// Runs blocking jobs on a few threads, in the order in which they came; those of several clients in turns. Any thread.
final class WorkerPool: Sendable {
    private struct State {
        var line = FairLine<@Sendable () -> Void>()
        var idle: [DispatchQueue]
    }

    private let state: Mutex<State>

    /// - Parameter width: how many jobs run at the same time; at least 1.
    init(_ label: String, width: Int) {
        // A queue that does one thing after the other has a thread whenever it has something to do. Concurrent ones share as many threads
        // as there are cores: there, what reads for minutes would keep all other jobs of the process waiting.
        state = Mutex(State(idle: (0..<width).map { _ in DispatchQueue(label: label) }))
    }

    /// - Parameter client: whose job it is: nobody's second one runs before another's first.
    func run(for client: String = "", _ job: @escaping @Sendable () -> Void) {
        state.withLock { $0.line.add(job, of: client) }
        startNext()
    }

    private func startNext() {
        let begun = state.withLock { state -> (next: (client: String, job: @Sendable () -> Void), on: DispatchQueue)? in
            guard let queue = state.idle.last, let next = state.line.next() else { return nil }
            state.idle.removeLast()
            return (next, queue)
        }
        guard let begun else { return }
        let (next, queue) = begun
        queue.async { [self] in
            next.job()
            state.withLock { state in
                state.line.ended(of: next.client)
                state.idle.append(queue)
            }
            startNext()
        }
    }
}
