import ControlAPI
import HTTPClient
@testable import Hub
import Hashing
import SyncCore

/// The API of a hub that another process runs, as its administrator and as devices that join.
struct ServiceAPI {
    let layout: HubLayout
    let port: UInt16

    func post<Answer: Decodable>(_ path: String, _ message: some Encodable, token: String? = nil, as type: Answer.Type)
        throws
        -> Answer
    {
        let admin = try HubFile.read(layout.adminToken)?.prefix { !$0.isNewline } ?? ""
        let reply = try HTTPConnection(.tcp(host: "127.0.0.1", port: port)).send(
            HTTPCall(
                "POST", path, headers: ["Authorization": "Bearer \(token ?? String(admin))"],
                body: WireFormat.encode(message), timeout: 20))
        guard reply.status == 200 else { throw try WireFormat.decode(ErrorMessage.self, from: reply.body) }
        return try WireFormat.decode(type, from: reply.body)
    }

    func invite(_ name: String, valid: Int? = nil, readOnly: Bool = false, subtree: String? = nil) throws
        -> InviteMessage
    {
        guard
            let invite = try post(
                "/v1/invite", InviteRequest(client: name, readOnly: readOnly, valid: valid, subtree: subtree),
                as: InviteResponse.self
            )
            .invite
        else { throw ServiceHub.Failure("no invite") }
        return invite
    }

    /// A phone.
    func admit(_ name: String, key: PublicKey, readOnly: Bool = false, subtree: String? = nil) throws {
        _ = try post(
            "/v1/invite",
            InviteRequest(client: name, readOnly: readOnly, sftpOnly: true, key: key.line, subtree: subtree),
            as: InviteResponse.self)
    }

    /// - Returns: the token.
    func join(_ invite: InviteMessage, key: PublicKey) throws -> String {
        let secret = sha256(Array("synchub-invite\n\(invite.key)".utf8)).map(Escaping.hex).joined()
        return try post("/v1/join", JoinRequest(publicKey: key.line), token: secret, as: JoinResponse.self).token
    }

    func hello(_ name: String, token: String) throws {
        _ = try post(
            "/v1/hello", HelloRequest(version: "1", generation: "\(name)-1"), token: token, as: HelloResponse.self)
    }

    func revoke(_ name: String) throws {
        _ = try post("/v1/revoke", ClientRequest(client: name), as: ClientsTouchedResponse.self)
    }
}
