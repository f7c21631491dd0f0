internal import ControlAPI
internal import Engine
internal import Processes
internal import SyncCore
internal import Transport

/// Waits until the hub has made contents ready, each on a thread of its own, so that the next one is sent meanwhile. Any thread.
final class ReadyWaits: Sendable {
    private struct State {
        var waiting = 0
        /// How many have ended up to now: each of them makes room at the hub for another.
        var turns = 0
        var ended: [(file: Travelling, failure: HubError?)] = []
    }
    private let state = Monitor(State())
    private let onEnd: @Sendable () -> Void

    /// In seconds: how long the hub may keep one question.
    private static let patience = 20
    /// The hub makes so many ready at a time, for this client too; who waits for a turn is told of those that end here, and asks
    /// from time to time for the sake of the others.
    private static let asksAgain = Duration.seconds(1)

    /// - Parameter onEnd: called when one of them has ended, in either way.
    init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

    /// How many are waited for, or have ended and were not taken.
    var count: Int { state.look { $0.waiting + $0.ended.count } }

    /// Ends also when the hub is away.
    /// - Parameter source: where its bytes are, for as long as the hub has no turn for it; nil if it has begun.
    func wait(for file: Travelling, from source: ContentSource? = nil, _ hub: any HubConnection) {
        state.withLock { $0.waiting += 1 }
        startThread("ready") { [self] in
            let failure = untilReady(file, source, hub)
            state.withLock { state in
                state.waiting -= 1
                state.turns += 1
                state.ended.append((file, failure))
            }
            onEnd()
        }
    }

    /// - Returns: why it cannot be.
    private func untilReady(_ file: Travelling, _ source: ContentSource?, _ hub: any HubConnection) -> HubError? {
        var source = source
        while true {
            let turns = state.look { $0.turns }
            let question = PrepareRequest(
                content: file.key, source: source.map(SourceMessage.init), wait: ReadyWaits.patience)
            do throws(HubError) {
                if try hub.makeReady(question) { return nil }
                source = nil
            } catch {
                guard source != nil, error.answer?.code == .tooMany else { return error }
                _ = state.wait(timeout: ReadyWaits.asksAgain) { $0.turns == turns ? nil : true }
            }
        }
    }

    /// Those that have ended since.
    func takeEnded() -> [(file: Travelling, failure: HubError?)] {
        state.withLock { state in
            defer { state.ended = [] }
            return state.ended
        }
    }

    /// Blocks until one has ended and was not taken.
    /// - Returns: false if there is none to wait for.
    func waitForOne() -> Bool {
        state.wait { state in
            if !state.ended.isEmpty { return true }
            return state.waiting == 0 ? false : nil
        } ?? false
    }
}

extension Travelling {
    /// As the hub is asked for it.
    var key: ContentKey { ContentKey(sha256: file.digest.hex, size: file.size) }
}
