internal import CCrypto

/// SHA-256 (FIPS 180-4) over bytes that come in parts. Made, fed and finished on one thread at a time.
package struct SHA256: ~Copyable {
    private let context: OpaquePointer

    /// Has seen no bytes yet.
    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex2(context, SHA256.algorithm, nil) == 1
        else { preconditionFailure("libcrypto gives no SHA-256 (out of memory?)") }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Takes in the next bytes; they are only read during the call.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let ok = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(ok == 1, "libcrypto refused to hash")
    }

    /// Takes in the next bytes.
    package mutating func update(_ bytes: [UInt8]) {
        // SAFETY: the bytes are only read during the call.
        bytes.withUnsafeBytes { update($0) }
    }

    /// The digest of all bytes taken in: 32 bytes.
    package consuming func finalize() -> [UInt8] {
        // SAFETY: a SHA-256 writes exactly `size` bytes, all of which are there.
        [UInt8](unsafeUninitializedCapacity: SHA256.size) { buffer, count in
            let ok = EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(ok == 1, "libcrypto refused to finish a hash")
            count = SHA256.size
        }
    }

    /// Of a digest, in bytes.
    package static let size = 32

    // Looked up once: libcrypto 3 takes locks and a search for each `EVP_sha256()`.
    // SAFETY: libcrypto's algorithm objects are immutable and may be used by any thread; this one is never freed.
    private nonisolated(unsafe) static let algorithm: OpaquePointer? = EVP_MD_fetch(nil, "SHA2-256", nil)
}

/// The SHA-256 of these bytes: 32 bytes.
package func sha256(_ bytes: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalize()
}

/// The SHA-256 of these bytes, which are only read during the call: 32 bytes.
package func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finalize()
}
