import Glibc
internal import Processes

/// `synchub sftp`: the forced command on each device's key. Confines itself to what the device may reach, then becomes OpenSSH's
/// sftp-server. It is on the path of each new SFTP connection, so it reads no file of the hub.
struct SFTPSession: Sendable {
    /// What the device is, which decides what it may reach.
    enum Kind: String, CaseIterable, Sendable {
        /// Reads the share and writes into its own staging, reads and removes what is laid out for it in memory, reads what others are
        /// still sending; starts in the root, so that all have relative names.
        case agent
        /// Reads and writes the share, and starts there.
        case sftp
    }

    let layout: HubLayout
    let client: ClientName
    let kind: Kind

    /// Becomes sftp-server; comes back only to throw.
    func run() throws -> Never {
        let server = try HostTools.find(.sftpServer)
        if kind == .agent {
            try HubFile.makeDirectory(layout.staging(of: client), mode: 0o700)
            // Without it nothing comes early; a disk that has turned read-only is no reason to have no session.
            _ = try? HubFile.makeDirectory(layout.coming, mode: 0o700)
            _ = try? HubFile.makeDirectory(coming, mode: 0o700)
        }
        // Made by the hub, if it has one: what it lays out for this device.
        let packs = kind == .agent ? PackMemory.directory(of: client, root: layout.root) : nil
        let confinement = Confinement(
            readable: readable, removable: packs.map { [$0] } ?? [], writable: [writable], program: server)
        let strength = try confinement.enter()
        if !strength.isConfined {
            Log("sftp").warning("not_confined", ["client": client, "reason": "this kernel has no Landlock"])
        }
        try HubFile.check(chdir(start), "enter", start)
        try execute(server, arguments(strength))
    }

    private var start: String { kind == .agent ? layout.root : layout.share }
    private var writable: String { kind == .agent ? layout.staging(of: client) : layout.share }
    private var readable: [String] {
        kind == .agent ? [layout.share] + (HubFile.isDirectory(coming) ? [coming] : []) : []
    }
    private var coming: String { layout.coming(for: client.text) }

    /// Modes and times can be set by name alone, which Landlock does not know of, and neither did it know of truncation before
    /// Linux 6.2. An agent needs none of it (the hub places files). A device may set them unless it could do so outside the share.
    private func arguments(_ strength: Confinement.Strength) -> [String] {
        let byName = ["setstat", "lsetstat"]
        let denied: [String] =
            switch kind {
            case .agent: byName + ["fsetstat", "symlink", "hardlink"]
            case .sftp: strength.isReadOnlyElsewhere ? [] : byName + (geteuid() == 0 ? ["fsetstat"] : [])
            }
        // Errors only: what a device does is not the log's affair.
        let mask = kind == .agent ? "0077" : "0022"
        return ["-e", "-l", "ERROR", "-u", mask] + (denied.isEmpty ? [] : ["-P", denied.joined(separator: ",")])
    }

    private func execute(_ server: String, _ arguments: [String]) throws -> Never {
        var words = ([server] + arguments).map { strdup($0) } + [nil]
        execv(server, &words)
        throw HubFileError(doing: "execute", path: server, code: errno)
    }
}
