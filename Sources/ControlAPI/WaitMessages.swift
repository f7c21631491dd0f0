/// `POST /v1/wait`: answered when the clients are in sync, or when `timeout` seconds (at most 3,600; asked again for more) are over.
package struct WaitRequest: Codable, Hashable, Sendable {
    /// Escaped; nil for everything.
    package var path: String?
    /// Nil for every client that is neither paused nor revoked.
    package var on: [String]?
    /// Seconds.
    package var timeout: Int
    package init(path: String?, on: [String]?, timeout: Int) {
        self.path = path
        self.on = on
        self.timeout = timeout
    }
}

/// Whether everybody is in sync, and who is not, with a reason.
package struct WaitResponse: Codable, Hashable, Sendable {
    /// Somebody who is awaited.
    package struct Waiting: Codable, Hashable, Sendable {
        /// Its name.
        package var client: String
        /// For a person.
        package var reason: String
        package init(client: String, reason: String) {
            self.client = client
            self.reason = reason
        }
    }
    /// Whether the wait is over because everybody is.
    package var inSync: Bool
    /// The journal's head.
    package var seq: Int64
    /// By name; empty when everybody is in sync.
    package var waiting: [Waiting]
    private enum CodingKeys: String, CodingKey { case inSync = "in_sync", seq, waiting }
    package init(inSync: Bool, seq: Int64, waiting: [Waiting]) {
        self.inSync = inSync
        self.seq = seq
        self.waiting = waiting
    }
}
