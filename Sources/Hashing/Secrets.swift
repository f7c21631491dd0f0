internal import CCrypto

/// Bytes that nobody can guess, from libcrypto's generator, which the kernel seeds: for keys, tokens and epochs.
/// Any thread.
package func randomBytes(count: Int) -> [UInt8] {
    // SAFETY: RAND_bytes fills all of the room that it is told of.
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        let ok = RAND_bytes(buffer.baseAddress, Int32(count))
        precondition(ok == 1 || count == 0, "libcrypto gives no random bytes")
        filled = count
    }
}

/// Whether two secrets are the same, in a time that tells nothing about where they differ (it tells their lengths).
package func isSameSecret(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    // SAFETY: both have the count that is compared.
    a.count == b.count && a.withUnsafeBytes { a in b.withUnsafeBytes { b in sameBytes(a, b) } }
}

private func sameBytes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard let first = a.baseAddress, let second = b.baseAddress else { return true }
    return CRYPTO_memcmp(first, second, a.count) == 0
}
