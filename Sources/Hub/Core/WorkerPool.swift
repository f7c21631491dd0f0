import Dispatch
import Synchronization

/// Runs blocking jobs on a few threads, in the order in which they came; those of several clients in turns. Any thread.
final class WorkerPool: Sendable {
    private let queue: DispatchQueue
    private let width: Int
    private let line = Mutex(FairLine<@Sendable () -> Void>())

    /// - Parameter width: how many jobs run at the same time; at least 1.
    init(_ label: String, width: Int) {
        queue = DispatchQueue(label: label, attributes: .concurrent)
        self.width = width
    }

    /// - Parameter client: whose job it is: nobody's second one runs before another's first.
    func run(for client: String = "", _ job: @escaping @Sendable () -> Void) {
        line.withLock { $0.add(job, of: client) }
        startNext()
    }

    private func startNext() {
        let next = line.withLock { line in line.count < width ? line.next() : nil }
        guard let next else { return }
        queue.async { [self] in
            next.job()
            line.withLock { $0.ended(of: next.client) }
            startNext()
        }
    }
}
