internal import ControlAPI
import Glibc
internal import Settings

/// The new key and token of a change that is not finished, and the ones before: with it a change that was interrupted goes on where it
/// was, or back. A secret file in the home.
struct BegunRotation: Codable, Hashable {
    /// What opens the hub for this machine.
    struct Secret: Codable, Hashable {
        /// In OpenSSH's format.
        var privateKey: String
        /// One line.
        var publicKey: String
        var token: String
        private enum CodingKeys: String, CodingKey { case privateKey = "private_key", publicKey = "public_key", token }

        init(_ key: KeyPair, token: String) {
            (privateKey, publicKey, self.token) = (key.privateText, key.publicLine, token)
        }

        /// This machine's, as its files have them.
        /// - Throws: ``AgentFailure``, and `SettingsError` if others may use them.
        init(_ layout: AgentLayout) throws {
            guard let key = try KeyPair(layout) else {
                throw AgentFailure(
                    .failed, "\(layout.key) or \(layout.publicKey) is missing; leave, and join again with a new invite")
            }
            self.init(key, token: try Secrets.readText(layout.token))
        }

        var key: KeyPair { KeyPair(privateText: privateKey, publicLine: publicKey) }
    }
    var new: Secret
    var old: Secret
    private enum CodingKeys: String, CodingKey { case new, old }

    init(new: Secret, old: Secret) { (self.new, self.old) = (new, old) }

    /// Nil if nothing has begun.
    /// - Throws: `SettingsError` if others may read it.
    static func read(_ layout: AgentLayout) throws -> BegunRotation? {
        guard Files.exists(layout.begunRotation) else { return nil }
        let text = try Secrets.read(layout.begunRotation)
        // What is not whole was never acted upon: nothing is done before it is written.
        return try? WireFormat.decode(BegunRotation.self, from: text)
    }

    func write(_ layout: AgentLayout) throws { try Secrets.write(WireFormat.encode(self), to: layout.begunRotation) }

    static func remove(_ layout: AgentLayout) { unlink(layout.begunRotation) }
}
