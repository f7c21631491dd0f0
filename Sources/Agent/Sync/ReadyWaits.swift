internal import ControlAPI
internal import Engine
internal import Processes
internal import SyncCore
internal import Transport

/// Waits until the hub has made contents ready, each on a thread of its own, so that the next one is sent meanwhile. Any thread.
final class ReadyWaits: Sendable {
    private struct State {
        var waiting = 0
        var ended: [(file: Travelling, failure: HubError?)] = []
    }
    private let state = Monitor(State())
    private let onEnd: @Sendable () -> Void

    /// In seconds: how long the hub may keep one question.
    private static let patience = 20

    /// - Parameter onEnd: called when one of them has ended, in either way.
    init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

    /// How many are waited for, or have ended and were not taken.
    var count: Int { state.look { $0.waiting + $0.ended.count } }

    /// Ends also when the hub is away.
    func wait(for file: Travelling, _ hub: any HubConnection) {
        state.withLock { $0.waiting += 1 }
        startThread("ready") { [state, onEnd] in
            var failure: HubError?
            do throws(HubError) {
                let question = PrepareRequest(content: file.key, wait: ReadyWaits.patience)
                while try !hub.makeReady(question) {}
            } catch {
                failure = error
            }
            state.withLock { state in
                state.waiting -= 1
                state.ended.append((file, failure))
            }
            onEnd()
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
