internal import ControlAPI
import Glibc
internal import Hashing
internal import SSH
internal import Settings
internal import SyncCore
internal import Transport

/// `syncagent join`: uses an invite once. Interrupted anywhere, it can be run again with the same invite.
struct Join {
    /// What is there, in the order of coming. A join may end before or after each.
    enum Step: Int, CaseIterable, Sendable {
        /// This machine's own key.
        case key
        /// The hub knows the key, and has given a token.
        case answer
        /// The answer is written down.
        case begun
        /// The first hello: the invite is used up, and what the hub knows of this machine stays.
        case hello
        /// An SFTP session: the new way works.
        case proof
        /// The folder's marker.
        case folder
        case token
        /// With this the home has joined.
        case configuration
    }

    let layout: AgentLayout
    let invite: InviteMessage
    /// Absolute, without symlinks.
    let folder: String
    let mode: SyncMode
    /// Escaped; nil for what the invite allows.
    let subtree: String?

    /// Looks at the folder, and makes it if need be.
    init(layout: AgentLayout, invite: InviteMessage, folder: String, mode: SyncMode, subtree: [UInt8]?) throws {
        self.layout = layout
        self.invite = invite
        self.mode = mode
        do {
            self.subtree = try subtree.map { Escaping.text(try RelativePath(bytes: $0).bytes) }
        } catch let error as NameError {
            throw AgentFailure(.wrongUsage, "--subtree names no path in the share: \(error)")
        }
        if Files.exists(layout.configuration), Files.exists(layout.token),
            try BegunJoin.read(layout, of: invite) == nil
        {
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

    /// Registers this machine's key, proves that the new way works, and writes the configuration.
    /// - Parameter reached: told of each step; when it throws, the join ends there.
    func run(reached: (Step) throws -> Void = { _ in }) throws -> AgentConfiguration {
        try Files.makeDirectories(layout.home, mode: 0o700)
        chmod(layout.home, 0o700)
        let lock = try HomeLock(layout)
        Secrets.removeUnfinished(of: layout.secrets + [layout.lastHost, layout.configuration])
        let key = try ensureKey()
        try reached(.key)
        let (configuration, token) = try provenWay(key, reached)
        try FolderMarker.write(folder: folder, of: layout)
        try reached(.folder)
        if let slash = layout.configuration.lastIndex(of: "/") {
            try Files.makeDirectories(String(layout.configuration[..<slash]), mode: 0o700)
        }
        try Secrets.write(Array(token.utf8), to: layout.token)
        try reached(.token)
        try configuration.write(to: layout)
        try reached(.configuration)
        BegunJoin.remove(layout)
        _ = consume lock
        return configuration
    }

    /// What was begun goes on; the invite is used only if nothing was, or if the hub has forgotten it.
    private func provenWay(
        _ key: KeyPair, _ reached: (Step) throws -> Void
    ) throws -> (AgentConfiguration, token: String) {
        var met: HubError?
        if let begun = try BegunJoin.read(layout, of: invite), begun.subtree == subtree {
            do { return try prove(begun.answer, reached) } catch let error as HubError {
                if !error.mayBeUnknownHere { throw error }
                if !error.isUnknownHere { met = error }
            }
        }
        let answer: JoinResponse
        // What was begun may be good, only that nobody has shown that he is the hub: then the invite is not what is wrong.
        do { answer = try useInvite(key.publicLine) } catch { throw met ?? error }
        try reached(.answer)
        try BegunJoin(invite, subtree: subtree, answer: answer).write(layout)
        try reached(.begun)
        return try prove(answer, reached)
    }

    private func configuration(_ joined: JoinResponse) throws(AgentFailure) -> AgentConfiguration {
        AgentConfiguration(
            hub: invite.hub, hosts: invite.hosts.map { AgentConfiguration.Host(host: $0.host, port: $0.port) },
            user: invite.user, hostKey: invite.hostKey, apiPort: invite.apiPort, client: joined.client, folder: folder,
            mode: try agreedMode(joined), subtree: joined.subtree)
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
            guard error.isInviteOver else { throw error }
            throw AgentFailure(.failed, Join.whyOver(invite, now: Clock.now))
        }
    }

    /// Why an invite is not taken, as far as that can be told from here, and what to do.
    static func whyOver(_ invite: InviteMessage, now: Nanoseconds) -> String {
        let end = Timestamp.parse(invite.expires)
        let reason =
            end.map { $0 <= now } == true
            ? "this invite has expired: it was good until \(invite.expires)"
            : "this invite was used already, or withdrawn at the hub (it would have been good until \(invite.expires))"
        return
            "\(reason). Make a new one at the hub: syncctl invite \(invite.client). If '\(invite.client)' is a client there "
            + "still, and this machine is to take its place, before that: syncctl revoke \(invite.client)"
    }

    /// This machine's own key; the private half never leaves it.
    private func ensureKey() throws -> KeyPair {
        if let key = try KeyPair(layout) { return key }
        let key = try KeyPair.make(in: layout.home, comment: invite.client)
        try key.write(to: layout)
        return key
    }

    private func inviteAddress() throws -> HubAddress {
        let key = try HostKey(line: invite.hostKey)
        var address = HubAddress(
            hosts: invite.hosts.map { SSHAddress(host: $0.host, port: UInt16(clamping: $0.port)) }, user: invite.user,
            hostKey: key, key: .text(invite.key),
            apiPort: UInt16(clamping: invite.apiPort),
            token: Join.secret(of: invite))
        address.lookAround = { Discovery.find(key) }
        return address
    }

    /// The bearer token that goes with the one-time key; see ``InviteMessage``.
    private static func secret(of invite: InviteMessage) -> String {
        sha256(Array("synchub-invite\n\(invite.key)".utf8)).map(Escaping.hex).joined()
    }

    /// The first hello with the new key and token uses the invite up; then SFTP has to work, too.
    private func prove(
        _ joined: JoinResponse, _ reached: (Step) throws -> Void
    ) throws -> (AgentConfiguration, token: String) {
        let configuration = try configuration(joined)
        let address = try configuration.address(layout, token: joined.token)
        let hub = try SSHHubConnection.connect(
            to: address, hello: HelloRequest(version: ProductVersion.current, generation: Generation.random())
        ) { _ in }
        defer { hub.close() }
        try reached(.hello)
        try hub.prepare(uploads: false)
        try reached(.proof)
        return (configuration, joined.token)
    }
}

extension HubError {
    /// The hub does not know the key, or the token, that was used.
    var isUnknownHere: Bool {
        switch self {
        case .refusedKey: true
        case .refused(let message): [.unauthorized, .revoked, .inviteUsed].contains(message.code)
        default: false
        }
    }

    /// The same, or nobody has shown that he is the hub: a hub that does not know a token cannot.
    var mayBeUnknownHere: Bool {
        if case .unproven = self { return true }
        return isUnknownHere
    }

    /// An invite's key or secret is not good any more.
    fileprivate var isInviteOver: Bool {
        isRefusedKey || [.inviteUsed, .unauthorized].contains(answer?.code)
    }
}
