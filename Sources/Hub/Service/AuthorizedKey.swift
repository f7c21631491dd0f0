/// One line of `authorized_keys`: a key, whose it is, and the one thing that it opens.
package struct AuthorizedKey: Hashable, Sendable {
    /// What a key opens.
    package enum Access: Hashable, Sendable {
        /// The tunnel to the API, and SFTP: the share to read, its own staging to fill.
        case agent
        /// The tunnel to the API and nothing else, until a time (Unix seconds): a one-time key, or the key of who has joined and has not
        /// said hello yet.
        case invite(expires: Int64)
        /// SFTP only: the share, to read and write.
        case sftp
    }

    /// Whose it is; stands as the comment of its line.
    package let client: ClientName
    /// The public half.
    package let key: PublicKey
    /// What it opens.
    package let access: Access
    /// How much of the share it opens; of no matter to an invite.
    let reach: ShareReach

    package init(client: ClientName, key: PublicKey, access: Access) {
        self.init(client: client, key: key, access: access, reach: .everything)
    }

    init(client: ClientName, key: PublicKey, access: Access, reach: ShareReach) {
        self.client = client
        self.key = key
        self.access = access
        self.reach = reach
    }
}

/// Decides who may log in. The sync core tells it all keys whenever a client comes, goes or changes its key.
package protocol KeyKeeper: Sendable {
    /// Replaces the whole list. From the call on, also if it throws, a session by a key that is not in it ends as soon as its login is
    /// known. When it returns, the next login sees the new list, also after a power cut. Sessions that are open stay open: end them by
    /// ``endUnlisted(strangers:)``. Any thread.
    func rewrite(_ keys: [AuthorizedKey]) throws

    /// Ends the live SSH sessions that a key opened, if it can tell them. Any thread. Blocks.
    func endSessions(of key: PublicKey)

    /// Ends the live SSH sessions by keys that are not in the list. Any thread. Blocks.
    /// - Parameter strangers: those too that nobody can be shown to own.
    /// - Returns: how many processes are there nevertheless.
    func endUnlisted(strangers: Bool) -> Int
}

/// An OpenSSH public key: `ssh-ed25519 AAAA…`. No other kind is served (libssh2 1.10 signs with no other that OpenSSH 9 takes).
package struct PublicKey: Hashable, Sendable, CustomStringConvertible {
    /// Kind and base64, without a comment.
    package let line: String

    /// The one kind.
    package static let algorithm = "ssh-ed25519"
    /// The base64 of an ed25519 key's 51 bytes (RFC 8709, section 4) always begins so.
    private static let prefix = "AAAAC3NzaC1lZDI1NTE5AAAAI"
    private static let length = 68

    /// Parses one line as in `id_ed25519.pub`; a comment is dropped.
    package init(line: String) throws(PublicKeyError) {
        let words = line.split(maxSplits: 2, whereSeparator: { $0 == " " || $0 == "\t" || $0.isNewline })
        guard words.count >= 2, words[0] == PublicKey.algorithm else { throw .notEd25519 }
        let base64 = words[1]
        guard base64.hasPrefix(PublicKey.prefix), base64.utf8.count == PublicKey.length,
            base64.utf8.allSatisfy(PublicKey.isBase64)
        else { throw .damaged }
        self.line = "\(PublicKey.algorithm) \(base64)"
    }

    package var description: String { line }

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}

/// Why a text is not a key that we serve.
package enum PublicKeyError: Error, Hashable, Sendable, CustomStringConvertible {
    case notEd25519, damaged

    package var description: String {
        switch self {
        case .notEd25519:
            "a key is one line that begins with 'ssh-ed25519'; make one with: ssh-keygen -t ed25519"
        case .damaged:
            "the text of the key is damaged; copy the whole line of the .pub file"
        }
    }
}
