/// `POST /v1/rotate`: a client takes another key and token. With a key it begins: from then on the old and the new ones are good, in
/// any mix. Without one, and with the new token, it ends: the old ones are good for nothing, and sessions by the old key end. Both may
/// be repeated.
package struct RotateRequest: Codable, Hashable, Sendable {
    /// The new one, as one OpenSSH public key line (`ssh-ed25519 AAAA…`); nil to end.
    package var publicKey: String?
    private enum CodingKeys: String, CodingKey { case publicKey = "public_key" }
    package init(publicKey: String?) { self.publicKey = publicKey }
}

/// The answer to it.
package struct RotateResponse: Codable, Hashable, Sendable {
    /// The new bearer token, of which the hub keeps a hash only; nil at the end.
    package var token: String?
    private enum CodingKeys: String, CodingKey { case token }
    package init(token: String?) { self.token = token }
}
