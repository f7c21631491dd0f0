internal import ControlAPI
internal import Settings
internal import Transport

/// `syncagent rotate`: another key and token for this machine, also while `syncagent run` runs. The old ones are good until the new ones
/// have been tried and stand in their files. Interrupted anywhere, it can be run again.
struct Rotation {
    /// What has happened, in the order of coming. A change may end before or after each.
    enum Step: Int, CaseIterable, Sendable {
        /// The hub has the new key, and has given a new token.
        case answer
        /// Both are written down, beside the old ones.
        case begun
        /// They opened the tunnel and an SFTP session.
        case proof
        /// The key is in its file.
        case key
        /// The token is.
        case token
        /// The old ones are nobody's.
        case finished
    }

    let layout: AgentLayout
    let configuration: AgentConfiguration

    /// - Parameter reached: told of each step; when it throws, the change ends there.
    func run(reached: (Step) throws -> Void = { _ in }) throws {
        let lock = try HomeLock(
            path: layout.rotationLock, whenTaken: "another `syncagent rotate` works with \(layout.home); let it finish")
        Secrets.removeUnfinished(of: layout.secrets)
        try change(reached)
        _ = consume lock
    }

    private func change(_ reached: (Step) throws -> Void) throws {
        if let begun = try BegunRotation.read(layout), try complete(begun, reached) { return }
        let old = try BegunRotation.Secret(layout)
        let key = try KeyPair.make(in: layout.home, comment: configuration.client)
        let token = try Rotating.begin(address(with: old), publicKey: key.publicLine)
        try reached(.answer)
        let begun = BegunRotation(new: BegunRotation.Secret(key, token: token), old: old)
        try begun.write(layout)
        try reached(.begun)
        if try !complete(begun, reached) {
            throw AgentFailure(
                .failed,
                "the hub does not take the new key that it was just given; the old one goes on. Look at the hub's log, and try again"
            )
        }
    }

    /// Goes on from whatever was reached.
    /// - Returns: false if the hub does not know the new ones (any more): the old ones are in their files then.
    private func complete(_ begun: BegunRotation, _ reached: (Step) throws -> Void) throws -> Bool {
        let hub: SSHHubConnection
        do { hub = try prove(begun.new) } catch let error as HubError {
            guard error.mayBeUnknownHere else { throw error }
            try goBack(to: begun.old, from: error)
            BegunRotation.remove(layout)
            return false
        }
        defer { hub.close() }
        try reached(.proof)
        try begun.new.key.write(to: layout)
        try reached(.key)
        try Secrets.write(Array(begun.new.token.utf8), to: layout.token)
        try reached(.token)
        try hub.finishRotation()
        try reached(.finished)
        BegunRotation.remove(layout)
        return true
    }

    /// The hub does not know the new ones. Nothing goes before it was seen that the old ones are good.
    /// - Parameter new: what was met with the new ones.
    private func goBack(to old: BegunRotation.Secret, from new: HubError) throws {
        do { try prove(old).close() } catch let error as HubError {
            // They may be good, only that nobody has shown that he is the hub.
            guard new.isUnknownHere else { throw new }
            guard error.isUnknownHere else { throw error }
            throw AgentFailure(
                .failed,
                "the hub knows neither the new key and token nor the old ones (\(error)): this machine was revoked there, or the hub "
                    + "is from a backup that is older than both. Both stay in \(layout.begunRotation). To come back: syncagent leave, and "
                    + "join again with a new invite")
        }
        try install(old)
    }

    /// Opens the tunnel and an SFTP session. Nothing of this machine's agent changes at the hub by it.
    private func prove(_ secret: BegunRotation.Secret) throws -> SSHHubConnection {
        let hub = try SSHHubConnection.connect(
            to: address(with: secret),
            hello: HelloRequest(version: ProductVersion.current, generation: Generation.random()), onlyLooks: true
        ) { _ in }
        do { try hub.prepare(uploads: false) } catch {
            hub.close()
            throw error
        }
        return hub
    }

    private func install(_ secret: BegunRotation.Secret) throws {
        try secret.key.write(to: layout)
        try Secrets.write(Array(secret.token.utf8), to: layout.token)
    }

    private func address(with secret: BegunRotation.Secret) throws -> HubAddress {
        var address = try configuration.address(layout, token: secret.token)
        address.key = .text(secret.privateKey)
        return address
    }
}
