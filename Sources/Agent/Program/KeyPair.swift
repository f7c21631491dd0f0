import Glibc
internal import Processes
internal import Settings

/// An ed25519 key pair in OpenSSH's format.
struct KeyPair: Hashable, Sendable {
    /// With its line breaks; never leaves this machine.
    let privateText: String
    /// One line.
    let publicLine: String

    /// Has `ssh-keygen` make one.
    /// - Parameters:
    ///   - home: of the agent; what is written there on the way is gone afterwards, or when the next one is made.
    ///   - comment: stands behind the public key.
    static func make(in home: String, comment: String) throws -> KeyPair {
        guard let program = findExecutable("ssh-keygen") else {
            throw AgentFailure(.failed, "ssh-keygen is missing; install openssh-client")
        }
        let path = home + "/id_ed25519.new"
        func remove() {
            unlink(path)
            unlink(path + ".pub")
        }
        remove()
        defer { remove() }
        let made = try Processes.run(program, ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])
        guard made.status.isSuccess else {
            throw AgentFailure(.failed, "ssh-keygen could not make \(path): \(made.errorText)")
        }
        return try KeyPair(privateText: Secrets.wholeText(path), publicFile: path + ".pub")
    }

    /// This machine's; nil unless both halves are there.
    /// - Throws: `SettingsError` if others may use the private half.
    init?(_ layout: AgentLayout) throws {
        guard Files.exists(layout.key), Files.exists(layout.publicKey) else { return nil }
        try self.init(privateText: Secrets.wholeText(layout.key), publicFile: layout.publicKey)
    }

    init(privateText: String, publicLine: String) {
        self.privateText = privateText
        self.publicLine = publicLine
    }

    private init(privateText: String, publicFile: String) throws {
        let text = String(decoding: try Files.read(publicFile), as: UTF8.self)
        self.init(privateText: privateText, publicLine: text.split(separator: "\n").first.map(String.init) ?? "")
    }

    /// Makes it this machine's, in place of another. Each file is whole at every moment; the private one is the last.
    func write(to layout: AgentLayout) throws {
        try Secrets.write(Array((publicLine + "\n").utf8), to: layout.publicKey)
        try Secrets.write(Array(privateText.utf8), to: layout.key)
    }
}

extension Secrets {
    /// Every byte of the file counts.
    fileprivate static func wholeText(_ path: String) throws -> String {
        String(decoding: try read(path), as: UTF8.self)
    }
}
