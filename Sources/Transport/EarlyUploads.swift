internal import SSH

/// Logs in for uploads before anything else does, on a thread of its own: who knows already that it will send something saves
/// the round trips of a login. What goes wrong here goes wrong again, and is told, when the first upload needs it.
package final class EarlyUploads: Sendable {
    let server: SSHAddress?
    private let lane: SFTPLane?

    /// At the address that is tried first.
    package init(_ address: HubAddress, timeout: Duration = .seconds(20)) {
        server = address.firstHost
        lane = server.map {
            SFTPLane(address, server: $0, timeout: timeout, pace: address.limits.up.quick, trip: RoundTrip())
        }
    }

    /// Blocks until it is done or has failed.
    package func prepare() { try? lane?.prepare() }

    /// - Returns: nil for another host.
    func lane(at other: SSHAddress) -> SFTPLane? { other == server ? lane : nil }
}
