import Synchronization

/// Many histories, one seed after the other, on all cores.
package final class Campaign: Sendable {
    /// Where it stands.
    package struct Progress: Sendable {
        /// Histories that have ended well or badly.
        package var done = 0
        /// By seed.
        package var failures: [(seed: UInt64, violation: Violation)] = []
        fileprivate var next: UInt64
    }

    private let first: UInt64
    private let most: UInt64
    private let mood: Mood?
    private let mayGoOn: @Sendable (Progress) -> Bool
    private let state: Mutex<Progress>

    /// - Parameters:
    ///   - first: the seed of the first history.
    ///   - most: how many histories.
    ///   - mood: of all of them; nil: as the seed has it.
    ///   - mayGoOn: asked before each history.
    package init(
        from first: UInt64, most: UInt64, mood: Mood? = nil, while mayGoOn: @escaping @Sendable (Progress) -> Bool
    ) {
        self.mood = mood
        self.first = first
        self.most = most
        self.mayGoOn = mayGoOn
        state = Mutex(Progress(next: first))
    }

    /// Where it stands now.
    package var progress: Progress { state.withLock { $0 } }

    /// Runs histories until they are done; on as many threads as call it.
    package func work() {
        let databases = Databases()
        while let seed = takeSeed() {
            let violation = Report.run(seed, mood: mood, databases: databases)
            state.withLock { state in
                state.done += 1
                if let violation { state.failures.append((seed, violation)) }
            }
        }
    }

    private func takeSeed() -> UInt64? {
        state.withLock { state in
            guard state.next - first < most, mayGoOn(state) else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }
}
