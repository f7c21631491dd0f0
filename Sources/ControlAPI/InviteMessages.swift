/// `POST /v1/invite`.
package struct InviteRequest: Codable, Hashable, Sendable {
    /// The name that it will have; it must be free.
    package var client: String
    /// True: it may invite, pause and revoke others.
    package var admin: Bool?
    /// True: it receives, and its commits are refused; an SFTP-only device reads.
    package var readOnly: Bool?
    /// A device that only speaks SFTP; needs `key` or `make_key`.
    package var sftpOnly: Bool?
    /// One OpenSSH public key line.
    package var key: String?
    /// True: the hub makes a key for the device, and keeps the public half only.
    package var makeKey: Bool?
    /// Seconds that the invite is good for; an hour if not given.
    package var valid: Int?
    /// The part of the share that it may map, or that an SFTP-only device sees: escaped, relative to the share. Nil for all.
    package var subtree: String?
    private enum CodingKeys: String, CodingKey {
        case client, admin, readOnly = "read_only", sftpOnly = "sftp_only", key, makeKey = "make_key"
        case valid, subtree
    }
    package init(
        client: String, admin: Bool = false, readOnly: Bool = false, sftpOnly: Bool = false, key: String? = nil,
        makeKey: Bool = false, valid: Int? = nil, subtree: String? = nil
    ) {
        self.makeKey = makeKey ? true : nil
        self.client = client
        self.admin = admin ? true : nil
        self.readOnly = readOnly ? true : nil
        self.sftpOnly = sftpOnly ? true : nil
        self.key = key
        self.valid = valid
        self.subtree = subtree
    }
}

/// The invite as it is handed to a person: one line of JSON (DESIGN §9).
package struct InviteMessage: Codable, Hashable, Sendable {
    /// Where the hub's SSH server is reached.
    package struct Host: Codable, Hashable, Sendable {
        /// A name or an address, IPv6 without brackets.
        package var host: String
        /// TCP.
        package var port: Int
        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }
    /// The version of this message: 1.
    package var v: Int
    /// How the hub calls itself.
    package var hub: String
    /// The name that the new client will have.
    package var client: String
    /// Best first; at least one.
    package var hosts: [Host]
    /// To log in as.
    package var user: String
    /// `ssh-ed25519 AAAA…`.
    package var hostKey: String
    /// The one-time private key, in OpenSSH's format. It opens the tunnel to the API; the SHA-256 (hex) of
    /// `synchub-invite\n` followed by this text is the bearer token for ``JoinRequest``.
    package var key: String
    /// RFC 3339 UTC.
    package var expires: String
    /// The port of the control API behind the tunnel, on 127.0.0.1.
    package var apiPort: Int
    private enum CodingKeys: String, CodingKey {
        case v, hub, client, hosts, user, hostKey = "host_key", key, expires, apiPort = "api_port"
    }
    package init(
        hub: String, client: String, hosts: [Host], user: String, hostKey: String, key: String, expires: String,
        apiPort: Int
    ) {
        v = 1
        self.hub = hub
        self.client = client
        self.hosts = hosts
        self.user = user
        self.hostKey = hostKey
        self.key = key
        self.expires = expires
        self.apiPort = apiPort
    }
}

/// The answer to `invite`: the invite for an agent; for an SFTP-only device how it connects.
package struct InviteResponse: Codable, Hashable, Sendable {
    /// How an SFTP-only device connects.
    package struct Connection: Codable, Hashable, Sendable {
        /// To log in as.
        package var user: String
        /// Best first.
        package var hosts: [InviteMessage.Host]
        /// `SHA256:…` of the host key, to be compared by a person.
        package var fingerprint: String
        /// The private key that the hub made for it, in OpenSSH's format: this is the only time that anybody has it. Nil if it made none.
        package var key: String?
        private enum CodingKeys: String, CodingKey { case user, hosts, fingerprint, key }
        package init(user: String, hosts: [InviteMessage.Host], fingerprint: String, key: String? = nil) {
            self.key = key
            self.user = user
            self.hosts = hosts
            self.fingerprint = fingerprint
        }
    }
    /// For an agent; nil for an SFTP-only device.
    package var invite: InviteMessage?
    /// For an SFTP-only device; nil for an agent.
    package var sftp: Connection?
    package init(invite: InviteMessage?, sftp: Connection?) {
        self.invite = invite
        self.sftp = sftp
    }
}
