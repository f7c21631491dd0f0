package import SSH

/// Everything that is needed to reach a hub as one of its clients.
package struct HubAddress: Sendable {
    /// Tried in this order.
    package var hosts: [SSHAddress]
    /// At the hub, for SSH.
    package var user: String
    /// Pinned: no other is accepted.
    package var hostKey: HostKey
    /// This client's, or the one-time key of an invite.
    package var key: SSHCredentials.PrivateKey
    /// The control API's port on the hub's 127.0.0.1.
    package var apiPort: UInt16
    /// Bearer token.
    package var token: String
    /// Tells this machine from another one that has the same key; nil when that is not known.
    package var machine: String?

    package init(
        hosts: [SSHAddress], user: String, hostKey: HostKey, key: SSHCredentials.PrivateKey, apiPort: UInt16,
        token: String, machine: String? = nil
    ) {
        self.hosts = hosts
        self.user = user
        self.hostKey = hostKey
        self.key = key
        self.apiPort = apiPort
        self.token = token
        self.machine = machine
    }

    /// How fast bytes of files may move; the same ones for every connection.
    package var limits = TransferLimits()

    var credentials: SSHCredentials { SSHCredentials(user: user, privateKey: key) }
}
