package import SSH

/// Everything that is needed to reach a hub as one of its clients.
package struct HubAddress: Sendable {
    /// Tried in this order, but for the one that worked last, which comes first.
    package let hosts: [SSHAddress]
    /// At the hub, for SSH.
    package var user: String
    /// Pinned: no other is accepted.
    package var hostKey: HostKey
    /// This client's, or the one-time key of an invite.
    package var key: SSHCredentials.PrivateKey
    /// The control API's port on the hub's 127.0.0.1.
    package var apiPort: UInt16
    /// Bearer token; asked for at each login. What it throws is told, and there is no point in trying again.
    package var token: @Sendable () throws -> String
    /// Tells this machine from another one that has the same key; nil when that is not known.
    package var machine: String?

    package init(
        hosts: [SSHAddress], user: String, hostKey: HostKey, key: SSHCredentials.PrivateKey, apiPort: UInt16,
        token: @escaping @Sendable () throws -> String, machine: String? = nil
    ) {
        self.hosts = hosts
        memory = HostMemory(hosts)
        self.user = user
        self.hostKey = hostKey
        self.key = key
        self.apiPort = apiPort
        self.token = token
        self.machine = machine
    }

    /// With a token that stays.
    package init(
        hosts: [SSHAddress], user: String, hostKey: HostKey, key: SSHCredentials.PrivateKey, apiPort: UInt16,
        token: String, machine: String? = nil
    ) {
        self.init(
            hosts: hosts, user: user, hostKey: hostKey, key: key, apiPort: apiPort, token: { token }, machine: machine)
    }

    /// How fast bytes of files may move; the same ones for every connection.
    package var limits = TransferLimits()

    /// Says where the hub may be, too, when it is at none of its addresses. Blocks.
    package var lookAround: (@Sendable () -> [SSHAddress])?

    /// Told when the hub was reached at another address than before; see ``begin(at:)``.
    package var onOtherHost: (@Sendable (SSHAddress) -> Void)?

    /// The hub was there when it was reached last: that is where it is tried first.
    package func begin(at host: SSHAddress) { _ = memory.worked(host) }

    /// Of all copies of this address.
    let memory: HostMemory

    var credentials: SSHCredentials { SSHCredentials(user: user, privateKey: key) }
}
