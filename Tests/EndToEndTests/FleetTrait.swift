import Dispatch
import Processes
import Testing

/// Runs a test that blocks (it waits for other processes) away from the threads that all tests share, and only a few such
/// tests side by side: each has a hub, its sshd and some agents.
struct FleetTrait: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        await FleetGate.shared.enter()
        let result: Result<Void, any Error>
        do {
            try await withTaskExecutorPreference(FleetExecutor.shared) { try await function() }
            result = .success(())
        } catch { result = .failure(error) }
        await FleetGate.shared.leave()
        try result.get()
    }
}

extension Trait where Self == FleetTrait {
    /// For tests and suites with a ``Fleet``.
    static var fleet: Self { FleetTrait() }
}

/// Threads that may block.
private final class FleetExecutor: TaskExecutor {
    static let shared = FleetExecutor()
    private let queue = DispatchQueue(label: "fleet", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Lets two in at a time, in the order of coming.
private actor FleetGate {
    static let shared = FleetGate()
    private var free = 2
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func enter() async {
        if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
