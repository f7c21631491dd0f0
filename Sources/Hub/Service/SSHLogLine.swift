import Glibc
internal import Processes

/// What sshd wrote to its standard error in one call, which is one message: a user's name may hold line breaks, so where lines end says
/// nothing, but nobody outside begins a record.
struct SSHLogLine: Hashable, Sendable {
    /// What it tells, as far as we know its words (auth.c, serverloop.c, sshd.c of OpenSSH 9.2).
    enum Event: Hashable, Sendable {
        case login(remote: String, port: UInt16, fingerprint: String)
        case refusedForward(String)
        case complaint(String)
        /// Of no interest by day.
        case chatter(String)
    }

    let event: Event

    /// - Parameter text: a whole record; the line break at its end is dropped.
    init(_ text: String) {
        let line = text.last?.isNewline == true ? String(text.dropLast()) : text
        if let login = SSHLogLine.login(line) {
            event = login
        } else if line.hasPrefix("Received request") && line.contains("denied") || line.hasPrefix("refused ") {
            event = .refusedForward(line)
        } else if line.hasPrefix("error:") || line.hasPrefix("fatal:") || line.contains("not allowed") {
            event = .complaint(line)
        } else {
            event = .chatter(line)
        }
    }

    /// `Accepted publickey for USER from ADDRESS port N ssh2: ED25519 SHA256:…`, and nothing before, between or behind.
    private static func login(_ line: String) -> Event? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 11, words[..<3] == ["Accepted", "publickey", "for"], words[4] == "from",
            words[6] == "port",
            words[8] == "ssh2:", words[9] == "ED25519", words[10].hasPrefix("SHA256:"), let port = UInt16(words[7]),
            !line.contains(where: \.isNewline), (words[5] + words[10]).utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        return .login(remote: String(words[5]), port: port, fingerprint: String(words[10]))
    }

    /// Writes it to the log, and tells who logged in.
    /// - Parameter writer: the process that wrote it.
    func report(to log: Log, _ sessions: SSHSessions, writer: pid_t?) {
        switch event {
        case .login(let remote, let port, let fingerprint):
            log.debug("login", ["from": remote, "port": port, "key": fingerprint])
            guard let writer else {
                return log.warning(
                    "login_unseen", ["key": fingerprint, "reason": "the kernel does not say whose it is"])
            }
            sessions.noteLogin(by: writer, fingerprint: fingerprint)
        case .refusedForward(let text): log.warning("refused", ["text": text])
        case .complaint(let text): log.info("complaint", ["text": text])
        case .chatter(let text): log.debug("says", ["text": text])
        }
    }
}
