internal import CSSH2

/// An SSH connection that speaks SFTP. Paths are bytes and go to the server as they are; relative ones start where the
/// server starts the client.
///
/// Any thread may use it: calls wait for their turn, and each call blocks until the server has answered. An error for which
/// ``SSHError/leavesSessionAlive`` is false ends the connection; every later call throws the same.
package final class SFTPConnection: @unchecked Sendable {
    // SAFETY: session, sftp and flight are only touched inside `turn`, and in deinit, when nobody else is left.
    let session: SSHSession
    /// libssh2's SFTP handle.
    let sftp: OpaquePointer
    private let turn = Turn()
    /// Says when bytes of files may move; nil for whenever they can.
    let pace: (any Pace)?
    /// For what is sent and for what comes. Touched inside `turn` only.
    var flight = FlightRule()
    let trip: RoundTrip
    /// Ends the connection from any thread: a call in progress throws ``SSHError/cancelled`` within milliseconds.
    package let cancellation: SSHCancellation

    /// Starts SFTP on a session that does nothing else from now on.
    /// - Parameters:
    ///   - pace: for the bytes of files, in both directions; requests are not counted.
    ///   - trip: of all connections to this server.
    package init(
        _ session: sending SSHSession, pace: (any Pace)? = nil, trip: RoundTrip = RoundTrip()
    ) throws(SSHError) {
        let pointer = try session.performPointer("starting SFTP") { libssh2_sftp_init(session.handle) }
        guard let pointer else { throw session.error(Int(libssh2_session_last_errno(session.handle))) }
        self.session = session
        self.sftp = pointer
        self.cancellation = session.cancellation
        self.pace = pace
        self.trip = trip
    }

    /// Connects, logs in and starts SFTP; see ``SSHSession/connect(to:expecting:credentials:timeout:cancellation:)``.
    package static func connect(
        to address: SSHAddress, expecting hostKey: HostKey, credentials: SSHCredentials,
        timeout: Duration, cancellation: SSHCancellation = SSHCancellation(), pace: (any Pace)? = nil,
        trip: RoundTrip = RoundTrip()
    ) throws(SSHError) -> SFTPConnection {
        try SFTPConnection(
            SSHSession.connect(
                to: address, expecting: hostKey, credentials: credentials, timeout: timeout, cancellation: cancellation),
            pace: pace, trip: trip)
    }

    deinit {
        // Only memory is given back here: the session's deinit says goodbye, and its channel goes with it.
        _ = session.fail(.closed(reason: "the connection is not needed any more"))
        libssh2_sftp_shutdown(sftp)
    }

    /// Any thread; see ``cancellation``.
    package func cancel() { cancellation.cancel() }

    /// Why the connection is dead, `nil` while it can be used. Waits for a call in progress.
    package var failure: SSHError? {
        do throws(SSHError) {
            return try exclusively { () throws(SSHError) in session.failure }
        } catch {
            return error
        }
    }

    /// How many of some bytes may move now; blocks until it is one at least.
    func paced(_ wanted: Int) throws(SSHError) -> Int {
        guard let pace, wanted > 0 else { return wanted }
        let granted = pace.take(upTo: wanted) { cancellation.isCancelled }
        if granted < 1 { throw failure ?? .cancelled }
        return granted
    }

    /// In seconds, on a clock that never jumps.
    static var now: Double { origin.duration(to: .now) / .seconds(1) }
    private static let origin = ContinuousClock.now

    func exclusively<Result>(_ body: () throws(SSHError) -> Result) throws(SSHError) -> Result {
        try turn.take(body)
    }

    /// Runs one request on a path.
    /// - Returns: libssh2's answer, never negative.
    func request(_ doing: String, _ path: [UInt8], _ step: () -> Int) throws(SSHError) -> Int {
        let result = try session.perform(doing, step)
        if result < 0 { throw error(result, path) }
        return result
    }

    /// The server's status if it was the server that said no, else what became of the session.
    func error(_ code: Int, _ path: [UInt8]) -> SSHError {
        guard code == Int(LIBSSH2_ERROR_SFTP_PROTOCOL) else { return session.error(code) }
        let status = libssh2_sftp_last_error(sftp)
        // libssh2 gives the same code, without a status, when it does not understand the server.
        guard status != UInt(LIBSSH2_FX_OK) else { return session.error(code) }
        return .sftp(SFTPStatus(code: status), path: path)
    }
}

extension [UInt8] {
    /// The bytes as C functions want text: with their length beside them, no NUL at the end.
    func withCharacters<Result>(_ body: (UnsafePointer<CChar>, UInt32) -> Result) -> Result {
        (self + [0]).withUnsafeBytes { bytes in
            // SAFETY: never empty, because of the NUL; CChar is a byte.
            body(bytes.baseAddress!.assumingMemoryBound(to: CChar.self), UInt32(count))
        }
    }
}
