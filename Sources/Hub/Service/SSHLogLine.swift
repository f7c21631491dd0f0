internal import Processes

/// A line that sshd wrote to its standard error.
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

    init(_ line: String) {
        let words = line.split(separator: " ")
        if words.count > 9, words[0] == "Accepted", words[1] == "publickey", let port = UInt16(words[7]),
            let print = words.last
        {
            event = .login(remote: String(words[5]), port: port, fingerprint: String(print))
        } else if line.hasPrefix("Received request") && line.contains("denied") || line.hasPrefix("refused ") {
            event = .refusedForward(line)
        } else if line.hasPrefix("error:") || line.hasPrefix("fatal:") || line.contains("not allowed") {
            event = .complaint(line)
        } else {
            event = .chatter(line)
        }
    }

    /// Writes it to the log, and tells who logged in.
    func report(to log: Log, _ sessions: SSHSessions) {
        switch event {
        case .login(let remote, let port, let fingerprint):
            sessions.noteLogin(remotePort: port, fingerprint: fingerprint)
            log.debug("login", ["from": remote, "port": port, "key": fingerprint])
        case .refusedForward(let text): log.warning("refused", ["text": text])
        case .complaint(let text): log.info("complaint", ["text": text])
        case .chatter(let text): log.debug("says", ["text": text])
        }
    }
}

/// Cuts a stream of bytes into lines.
struct LineBuffer: Hashable, Sendable {
    /// A line without an end is cut here, in bytes.
    static let limit = 8_192
    private var rest: [UInt8] = []

    /// The lines that these bytes complete, without their line breaks, empty ones left out.
    mutating func take(_ bytes: [UInt8]) -> [String] {
        rest += bytes
        var lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let open = lines.removeLast()
        rest = Array(open.prefix(LineBuffer.limit))
        return lines.map { String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self) }.filter {
            !$0.isEmpty
        }
    }
}
