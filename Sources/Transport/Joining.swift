package import ControlAPI
internal import SSH

/// Uses an invite: opens the tunnel with the one-time key and registers this client's own key.
package enum Joining {
    /// - Parameters:
    ///   - address: with the invite's key, and the invite's secret as the token.
    ///   - publicKey: this client's own, one OpenSSH line.
    ///   - subtree: the part of the share to be mapped, escaped; nil for what the invite allows.
    package static func join(
        _ address: HubAddress, publicKey: String, subtree: String? = nil, timeout: Duration = .seconds(20)
    ) throws(HubError) -> JoinResponse {
        let request = WireFormat.encode(JoinRequest(publicKey: publicKey, subtree: subtree))
        return try address.atOneHost(patience: timeout) { server, patience throws(HostFailure) in
            let control = try ControlChannel.open(address, server, patience) { _ in }
            defer { control.close() }
            do throws(HubError) { return try control.message(JoinResponse.self, .join, body: request) } catch {
                throw HostFailure(error)
            }
        }
    }
}
