import Processes

@testable import Hub

/// Holds up whatever the hub reads that takes long, until it is opened.
final class ReadingGate: Sendable {
    private let state = Monitor((isOpen: false, waiting: 0))

    init(_ hub: HubFixture) {
        hub.core.inspect { [state] in
            $0.beforeReading = {
                state.withLock { $0.waiting += 1 }
                // Whatever becomes of the test, nobody waits for ever.
                _ = state.wait(timeout: .seconds(60)) { $0.isOpen ? true : nil }
            }
        }
    }

    /// Whether so many wait, within some seconds.
    func isReached(by count: Int = 1) -> Bool {
        state.wait(timeout: .seconds(20)) { $0.waiting >= count ? true : nil } == true
    }

    func open() { state.withLock { $0.isOpen = true } }
}
