/// How a server shows that it is the one that knows a secret, before it is sent the secret. It keeps the SHA-256 of the secret only, and
/// answers a number that was never used before with a MAC of it, keyed with that. Who has the number, or the answer, has nothing:
/// secrets are 256 random bits.
package struct SecretProof: Sendable {
    /// Says which secret is meant, and nothing about it: 64 hexadecimal digits.
    package let id: String
    private let key: [UInt8]

    /// - Parameter hash: SHA-256 of the secret.
    package init(hash: [UInt8]) {
        key = hash
        id = SecretProof.hex(sha256(Array("synchub-proof-id\n".utf8) + hash))
    }

    /// Of whoever has the secret itself.
    package init(of secret: String) { self.init(hash: sha256(Array(secret.utf8))) }

    /// Where a server is asked for it (GET), without an `Authorization`.
    package static let path = "/v1/proof"

    /// A number that was never used before.
    package static func nonce() -> String { hex(randomBytes(count: 32)) }

    /// Whether it has the form of one.
    package static func isNonce(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    /// Of the question, with the question mark.
    package func query(_ nonce: String) -> String { "?id=\(id)&nonce=\(nonce)" }

    /// The body of the answer: nothing else is one.
    package func answer(to nonce: String) -> [UInt8] {
        Array("{\"proof\":\"\(SecretProof.hex(hmac(key: key, Array("synchub-proof\n\(nonce)".utf8))))\"}\n".utf8)
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// HMAC with SHA-256 (RFC 2104).
package func hmac(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
    let key = key.count > 64 ? sha256(key) : key
    let block = key + [UInt8](repeating: 0, count: 64 - key.count)
    return sha256(block.map { $0 ^ 0x5C } + sha256(block.map { $0 ^ 0x36 } + bytes))
}
