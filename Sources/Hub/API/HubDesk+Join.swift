internal import ControlAPI
import Glibc
internal import HTTPServer
internal import Hashing
internal import Journal
import SyncCore

// Invites and joining.
extension HubDesk {
    func invite(_ request: HTTPRequest, _ responder: HTTPResponder) throws -> HTTPResponse? {
        let message = try request.message(InviteRequest.self)
        let name = try HubDesk.clientName(message.client)
        let life = message.valid ?? settings.inviteLife
        guard life > 0, life <= 366 * 86_400 else {
            throw ErrorMessage(.badValue, "the field 'valid' must be positive, and at most a year of seconds")
        }
        if name.text == Placer.shareClient {
            throw ErrorMessage(
                .badValue, "'\(name)' is what changes are called that come by the share itself; choose another name")
        }
        try refuseTaken(name)
        let role = try HubDesk.role(message)
        if let text = message.subtree, try requestedPath(text).isTop {
            throw ErrorMessage(
                .badValue,
                "the field 'subtree' names the whole share: leave it out if that is meant (an empty --subtree?)")
        }
        let subtree = try subtree(at: message.subtree)
        if message.makeKey == true {
            guard message.sftpOnly == true, message.key == nil else {
                throw ErrorMessage(
                    .badValue,
                    "the field 'make_key' goes with 'sftp_only' and without 'key': whoever has a key of its own needs no other"
                )
            }
            makeDeviceKey(name, role, subtree, responder)
            return nil
        }
        if message.sftpOnly == true {
            guard let line = message.key else {
                throw ErrorMessage(
                    .missingField, "the field 'key' is missing: an SFTP-only device needs its public key")
            }
            return try registerDevice(name, HubDesk.publicKey(line, field: "key"), role, subtree)
        }
        makeInvite(name, role, life, subtree?.path, responder)
        return nil
    }

    /// A name is given to nobody while it is somebody's. One that was shut out, and of which the journal could not be told, has to be
    /// written down first: the next one of that name would be shut out with it.
    private func refuseTaken(_ name: ClientName) throws {
        if let at = gate.leaving[name.text] { try writeDown(leaving: name.text, at: at) }
        if let client = clients[name.text], client.record.revokedAt == nil {
            throw JournalError.clientExists(name.text)
        }
    }

    private static func role(_ message: InviteRequest) throws(ErrorMessage) -> ClientRecord.Role {
        guard message.readOnly == true else { return message.admin == true ? .admin : .member }
        if message.admin == true {
            throw ErrorMessage(.badValue, "the fields 'admin' and 'read_only' do not go together")
        }
        return .readOnly
    }

    private static func clientName(_ text: String) throws -> ClientName {
        if text == Placer.shareClient || text == Journal.guardClient || text == "hub" {
            throw ErrorMessage(.badName, "'\(text)' is a name that the hub uses itself; take another")
        }
        do throws(ClientNameError) { return try ClientName(text) } catch { throw ErrorMessage(.badName, "\(error)") }
    }

    /// A device that only speaks SFTP needs no invite: its key is good at once.
    func registerDevice(
        _ name: ClientName, _ key: PublicKey, _ role: ClientRecord.Role, _ subtree: Subtree?,
        made privateKey: String? = nil
    ) throws -> HTTPResponse {
        let address = try address()
        // Somebody may have joined under it while a key was made: what that one has stays.
        try refuseTaken(name)
        try clearTraces(of: name.text)
        // Without the API an administrator is a member.
        try journal.addClient(
            name.text, kind: .sftp, role: role == .readOnly ? .readOnly : .member, publicKey: key.line,
            subtree: subtree, at: clock.now().inSeconds)
        clients[name.text] = nil
        try reload(name.text)
        try writeKeys()
        return .message(
            InviteResponse(
                invite: nil,
                sftp: InviteResponse.Connection(
                    user: address.user, hosts: address.hosts, fingerprint: address.hostKey.fingerprint,
                    key: privateKey)))
    }

    /// For a device that cannot make one. The private half is in the answer, and nowhere else.
    private func makeDeviceKey(
        _ name: ClientName, _ role: ClientRecord.Role, _ subtree: Subtree?, _ responder: HTTPResponder
    ) {
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        let (queue, directory) = (queue, layout.privateFiles)
        helpers.run {
            let made = Result { try OneTimeKey.make(in: directory) }
            queue.async {
                desk.answerOrRefuse(responder) {
                    let key = try made.get()
                    return try desk.registerDevice(name, key.publicKey, role, subtree, made: key.privateKey)
                }
            }
        }
    }

    static func publicKey(_ line: String, field: String) throws -> PublicKey {
        do throws(PublicKeyError) { return try PublicKey(line: line) } catch {
            throw ErrorMessage(.badValue, "the field '\(field)' is wrong: \(error)")
        }
    }

    private func makeInvite(
        _ name: ClientName, _ role: ClientRecord.Role, _ life: Int, _ subtree: RelativePath?, _ responder: HTTPResponder
    ) {
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        let (queue, address, directory) = (queue, address, layout.privateFiles)
        helpers.run {
            let made = Result { (try OneTimeKey.make(in: directory), try address()) }
            queue.async {
                desk.answerOrRefuse(responder) {
                    let (key, address) = try made.get()
                    return .message(try desk.record(key, address, name, role, life, subtree))
                }
            }
        }
    }

    private func record(
        _ key: OneTimeKey, _ address: HubAddress, _ name: ClientName, _ role: ClientRecord.Role, _ life: Int,
        _ subtree: RelativePath?
    ) throws -> InviteResponse {
        let expires = clock.now() + .seconds(life)
        try refuseTaken(name)
        try journal.createInvite(
            InviteRecord(
                client: name.text, secretHash: sha256(Array(key.secret.utf8)), publicKey: key.publicKey.line,
                role: role, expires: expires.inSeconds, subtree: subtree, moment: moment, life: Int64(life)))
        try writeKeys()
        return InviteResponse(
            invite: InviteMessage(
                hub: self.name, client: name.text, hosts: address.hosts, user: address.user,
                hostKey: address.hostKey.line, key: key.privateKey, expires: Timestamp.text(expires),
                apiPort: address.apiPort),
            sftp: nil)
    }

    /// May be repeated with the same secret until the client's first hello.
    func join(_ request: HTTPRequest) throws -> HTTPResponse {
        guard let secret = request.bearerToken else { throw HubDesk.unauthorized }
        let message = try request.message(JoinRequest.self)
        let key = try HubDesk.publicKey(message.publicKey, field: "public_key")
        let now = clock.now().inSeconds
        let hash = sha256(Array(secret.utf8))
        guard let invite = try journal.openInvite(secretHash: hash, at: now, moment: moment),
            gate.leaving[invite.client] == nil
        else { throw HubDesk.inviteUsed }
        let subtree = try self.subtree(at: message.subtree, within: invite.subtree)
        let token = Base64.urlText(randomBytes(count: 32))
        try clearTraces(of: invite.client)
        let joined = try journal.join(
            secretHash: hash, tokenHash: sha256(Array(token.utf8)), publicKey: key.line, subtree: subtree, at: now,
            moment: moment)
        guard let client = joined else { throw HubDesk.inviteUsed }
        try makeStaging(client.name)
        // Whoever had the name before is not this one, not even who used the same invite.
        clients[client.name] = nil
        try reload(client.name)
        try writeKeys()
        settle()
        return .message(
            JoinResponse(
                client: client.name, token: token, subtree: subtree.map { Escaping.text($0.path.bytes) },
                readOnly: client.role == .readOnly))
    }

    static let inviteUsed = ErrorMessage(
        .inviteUsed, "this invite was used, has expired or was withdrawn; make a new one with: syncctl invite NAME")

    /// A name is about to be somebody's, and was perhaps another's: nothing of that one is left, and its sessions, should one of them
    /// live, hold on to directories that are gone.
    private func clearTraces(of name: String) throws {
        forget(name)
        store.removeComing(of: name)
        packMemory?.remove(name)
        let store = store
        if let gone = try store.removeStaging(of: name) { helpers.run { try? store.incoming.remove(gone) } }
    }

    private func makeStaging(_ name: String) throws {
        try HubFile.makeDirectory(layout.staging + "/" + name, mode: 0o700)
    }
}
