import Glibc

/// Who logs in, and with which key. Only ed25519 keys in OpenSSH's format, without a passphrase: libssh2 1.10 cannot sign
/// with RSA in a way that OpenSSH 9 takes.
package struct SSHCredentials: Sendable {
    /// Where the private key is.
    package enum PrivateKey: Sendable {
        /// The path of a file, read at each login.
        case file(String)
        /// The text of such a file.
        case text(String)
    }

    /// The name of the account at the server.
    package let user: String
    /// Its public half is in the account's `authorized_keys`.
    package let privateKey: PrivateKey

    package init(user: String, privateKey: PrivateKey) {
        self.user = user
        self.privateKey = privateKey
    }

    /// The text of the private key.
    /// - Throws: ``SSHError/unusableKey(reason:)`` if it cannot be read, or is not a key.
    func keyText() throws(SSHError) -> [CChar] {
        let (text, source) = try read()
        guard text.starts(with: SSHCredentials.firstLine.utf8.map { CChar(bitPattern: $0) }) else {
            throw .unusableKey(
                reason:
                    "\(source) does not begin with '\(SSHCredentials.firstLine)'; an ed25519 key in OpenSSH's format is needed"
            )
        }
        return text
    }

    private static let firstLine = "-----BEGIN OPENSSH PRIVATE KEY-----"

    private func read() throws(SSHError) -> (text: [CChar], source: String) {
        switch privateKey {
        case .text(let text): return (text.utf8.map { CChar(bitPattern: $0) }, "its text")
        case .file(let path):
            guard let (text, mode) = LocalFile.read(path, limit: 1 << 16) else {
                throw .unusableKey(reason: "\(path): \(SystemError.text(errno))")
            }
            if mode & 0o077 != 0 {
                throw .unusableKey(
                    reason:
                        "\(path) is a secret, but its mode is 0\(String(mode, radix: 8)): others may use it. Make it private "
                        + "(chmod 600), and replace it if they could have read it (syncagent rotate)")
            }
            return (text, path)
        }
    }
}
