import Hashing
import Testing

@Suite struct HashingTests {
    // FIPS 180-4 examples (NIST, "Example Values"), and the empty message.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `the digests of the standard`(message: String, digest: String) {
        #expect(hex(sha256(Array(message.utf8))) == digest)
    }

    // RFC 4231, test cases 1, 2 and 6.
    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `the MACs of the standard`(key: [UInt8], message: String, code: String) {
        #expect(hex(hmac(key: key, Array(message.utf8))) == code)
    }

    @Test func `bytes in parts hash as the whole does`() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for cut in [0, 1, 63, 64, 65, 999, 1000] {
            var hash = SHA256()
            hash.update(Array(bytes[..<cut]))
            bytes[cut...].withUnsafeBytes { hash.update($0) }
            #expect(hash.finalize() == sha256(bytes), "cut at \(cut)")
        }
        #expect(bytes.withUnsafeBytes { sha256($0) } == sha256(bytes))
    }

    @Test func `random bytes come in the count asked for and do not repeat`() {
        for count in [0, 1, 32, 1000] { #expect(randomBytes(count: count).count == count) }
        #expect(Set((0..<100).map { _ in randomBytes(count: 16) }).count == 100)
    }

    @Test func `secrets are the same only if every byte is`() {
        let secret = randomBytes(count: 32)
        #expect(isSameSecret(secret, secret))
        #expect(isSameSecret([], []))
        #expect(!isSameSecret(secret, Array(secret.dropLast())))
        #expect(!isSameSecret(secret, secret + [0]))
        #expect(!isSameSecret([], [0]))
        for index in secret.indices {
            for bit in 0..<8 {
                var other = secret
                other[index] ^= 1 << UInt8(bit)
                #expect(!isSameSecret(secret, other))
            }
        }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
