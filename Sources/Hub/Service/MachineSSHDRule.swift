/// What `sshd -T -C user=…` has to say of the user that devices log in with, where the machine's own sshd serves: a pure function from
/// its settings to findings. What deploy/sshd-synchub.conf says is all well.
struct MachineSSHDRule: Hashable, Sendable {
    /// The hub's.
    let user: String
    /// The user's.
    let groups: [String]
    /// The account has a password that begins with `!`.
    let isLocked: Bool
    /// The absolute path of `synchub`.
    let program: String
    let root: String
    let sftpPort: UInt16
    let apiPort: UInt16
    /// The public half of the host key.
    let hostKey: String

    /// What is wrong, in the order of the table; nothing is wrong if it is empty.
    func findings(_ settings: SSHDSettings) -> [Finding] {
        required.compactMap { $0.finding(settings) } + whoIsLetIn(settings) + environment(settings)
            + algorithms(settings) + server(settings)
    }

    // MARK: What is said for this user

    /// A keyword with the one value that it may have.
    private struct Required {
        let keyword: String
        let value: String
        /// What another value means.
        let otherwise: String

        init(_ keyword: String, _ value: String, _ otherwise: String) {
            (self.keyword, self.value, self.otherwise) = (keyword, value, otherwise)
        }

        /// An sshd that does not know of something that is to be off does not do it.
        func finding(_ settings: SSHDSettings) -> Finding? {
            let found = settings[keyword]
            if found == [value] || found.isEmpty && (value == "no" || value == "none") { return nil }
            let said = found.isEmpty ? "is not set" : "is \(found.joined(separator: " and "))"
            return .wrong(
                MachineSSHDRule.area, "\(otherwise): \(keyword) \(said)",
                "write '\(keyword) \(value)' into the block of the hub's user, before any other (deploy/sshd-synchub.conf)"
            )
        }
    }

    static let area = "sshd"

    private var required: [Required] {
        let other = "somebody could come in without a key that the hub knows"
        return [
            Required("PubkeyAuthentication", "yes", "no device can come in"),
            Required("AuthenticationMethods", "publickey", other),
            Required("PasswordAuthentication", "no", other),
            Required("KbdInteractiveAuthentication", "no", other),
            Required("HostbasedAuthentication", "no", other),
            Required("GSSAPIAuthentication", "no", other),
            Required("KerberosAuthentication", "no", other),
            Required("PermitEmptyPasswords", "no", other),
            Required(
                "PubkeyAcceptedAlgorithms", PublicKey.algorithm,
                "keys of other kinds are looked at than the hub hands out"),
            Required(
                "AuthorizedKeysFile", "none", "keys count of which the hub does not know, or cannot end the sessions"),
            Required("AuthorizedKeysCommand", command, "the hub is not asked who may come in"),
            Required("AuthorizedKeysCommandUser", user, "the hub is not asked who may come in"),
            Required("AuthorizedPrincipalsFile", "none", other),
            Required("AuthorizedPrincipalsCommand", "none", other),
            Required("TrustedUserCAKeys", "none", other),
            Required("ForceCommand", "none", "it runs in place of what each key has, which confines the session"),
            Required("DisableForwarding", "no", "no agent reaches the API"),
            Required(
                "AllowTcpForwarding", "local", "a device could listen on this machine, or an agent not reach the API"),
            Required(
                "PermitOpen", "127.0.0.1:\(apiPort)", "agents reach another port of this machine, or not the API's"),
            Required("PermitListen", "none", "a device could listen on this machine"),
            Required("GatewayPorts", "no", "a device could listen on this machine"),
            Required("AllowStreamLocalForwarding", "no", "a device could reach the sockets of this machine's programs"),
            Required("AllowAgentForwarding", "no", "a device could leave its ssh-agent here"),
            Required("X11Forwarding", "no", "a device could open a display here"),
            Required("PermitTunnel", "no", "a device could make a network of its own here"),
            Required("PermitTTY", "no", "a device could get a terminal"),
            Required("PermitUserRC", "no", "a file in the hub's root would be run at each login"),
            Required("PermitUserEnvironment", "no", "a file in the hub's root would change what sessions run"),
        ]
    }

    private var command: String { "\(program) keys --root \(root) --key %k" }

    // MARK: What is said for everybody

    private func whoIsLetIn(_ settings: SSHDSettings) -> [Finding] {
        func isMeant(_ pattern: String) -> Bool {
            let name = pattern.prefix { $0 != "@" }
            return name == user || name.contains { "*?".contains($0) }
        }
        var findings: [Finding] = []
        let (allowed, denied) = (settings["AllowUsers"], settings["DenyUsers"])
        if !allowed.isEmpty, !allowed.contains(where: isMeant) {
            findings.append(
                wrong("sshd lets the user '\(user)' not in: AllowUsers names others", "add 'AllowUsers \(user)'"))
        }
        if denied.contains(where: isMeant) {
            findings.append(
                wrong("sshd lets the user '\(user)' not in: DenyUsers names it", "take it out of DenyUsers"))
        }
        let groups = settings["AllowGroups"]
        if !groups.isEmpty, !groups.contains(where: { self.groups.contains($0) || $0.contains("*") }) {
            findings.append(
                wrong(
                    "sshd lets the user '\(user)' not in: AllowGroups names none of its groups",
                    "add 'AllowGroups \(self.groups.first ?? user)'"))
        }
        if isLocked, settings["UsePAM"] != ["yes"] {
            findings.append(
                wrong(
                    "the account '\(user)' is locked, and sshd lets nobody in: UsePAM is no", "usermod -p '*' \(user)"))
        }
        return findings
    }

    /// What a client may set is in the environment of the forced command before that confines itself.
    private func environment(_ settings: SSHDSettings) -> [Finding] {
        let harmless: Set<String> = ["LANG", "LC_*", "COLORTERM", "NO_COLOR"]
        return settings["AcceptEnv"].filter { !harmless.contains($0) && !$0.hasPrefix("LC_") }.map {
            wrong(
                "a device could change what its session runs: AcceptEnv has \($0)",
                "take it out, or write it into a block that is not for '\(user)'")
        }
    }

    /// What agents speak (libssh2), one of each.
    private func algorithms(_ settings: SSHDSettings) -> [Finding] {
        let wanted: [(keyword: String, any: [String])] = [
            ("KexAlgorithms", ["curve25519-sha256", "curve25519-sha256@libssh.org"]),
            ("HostKeyAlgorithms", [PublicKey.algorithm]), ("Ciphers", ["aes256-ctr", "aes128-ctr"]),
            ("MACs", ["hmac-sha2-256", "hmac-sha2-512"]),
        ]
        return wanted.compactMap { keyword, any in
            let offered = settings[keyword].flatMap { $0.split(separator: ",").map(String.init) }
            guard !offered.contains(where: any.contains) else { return nil }
            return wrong(
                "agents and sshd have nothing in common: \(keyword) lacks \(any.joined(separator: " and "))",
                "add one of them to \(keyword); it holds for all users")
        }
    }

    private func server(_ settings: SSHDSettings) -> [Finding] {
        var findings: [Finding] = []
        let addresses =
            settings["Port"] + settings["ListenAddress"].compactMap { $0.split(separator: ":").last.map(String.init) }
        if !addresses.contains("\(sftpPort)") {
            findings.append(
                wrong(
                    "sshd does not listen on port \(sftpPort)",
                    "set sftp.port in hub.json5 to its port, or add 'Port \(sftpPort)'"))
        }
        let key = hostKey.hasSuffix(".pub") ? String(hostKey.dropLast(4)) : hostKey
        if !settings["HostKey"].contains(key) {
            findings.append(
                wrong(
                    "sshd does not have the host key that devices are told to expect, \(key)",
                    "add 'HostKey \(key)', or set sftp.host_key in hub.json5 to the public half of one that it has"))
        }
        if let sessions = settings["MaxSessions"].first.flatMap({ Int($0) }), sessions < 10 {
            findings.append(
                wrong(
                    "an agent gets too few sessions in one connection: MaxSessions is \(sessions)",
                    "write 'MaxSessions 20'"))
        }
        if let seconds = settings["LoginGraceTime"].first.flatMap({ Int($0) }), !(1...30).contains(seconds) {
            let time = seconds == 0 ? "for ever" : "for \(seconds) s"
            findings.append(
                .note(
                    MachineSSHDRule.area,
                    "sshd waits \(time) for somebody who has connected to log in, and as long the hub watches over each who showed a key "
                        + "before it was revoked: LoginGraceTime is \(seconds)",
                    "write 'LoginGraceTime 20' at the top of sshd_config: it is for all users, and stands in no Match block"
                ))
        }
        if settings["ChrootDirectory"] == ["none"] || settings["ChrootDirectory"].isEmpty {
            findings.append(
                .note(
                    MachineSSHDRule.area, "sessions see this machine's names: there is no ChrootDirectory",
                    "deploy/sshd-synchub.conf says what speaks for it and what against it"))
        }
        return findings
    }

    private func wrong(_ text: String, _ next: String) -> Finding { .wrong(MachineSSHDRule.area, text, next) }
}

/// What `sshd -T` says: one setting in each line, those that may stand several times in several.
struct SSHDSettings: Hashable, Sendable {
    private var values: [String: [String]] = [:]

    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            guard let space = line.firstIndex(of: " ") else { continue }
            values[line[..<space].lowercased(), default: []].append(String(line[line.index(after: space)...]))
        }
    }

    /// In sshd's order; empty if it says nothing of it.
    subscript(keyword: String) -> [String] { values[keyword.lowercased()] ?? [] }
}
