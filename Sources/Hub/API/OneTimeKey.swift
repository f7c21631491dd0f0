import Glibc
internal import Hashing
internal import Processes
import SyncCore

/// The key of an invite, and the secret that follows from it.
struct OneTimeKey: Sendable {
    /// In OpenSSH's format, with its line breaks.
    let privateKey: String
    let publicKey: PublicKey

    /// What authorises the join: both sides compute it from the private key.
    var secret: String { sha256(Array("synchub-invite\n\(privateKey)".utf8)).map(Escaping.hex).joined() }

    /// Has `ssh-keygen` make one. Blocks.
    /// - Parameter directory: that only we look into; what is written there is gone afterwards.
    static func make(in directory: String) throws -> OneTimeKey {
        let path = directory + "/invite-" + randomBytes(count: 8).map(Escaping.hex).joined()
        defer {
            unlink(path)
            unlink(path + ".pub")
        }
        let made = try run(
            HostTools.find(.sshKeygen), ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path], timeout: .seconds(30))
        guard let privateKey = try HubFile.read(path), let line = try HubFile.read(path + ".pub") else {
            throw OneTimeKeyError(reason: made.errorText)
        }
        return OneTimeKey(privateKey: privateKey, publicKey: try PublicKey(line: line))
    }
}

/// ssh-keygen made no key.
struct OneTimeKeyError: Error, CustomStringConvertible {
    let reason: String
    var description: String { "ssh-keygen made no key: \(reason); run `synchub check`" }
}
