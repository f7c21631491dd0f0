internal import Settings

/// `synchub keys`: the machine's own sshd runs it as the hub's user for each key that somebody shows (AuthorizedKeysCommand), with the
/// process that keeps the connection for a parent.
struct KeysCommand: Sendable {
    let layout: HubLayout
    /// As sshd has it (`%k`): base64.
    let key: String

    /// The line of the key in `authorized_keys`, if it may come in; nil for any other. Blocks.
    /// - Throws: when the list cannot be read, or others than the hub may read or write it.
    func run() throws -> String? {
        guard let key = try? PublicKey(line: "\(PublicKey.algorithm) \(key)") else { return nil }
        let text = try Secrets.readText(layout.authorizedKeys, limit: AuthorizedKeysFile.largest)
        guard let line = KeysCommand.line(of: key, in: text) else { return nil }
        return LoginQuestion.ask(about: key, layout) == .refused ? nil : line
    }

    /// A line is options, a key and a name, and only options hold quotes or blanks of others: what stands before the name is the key.
    static func line(of key: PublicKey, in text: String) -> String? {
        text.split(separator: "\n").first { line in
            guard !line.hasPrefix("#"), let end = line.lastIndex(of: " ") else { return false }
            return line[..<end].hasSuffix(" \(key.line)")
        }.map(String.init)
    }
}
