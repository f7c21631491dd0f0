internal import SSH
internal import Synchronization

/// One SFTP connection that is opened when it is needed, and again after it failed. Used by one caller at a time, but for
/// ``prepare()``.
final class SFTPLane: Sendable {
    private struct State {
        var connection: SFTPConnection?
        /// Ends connecting too.
        var cancellation = SSHCancellation()
    }
    private let address: HubAddress
    private let server: SSHAddress
    private let timeout: Duration
    private let pace: any Pace
    /// Of all lanes of one way.
    let trip: RoundTrip
    private let state = Mutex(State())
    /// Held while it logs in, so that nobody does it twice.
    private let opening = Mutex(())

    /// - Parameters:
    ///   - pace: for the bytes of files.
    ///   - trip: of all lanes of one way.
    init(_ address: HubAddress, server: SSHAddress, timeout: Duration, pace: any Pace, trip: RoundTrip) {
        self.address = address
        self.server = server
        self.timeout = timeout
        self.pace = pace
        self.trip = trip
    }

    /// - Throws: what `body` throws, and ``HubError``.
    func use<Value>(_ body: (SFTPConnection) throws -> Value) throws -> Value {
        let connection = try open()
        do {
            return try body(connection)
        } catch let error as SSHError {
            if !error.leavesSessionAlive { state.withLock { $0.connection = nil } }
            throw HubError(error)
        }
    }

    /// Logs in, unless that was done.
    func prepare() throws(HubError) { _ = try open() }

    private func open() throws(HubError) -> SFTPConnection {
        try opening.withLock { _ throws(HubError) in try openUnlocked() }
    }

    private func openUnlocked() throws(HubError) -> SFTPConnection {
        let (open, cancellation) = state.withLock { state in
            if state.cancellation.isCancelled { state = State() }
            return (state.connection, state.cancellation)
        }
        if let open { return open }
        do throws(SSHError) {
            let connection = try SFTPConnection.connect(
                to: server, expecting: address.hostKey, credentials: address.credentials, timeout: timeout,
                cancellation: cancellation, pace: pace, trip: trip)
            state.withLock { $0.connection = connection }
            return connection
        } catch {
            throw HubError(error)
        }
    }

    /// Logs out, while nothing is transferred; the next transfer opens a new connection.
    func close() { state.withLock { $0.connection = nil } }

    /// Makes the transfer in progress fail; the next one opens a new connection.
    func cancel() {
        state.withLock { state in
            state.cancellation.cancel()
            state.connection = nil
        }
    }
}
