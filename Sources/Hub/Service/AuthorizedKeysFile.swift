import Glibc
internal import Processes
internal import Settings

/// The text of `authorized_keys` (sshd(8), AUTHORIZED_KEYS FILE FORMAT). Every key has a forced command, which sshd also runs in
/// place of a subsystem or a shell that a client asks for.
struct AuthorizedKeysText: Sendable {
    /// The absolute path of `synchub`.
    let program: String
    let layout: HubLayout
    let apiPort: UInt16
    var unconfined = UnconfinedSessions.members

    /// One line for each key, by client; one key stands once.
    func render(_ keys: [AuthorizedKey]) -> String {
        var seen: Set<PublicKey> = []
        let ordered = keys.sorted { ($0.client, $0.key.line) < ($1.client, $1.key.line) }
        return AuthorizedKeysText.heading
            + ordered.filter { seen.insert($0.key).inserted }.map { line($0) + "\n" }.joined()
    }

    private static let heading = "# Written by synchub whenever a device comes or goes; changes made here are lost.\n"

    private func line(_ key: AuthorizedKey) -> String {
        "\(options(for: key).joined(separator: ",")) \(key.key.line) \(key.client)"
    }

    private func options(for key: AuthorizedKey) -> [String] {
        let tunnel = ["port-forwarding", "permitopen=\"127.0.0.1:\(apiPort)\""]
        return switch key.access {
        case .agent: ["restrict"] + tunnel + [command(.agent, key)]
        case .sftp: ["restrict", command(.sftp, key)]
        case .invite(let expires):
            ["restrict"] + tunnel + ["expiry-time=\"\(UTCTime(expires).compact)\"", "command=\"/bin/false\""]
        }
    }

    private func command(_ kind: SFTPGrant.Kind, _ key: AuthorizedKey) -> String {
        let grant = SFTPGrant(client: key.client, kind: kind, reach: key.reach)
        // A session reads no file of the hub: what hub.json5 says comes with the key.
        let setting = unconfined == .members ? [] : ["--unconfined", unconfined.rawValue]
        let line = ([program, "sftp", "--root", layout.root] + grant.words + setting).map { ShellWord($0).description }
            .joined(separator: " ")
        // Within its quotes sshd knows one escape only: \" (auth-options.c, opt_dequote).
        return "command=\"" + line.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
            + "\""
    }
}

/// Keeps `authorized_keys` and the sessions that its keys opened.
package final class AuthorizedKeysFile: KeyKeeper {
    /// What is read of it, in bytes: more clients than a hub has, with parts that lie as deep as any.
    static let largest = 16 << 20

    private let path: String
    private let text: AuthorizedKeysText
    private let sessions: SSHSessions
    private let log = Log("sshd")

    /// - Parameter program: the absolute path of `synchub`, for the forced command.
    package init(layout: HubLayout, configuration: HubConfiguration, program: String, sessions: SSHSessions) {
        path = layout.authorizedKeys
        text = AuthorizedKeysText(
            program: program, layout: layout, apiPort: configuration.apiPort, unconfined: configuration.unconfined)
        self.sessions = sessions
    }

    /// Writes the file anew, if it says something else: see ``KeyKeeper``. Where it cannot be written (a disk that is full to the last
    /// inode), the lines of keys that may not come in any more become comments where they stand.
    package func rewrite(_ keys: [AuthorizedKey]) throws {
        sessions.list(keys.map(\.key))
        let wanted = text.render(keys)
        if (try? HubFile.read(path)) == wanted { return }
        do { try Secrets.write(Array(wanted.utf8), to: path) } catch {
            do { try strikeOut(allBut: keys) } catch let other { log.error("key_left", ["reason": "\(other)"]) }
            throw error
        }
    }

    /// One byte for each line: it needs no room, and sshd reads the line as it was or as a comment.
    private func strikeOut(allBut keys: [AuthorizedKey]) throws {
        guard let text = try HubFile.read(path) else { return }
        let file = try HubFile.check(open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW), "write", path)
        defer { close(file) }
        var place = 0
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let said = String(decoding: line, as: UTF8.self)
            if !line.isEmpty, line.first != UInt8(ascii: "#"),
                !keys.contains(where: { said.hasSuffix(" \($0.key.line) \($0.client)") })
            {
                try HubFile.check(Int32(pwrite(file, "#", 1, place)), "write", path)
            }
            place += line.count + 1
        }
        try HubFile.check(fdatasync(file), "write", path)
    }

    /// Those whose login this hub saw: see ``KeyKeeper``.
    package func endSessions(of key: PublicKey) { sessions.end(openedBy: key) }

    /// See ``KeyKeeper``.
    package func endUnlisted(strangers: Bool) -> Int { sessions.endUnlisted(strangers: strangers) }
}

/// A moment, as sshd writes it.
struct UTCTime: Hashable, Sendable {
    /// Unix seconds.
    let seconds: Int64
    init(_ seconds: Int64) { self.seconds = seconds }

    /// `YYYYMMDDHHMMSSZ`.
    var compact: String {
        var clock = time_t(seconds)
        var parts = tm()
        gmtime_r(&clock, &parts)
        let numbers = [parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec]
        return "\(parts.tm_year + 1900)" + numbers.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined() + "Z"
    }
}
