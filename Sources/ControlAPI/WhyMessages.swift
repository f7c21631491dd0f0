/// `POST /v1/why`, and any other request about one path (escaped, relative to the share).
package struct PathRequest: Codable, Hashable, Sendable {
    /// Escaped, relative to the share.
    package var path: String
    package init(path: String) { self.path = path }
}

/// Why a path is, or is not, the same everywhere: one sentence, and one for each client where it differs.
package struct WhyResponse: Codable, Hashable, Sendable {
    /// How one client has the path.
    package struct OnClient: Codable, Hashable, Sendable {
        /// Its name.
        package var client: String
        /// Whether it has what the hub has.
        package var synced: Bool
        /// For a person.
        package var reason: String
        package init(client: String, synced: Bool, reason: String) {
            self.client = client
            self.synced = synced
            self.reason = reason
        }
    }
    /// As it was asked for, readable.
    package var path: String
    /// Whether every client has what the hub has.
    package var synced: Bool
    /// The answer for a person, ready to be shown.
    package var sentence: String
    /// Those that differ.
    package var clients: [OnClient]
    package init(path: String, synced: Bool, sentence: String, clients: [OnClient]) {
        self.path = path
        self.synced = synced
        self.sentence = sentence
        self.clients = clients
    }
}
