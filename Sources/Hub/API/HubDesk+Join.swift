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
        if let client = clients[name.text], client.record.revokedAt == nil {
            throw JournalError.clientExists(name.text)
        }
        let role = try HubDesk.role(message)
        let subtree = try subtree(at: message.subtree)
        if message.sftpOnly == true { return try registerDevice(name, message, role, subtree) }
        makeInvite(name, role, life, subtree?.path, responder)
        return nil
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
    private func registerDevice(
        _ name: ClientName, _ message: InviteRequest, _ role: ClientRecord.Role, _ subtree: Subtree?
    ) throws -> HTTPResponse {
        guard let line = message.key else {
            throw ErrorMessage(.missingField, "the field 'key' is missing: an SFTP-only device needs its public key")
        }
        let key = try HubDesk.publicKey(line, field: "key")
        let address = try address()
        // Without the API an administrator is a member.
        try journal.addClient(
            name.text, kind: .sftp, role: role == .readOnly ? .readOnly : .member, publicKey: key.line,
            subtree: subtree, at: clock.now().inSeconds)
        try reload(name.text)
        try writeKeys()
        return .message(
            InviteResponse(
                invite: nil,
                sftp: InviteResponse.Connection(
                    user: address.user, hosts: address.hosts, fingerprint: address.hostKey.fingerprint)))
    }

    private static func publicKey(_ line: String, field: String) throws -> PublicKey {
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
        try journal.createInvite(
            InviteRecord(
                client: name.text, secretHash: sha256(Array(key.secret.utf8)), publicKey: key.publicKey.line,
                role: role, expires: expires.inSeconds, subtree: subtree))
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
        let invite = try journal.openInvite(secretHash: sha256(Array(secret.utf8)), at: now)
        let subtree = try invite.flatMap { try self.subtree(at: message.subtree, within: $0.subtree) }
        let token = Base64.urlText(randomBytes(count: 32))
        let joined = try journal.join(
            secretHash: sha256(Array(secret.utf8)), tokenHash: sha256(Array(token.utf8)), publicKey: key.line,
            subtree: subtree, at: now)
        guard let client = joined else {
            throw ErrorMessage(
                .inviteUsed,
                "this invite was used, has expired or was withdrawn; make a new one with: syncctl invite NAME")
        }
        try makeStaging(client.name)
        // Whoever has the name now may see another part.
        toldOld[client.name] = nil
        try reload(client.name)
        try writeKeys()
        settle()
        return .message(
            JoinResponse(
                client: client.name, token: token, subtree: subtree.map { Escaping.text($0.path.bytes) },
                readOnly: client.role == .readOnly))
    }

    private func makeStaging(_ name: String) throws {
        try HubFile.makeDirectory(layout.staging + "/" + name, mode: 0o700)
    }
}
