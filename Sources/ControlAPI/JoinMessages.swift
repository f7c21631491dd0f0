/// `POST /v1/join`, authorised by the invite's secret (see ``InviteMessage``).
package struct JoinRequest: Codable, Hashable, Sendable {
    /// The agent's own key, as one OpenSSH public key line (`ssh-ed25519 AAAA…`).
    package var publicKey: String
    /// The part of the share that is to be mapped: escaped, relative to the share. Nil for what the invite allows.
    package var subtree: String?
    private enum CodingKeys: String, CodingKey { case publicKey = "public_key", subtree }
    package init(publicKey: String, subtree: String? = nil) {
        self.publicKey = publicKey
        self.subtree = subtree
    }
}

/// What a new client is given. The invite stays good until the first ``HelloRequest`` with the token, so that an interrupted
/// join can be run again.
package struct JoinResponse: Codable, Hashable, Sendable {
    /// The name that the invite was made for.
    package var client: String
    /// The bearer token; the hub keeps a hash of it only.
    package var token: String
    /// The part of the share that it maps: escaped; nil for all.
    package var subtree: String?
    /// True: its commits are refused, so it had better not try.
    package var readOnly: Bool?
    private enum CodingKeys: String, CodingKey { case client, token, subtree, readOnly = "read_only" }
    package init(client: String, token: String, subtree: String? = nil, readOnly: Bool = false) {
        self.client = client
        self.token = token
        self.subtree = subtree
        self.readOnly = readOnly ? true : nil
    }
}
