/// `GET /v1/clients`: an array of these, by name.
package struct ClientMessage: Codable, Hashable, Sendable {
    /// Unique at the hub.
    package var name: String
    /// An agent, or a device that only speaks SFTP.
    package var kind: ClientKind
    /// `member` or `admin`.
    package var role: String
    /// The one word for how it is doing.
    package var state: ClientState
    /// `SHA256:…` of its key; nil while invited only.
    package var fingerprint: String?
    /// When it joined: RFC 3339 UTC.
    package var since: String
    /// RFC 3339 UTC; nil if it was never seen.
    package var lastSeen: String?
    /// Since when it changes its key and token, so that old and new ones are good: RFC 3339 UTC; nil when it does not.
    package var rotating: String?
    private enum CodingKeys: String, CodingKey {
        case name, kind, role, state, fingerprint, since, lastSeen = "last_seen", rotating
    }
    package init(
        name: String, kind: ClientKind, role: String, state: ClientState, fingerprint: String?, since: String,
        lastSeen: String?, rotating: String? = nil
    ) {
        self.name = name
        self.kind = kind
        self.role = role
        self.rotating = rotating
        self.state = state
        self.fingerprint = fingerprint
        self.since = since
        self.lastSeen = lastSeen
    }
}

/// `POST /v1/revoke`, `/v1/pause`, `/v1/resume`: one client by name, or `all` (not for revoke).
package struct ClientRequest: Codable, Hashable, Sendable {
    /// Its name; nil with `all`.
    package var client: String?
    /// True, or left out.
    package var all: Bool?
    /// How long to pause, in seconds; nil until resumed.
    package var seconds: Int64?
    package init(client: String?, all: Bool = false, seconds: Int64? = nil) {
        self.client = client
        self.all = all ? true : nil
        self.seconds = seconds
    }
}

/// The clients that a request touched.
package struct ClientsTouchedResponse: Codable, Hashable, Sendable {
    /// Names, sorted; without those that it did not concern.
    package var clients: [String]
    package init(clients: [String]) { self.clients = clients }
}
