/// The text of the managed sshd's `sshd_config`: it serves the hub's own user, with the hub's own keys, for SFTP under a forced
/// command and for the tunnel to the API. Nothing else.
struct SSHDConfiguration: Hashable, Sendable {
    let layout: HubLayout
    /// Nil: every address.
    let listen: String?
    let port: UInt16
    let apiPort: UInt16
    /// The user that the hub runs as, the only one that may log in.
    let user: String
    let isRoot: Bool

    var text: String {
        "# Written by synchub at each start; changes made here are lost.\n"
            + (addresses + files + login + algorithms + abilities + limits).map { $0 + "\n" }.joined()
    }

    private var addresses: [String] {
        ["Port \(port)"] + (listen.map { [$0] } ?? ["0.0.0.0", "::"]).map { "ListenAddress \($0)" }
    }

    private var files: [String] {
        [
            "HostKey \(quoted(layout.hostKey))",
            // The one of these that expands percent signs.
            "AuthorizedKeysFile \(quoted(layout.authorizedKeys.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")))",
            "PidFile \(quoted(layout.sshdPID))",
        ]
    }

    private var login: [String] {
        [
            "AllowUsers \(user)",
            "PermitRootLogin \(isRoot ? "prohibit-password" : "no")",
            "PubkeyAuthentication yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "UsePAM no",
            // The hub checks the modes of its own directory; the directories above it are not sshd's affair.
            "StrictModes no",
            "UseDNS no",
        ]
    }

    /// What libssh2 1.10 and OpenSSH both speak, and the Terrapin prefix attack has no target in (neither ChaCha20-Poly1305 nor
    /// encrypt-then-MAC).
    private var algorithms: [String] {
        [
            "KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org",
            "HostKeyAlgorithms ssh-ed25519",
            "PubkeyAcceptedAlgorithms ssh-ed25519",
            "Ciphers aes256-ctr,aes128-ctr",
            "MACs hmac-sha2-256,hmac-sha2-512",
            "Compression no",
        ]
    }

    private var abilities: [String] {
        [
            "AllowTcpForwarding local",
            "PermitOpen 127.0.0.1:\(apiPort)",
            "PermitListen none",
            "AllowStreamLocalForwarding no",
            "AllowAgentForwarding no",
            "X11Forwarding no",
            "PermitTunnel no",
            "PermitTTY no",
            "GatewayPorts no",
            "PermitUserRC no",
            "PermitUserEnvironment no",
            "PrintMotd no",
            "PrintLastLog no",
            // Never reached: sshd runs a key's forced command in place of the subsystem. It must have a name to be asked for.
            "Subsystem sftp /bin/false",
            // A bash that sshd starts reads ~/.bashrc (85 ms, and whatever it prints breaks SFTP), except in an inner shell.
            "SetEnv SHLVL=1",
        ]
    }

    private var limits: [String] {
        [
            "LoginGraceTime 20",
            "MaxAuthTries 3",
            "MaxStartups 20:30:60",
            "MaxSessions 20",
            "ClientAliveInterval 15",
            "ClientAliveCountMax 3",
            "TCPKeepAlive yes",
            "LogLevel INFO",
        ]
    }

    /// sshd_config(5): in double quotes; `\"` and `\\` are the escapes within.
    private func quoted(_ path: String) -> String {
        var text = ""
        for character in path.unicodeScalars {
            if character == "\"" || character == "\\" { text += "\\" }
            text.unicodeScalars.append(character)
        }
        return "\"\(text)\""
    }
}
