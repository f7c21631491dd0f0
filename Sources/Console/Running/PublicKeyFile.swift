/// The file that `invite --key` names.
enum PublicKeyFile {
    /// Its one key line (sshd(8), AUTHORIZED_KEYS FILE FORMAT), without comments and empty lines. What the key is worth
    /// the hub judges.
    static func line(_ path: [UInt8]) throws(Failure) -> String {
        let name = shown(path)
        let bytes: [UInt8]
        do throws(SmallFile.Unreadable) {
            bytes = try SmallFile.read(path, orStandardInput: true)
        } catch {
            throw .failed("the key file \(name) cannot be read (\(errorText(error.code)))")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { $0.drop(while: \.isWhitespace) }.filter { !$0.isEmpty && $0.first != "#" }
        if lines.contains(where: { $0.contains("PRIVATE KEY") }) {
            throw .failed("\(name) is a private key, which stays where it is; give the public one, which ends in .pub")
        }
        guard lines.count == 1 else {
            throw .failed("\(name) holds \(lines.count) keys; one line such as `ssh-ed25519 AAAA...` is needed")
        }
        return String(lines[0])
    }
}
