internal import Hashing
import Synchronization

/// Whose a secret is: a copy, for the threads of the API's server, of what the hub knows. Any thread.
final class TokenTable: Sendable {
    /// Whom a secret makes of its bearer.
    enum Holder: Hashable, Sendable {
        case administrator
        case client(String)
        /// One that was a client's.
        case revoked
        /// The client that an invite is for.
        case invite(String)
    }

    private let entries = Mutex<[(hash: [UInt8], holder: Holder)]>([])
    /// By ``SecretProof/id``.
    private let proofs = Mutex<[String: SecretProof]>([:])

    /// - Parameter entries: SHA-256 of each secret.
    func replace(_ entries: [(hash: [UInt8], holder: Holder)]) {
        self.entries.withLock { $0 = entries }
        let proofs = entries.map { SecretProof(hash: $0.hash) }
        self.proofs.withLock { $0 = Dictionary(proofs.map { ($0.id, $0) }) { first, _ in first } }
    }

    /// How it is shown that the hub knows a secret; nil if it does not.
    func proof(_ id: String) -> SecretProof? { proofs.withLock { $0[id] } }

    /// Each is compared, whoever is found, so that the time tells nothing.
    /// - Parameter secret: nil for none, which takes as long as one that nobody knows.
    func holder(of secret: String?) -> Holder? {
        let hash = sha256(Array((secret ?? "").utf8))
        return entries.withLock { entries in
            var found: Holder?
            for entry in entries where isSameSecret(entry.hash, hash) { found = found ?? entry.holder }
            return secret == nil ? nil : found
        }
    }
}
