internal import ControlAPI

/// Changes a client's key and token: begins it with the old ones. Until it is finished with the new ones
/// (``SSHHubConnection/finishRotation()``), both are good.
package enum Rotating {
    /// - Parameters:
    ///   - address: with the old key and token.
    ///   - publicKey: the new one, one OpenSSH line.
    /// - Returns: the new token.
    package static func begin(
        _ address: HubAddress, publicKey: String, timeout: Duration = .seconds(20)
    ) throws(HubError) -> String {
        let request = WireFormat.encode(RotateRequest(publicKey: publicKey))
        let answer = try address.atOneHost(patience: timeout) { server, patience throws(HostFailure) in
            let control = try ControlChannel.open(address, server, patience) { _ in }
            defer { control.close() }
            do throws(HubError) { return try control.message(RotateResponse.self, .rotate, body: request) } catch {
                throw HostFailure(error)
            }
        }
        guard let token = answer.token else { throw .away("the hub gave no new token; is it of an older version?") }
        return token
    }
}
