internal import Hashing

/// A server's public key, pinned.
package struct HostKey: Hashable, Sendable, CustomStringConvertible {
    /// The key as it goes over the wire (RFC 8709, section 4): string "ssh-ed25519", string of 32 bytes.
    package let blob: [UInt8]

    /// The only kind that the handshake offers.
    package static let algorithm = "ssh-ed25519"

    init(blob: [UInt8]) { self.blob = blob }

    /// - Parameter line: a public key line as in `ssh_host_ed25519_key.pub`: `ssh-ed25519 AAAA… [comment]`.
    /// - Throws: ``SSHError/unusableKey(reason:)``
    package init(line: String) throws(SSHError) {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count >= 2, words[0] == HostKey.algorithm else {
            throw .unusableKey(reason: "a host key is written as '\(HostKey.algorithm) AAAA…'")
        }
        let prefix: [UInt8] = [0, 0, 0, 11] + Array(HostKey.algorithm.utf8) + [0, 0, 0, 32]
        guard let blob = Base64.decode(words[1]), blob.count == prefix.count + 32, blob.starts(with: prefix) else {
            throw .unusableKey(reason: "the base64 text of the host key is damaged")
        }
        self.blob = blob
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    package var fingerprint: String { "SHA256:" + Base64.unpadded(sha256(blob)) }

    package var description: String { fingerprint }
}
