/// Why something over SSH did not happen. Equal errors have equal facts.
package enum SSHError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No TCP connection: unknown name, refused, no route.
    case unreachable(host: String, port: UInt16, reason: String)
    /// Nothing moved for as long as the caller wanted to wait. The session is dead after it.
    case timedOut(doing: String)
    /// The server's host key is not the one that was pinned. Both as ssh prints fingerprints.
    case hostKeyChanged(expected: String, found: String)
    /// A host key line or a private key that cannot be used.
    case unusableKey(reason: String)
    /// The server does not take this key for this user.
    case refusedKey(user: String)
    /// The server did not open a channel to this address: forbidden, or nothing listens there.
    case channelRefused(host: String, port: UInt16)
    /// The connection ended: by the server, by the network, or because the session had failed before.
    case closed(reason: String)
    /// `cancel()` or `close()` was called on our side.
    case cancelled
    /// The caller's closure stopped a transfer; the session goes on.
    case stopped
    /// The two sides did not understand each other; the code is libssh2's.
    case protocolFailure(code: Int32, message: String)
    /// The server refused one operation on one path; the session goes on.
    case sftp(SFTPStatus, path: [UInt8])
    /// A local file could not be read.
    case local(reason: String)

    package var description: String {
        switch self {
        case .unreachable(let host, let port, let reason):
            "cannot reach \(host) port \(port): \(reason); is it switched on, and is the address right?"
        case .timedOut(let doing): "no answer in time while \(doing); it will be tried again"
        case .hostKeyChanged(let expected, let found):
            "the host key has changed: expected \(expected), found \(found); "
                + "if the hub was set up anew, join it again with a new invite, otherwise somebody may be listening"
        case .unusableKey(let reason):
            "this key cannot be used: \(reason)"
        case .refusedKey(let user):
            "the server refused the key of \(user) (was this client revoked?)"
        case .channelRefused(let host, let port):
            "the server opens no channel to \(host) port \(port); is the hub running?"
        case .closed(let reason): "the connection was closed: \(reason); it will be opened again"
        case .cancelled: "cancelled"
        case .stopped: "stopped before the end"
        case .protocolFailure(let code, let message): "SSH failed: \(message) (libssh2 \(code))"
        case .sftp(let status, let path): "\(Display.text(path)): \(status)"
        case .local(let reason): "a local file could not be read: \(reason)"
        }
    }

    /// Whether the server said that there is no such file or directory.
    package var isNotFound: Bool {
        if case .sftp(.notFound, _) = self { true } else { false }
    }

    /// Whether the session can be used after this error.
    package var leavesSessionAlive: Bool {
        switch self {
        case .sftp, .local, .stopped: true
        default: false
        }
    }
}

/// What an SFTP server answers when it does not do what was asked
/// (draft-ietf-secsh-filexfer-02, section 7; OpenSSH gives `failure` for all that has no code of its own).
package enum SFTPStatus: Hashable, Sendable, CustomStringConvertible {
    /// No such file or directory, a symlink loop, or a file where a directory was needed.
    case notFound
    case denied
    /// OpenSSH has no code for it: concluded from `failure` and a file system without free blocks or inodes.
    case full
    /// Anything else: exists already, not empty, wrong kind, input/output error.
    case failure
    /// A name that is too long, or an argument out of range.
    case badMessage
    case unsupported
    case other(UInt)

    init(code: UInt) {
        self =
            switch code {
            case 2, 10: .notFound
            case 3: .denied
            case 4: .failure
            case 5: .badMessage
            case 8: .unsupported
            case 14, 15: .full
            default: .other(code)
            }
    }

    package var description: String {
        switch self {
        case .notFound: "no such file or directory at the hub"
        case .denied: "the hub denies permission"
        case .full: "the hub's disk is full; free some space there"
        case .failure: "the hub could not do it"
        case .badMessage: "the hub does not accept such a name or argument"
        case .unsupported: "the hub does not know this operation"
        case .other(let code): "the hub answered with SFTP status \(code)"
        }
    }
}

/// Bytes for people.
enum Display {
    /// Valid UTF-8 as it is, anything else with U+FFFD; control characters as a dot.
    static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: ".") : $0 }, as: UTF8.self)
    }
}
