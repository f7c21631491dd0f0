internal import ControlAPI
import Glibc
internal import Hashing
internal import Processes
internal import SSH
internal import Settings
internal import SyncCore
internal import Transport

/// `syncagent join`: uses an invite once. Interrupted anywhere, it can be run again.
struct Join {
    let layout: AgentLayout
    let invite: InviteMessage
    /// Absolute, without symlinks.
    let folder: String
    let mode: SyncMode
    /// Escaped; nil for what the invite allows.
    let subtree: String?

    /// Reads the invite and looks at the folder; changes nothing.
    init(layout: AgentLayout, invitePath: String, folder: String, mode: SyncMode, subtree: [UInt8]?) throws {
        self.layout = layout
        self.mode = mode
        do {
            self.subtree = try subtree.map { Escaping.text(try RelativePath(bytes: $0).bytes) }
        } catch let error as NameError {
            throw AgentFailure(.wrongUsage, "--subtree names no path in the share: \(error)")
        }
        do { invite = try WireFormat.decode(InviteMessage.self, from: Files.read(invitePath)) } catch let error
            as WireError
        {
            throw AgentFailure(
                .wrongUsage, "\(invitePath) is not an invite (\(error)); make one at the hub: syncctl invite NAME")
        }
        if invite.v != 1 {
            throw AgentFailure(.wrongUsage, "this invite is of version \(invite.v); this program knows version 1")
        }
        if Files.exists(layout.configuration), Files.exists(layout.token) {
            throw AgentFailure(
                .failed,
                "\(layout.home) has joined a hub already; leave it first (syncagent leave), or use another --home")
        }
        let absolute = AgentLayout.absolute(folder)
        try Files.makeDirectories(absolute)
        guard Files.isDirectory(absolute), let resolved = Files.resolved(absolute) else {
            throw AgentFailure(.failed, "\(folder) is not a directory")
        }
        let home = Files.resolved(layout.home) ?? layout.home
        if (home + "/").hasPrefix(resolved + "/") {
            throw AgentFailure(
                .failed, "the agent's home \(home) lies in the folder \(resolved); choose another --home")
        }
        self.folder = resolved
    }

    /// Registers this machine's key, writes the configuration, and proves that the new way works.
    func run() throws -> AgentConfiguration {
        try Files.makeDirectories(layout.home, mode: 0o700)
        chmod(layout.home, 0o700)
        let publicKey = try ensureKey()
        let joined = try useInvite(publicKey)
        let configuration = AgentConfiguration(
            hub: invite.hub, hosts: invite.hosts.map { AgentConfiguration.Host(host: $0.host, port: $0.port) },
            user: invite.user, hostKey: invite.hostKey, apiPort: invite.apiPort, client: joined.client, folder: folder,
            mode: try agreedMode(joined), subtree: joined.subtree)
        try FolderMarker.write(folder: folder, of: layout)
        if let slash = layout.configuration.lastIndex(of: "/") {
            try Files.makeDirectories(String(layout.configuration[..<slash]), mode: 0o700)
        }
        try configuration.write(to: layout)
        try Secrets.write(Array(joined.token.utf8), to: layout.token)
        try prove(configuration, token: joined.token)
        return configuration
    }

    /// What may only receive does not try to send.
    private func agreedMode(_ joined: JoinResponse) throws(AgentFailure) -> SyncMode {
        guard joined.readOnly == true else { return mode }
        if case .sendOnly = mode {
            throw AgentFailure(
                .failed,
                "this invite lets '\(joined.client)' receive only: join again with it, without --mode send-only")
        }
        return .receiveOnly
    }

    private func useInvite(_ publicKey: String) throws -> JoinResponse {
        let address = try inviteAddress()
        do throws(HubError) {
            return try Joining.join(address, publicKey: publicKey, subtree: subtree)
        } catch {
            guard case .refusedKey = error else { throw error }
            throw AgentFailure(
                .failed,
                "this invite was used, has expired or was withdrawn. Make a new one at the hub: syncctl invite "
                    + "\(invite.client). If '\(invite.client)' is a client there still, and this machine is to take its "
                    + "place, before that: syncctl revoke \(invite.client)")
        }
    }

    /// This machine's own key; the private half never leaves it.
    private func ensureKey() throws -> String {
        if !Files.exists(layout.key) || !Files.exists(layout.publicKey) {
            unlink(layout.key)
            unlink(layout.publicKey)
            guard let program = findExecutable("ssh-keygen") else {
                throw AgentFailure(.failed, "ssh-keygen is missing; install openssh-client")
            }
            let result = try Processes.run(
                program, ["-q", "-t", "ed25519", "-N", "", "-C", invite.client, "-f", layout.key])
            guard result.status.isSuccess else {
                throw AgentFailure(.failed, "ssh-keygen could not make \(layout.key): \(result.errorText)")
            }
        }
        let line = String(decoding: try Files.read(layout.publicKey), as: UTF8.self)
        return line.split(separator: "\n").first.map(String.init) ?? ""
    }

    private func inviteAddress() throws -> HubAddress {
        HubAddress(
            hosts: invite.hosts.map { SSHAddress(host: $0.host, port: UInt16(clamping: $0.port)) }, user: invite.user,
            hostKey: try HostKey(line: invite.hostKey), key: .text(invite.key),
            apiPort: UInt16(clamping: invite.apiPort),
            token: Join.secret(of: invite))
    }

    /// The bearer token that goes with the one-time key; see ``InviteMessage``.
    private static func secret(of invite: InviteMessage) -> String {
        sha256(Array("synchub-invite\n\(invite.key)".utf8)).map(Escaping.hex).joined()
    }

    /// The first hello with the new key and token; it uses the invite up.
    private func prove(_ configuration: AgentConfiguration, token: String) throws {
        let address = try configuration.address(layout, token: token)
        let hub = try SSHHubConnection.connect(
            to: address, hello: HelloRequest(version: ProductVersion.current, generation: Generation.random())
        ) { _ in }
        hub.close()
    }
}
