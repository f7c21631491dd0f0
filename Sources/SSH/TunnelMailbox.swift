import Synchronization

/// What the owner of a tunnel and the tunnel's thread tell each other.
final class TunnelMailbox: Sendable {
    private struct State {
        var requests: [TunnelRequest] = []
        var isCloseWanted = false
        /// Why the tunnel ended.
        var ending: SSHError?
    }

    private let state = Mutex(State())
    /// Wakes the thread.
    let wake: Event
    /// Raised when all descriptors of the tunnel are closed.
    let ended: Event

    init() throws(SSHError) {
        wake = try Event()
        ended = try Event()
    }

    /// - Throws: why the tunnel ended, if it did.
    func post(_ request: TunnelRequest) throws(SSHError) {
        let ending = state.withLock { state in
            if state.ending == nil { state.requests.append(request) }
            return state.ending
        }
        if let ending { throw ending }
        wake.raise()
    }

    func askToClose() {
        state.withLock { $0.isCloseWanted = true }
        wake.raise()
    }

    var ending: SSHError? { state.withLock { $0.ending } }

    /// The tunnel's thread takes what has come.
    /// - Throws: ``SSHError/cancelled`` if the tunnel is to be closed.
    func collect() throws(SSHError) -> [TunnelRequest] {
        wake.lower()
        let (requests, isCloseWanted) = state.withLock { state in
            defer { state.requests = [] }
            return (state.requests, state.isCloseWanted)
        }
        guard !isCloseWanted else {
            for request in requests { _ = request.answer(.failure(.cancelled)) }
            throw .cancelled
        }
        return requests
    }

    /// No request comes in after this.
    func end(_ reason: SSHError) {
        let left = state.withLock { state in
            state.ending = reason
            defer { state.requests = [] }
            return state.requests
        }
        for request in left { _ = request.answer(.failure(reason)) }
    }
}
