internal import ControlAPI
internal import HTTPServer
internal import Hashing
internal import Journal
import SyncCore

// Pause, resume, revoke: what changes how a client is treated.
extension HubDesk {
    func pause(_ request: HTTPRequest, _ caller: Caller) throws -> HTTPResponse {
        let message = try request.message(ClientRequest.self)
        let names = try targets(message, .pause, caller)
        var until: Int64?
        if let seconds = message.seconds {
            guard seconds > 0, seconds <= 100 * 366 * 86_400 else {
                throw ErrorMessage(.badValue, "the field 'seconds' must be positive, and at most a hundred years")
            }
            // Rounded up: never shorter than asked.
            until = (clock.now() + 999_999_999).inSeconds + seconds
        }
        let at = clock.now().inSeconds
        try journal.transaction { for name in names { try journal.pause(name, until: until, at: at) } }
        return try touched(names)
    }

    func resume(_ request: HTTPRequest, _ caller: Caller) throws -> HTTPResponse {
        let names = try targets(try request.message(ClientRequest.self), .resume, caller)
        try journal.transaction { for name in names { try journal.resume(name) } }
        return try touched(names)
    }

    func limit(_ request: HTTPRequest, _ caller: Caller) throws -> HTTPResponse {
        let message = try request.message(LimitRequest.self)
        if message.up == nil, message.down == nil {
            throw ErrorMessage(.missingField, "give the field 'up' or 'down', such as \"512k\" or \"off\"")
        }
        let up = try message.up.map { try Timetable(wire: $0, field: "up") }
        let down = try message.down.map { try Timetable(wire: $0, field: "down") }
        let names = try targets(ClientRequest(client: message.client, all: message.all == true), .limit, caller)
        if let name = names.first(where: { clients[$0].map(facts)?.hasFolder == false }) {
            throw ErrorMessage(
                .badValue,
                "\(name) uses SFTP alone: nothing on it would hold the limit; set one in its own app, if that has any")
        }
        try journal.transaction {
            for name in names {
                guard let record = clients[name]?.record else { continue }
                try journal.limit(name, up: up ?? record.limitUp, down: down ?? record.limitDown)
            }
        }
        return try touched(names)
    }

    /// Nil for none.
    func limits(of name: String) -> LimitsMessage? {
        clients[name].flatMap { LimitsMessage.unlessOff(up: $0.record.limitUp, down: $0.record.limitDown) }
    }

    /// As a query for changes says them.
    func limitsText(of name: String) -> String { limits(of: name).map(\.queryText) ?? LimitsMessage.noneInQuery }

    private func touched(_ names: [String]) throws -> HTTPResponse {
        for name in names { try reload(name) }
        settle()
        return .message(ClientsTouchedResponse(clients: names))
    }

    private func targets(_ message: ClientRequest, _ route: Route, _ caller: Caller) throws -> [String] {
        let isAll = message.all == true
        if isAll == (message.client != nil) {
            throw ErrorMessage(.missingField, "give either the field 'client' or 'all': true")
        }
        if let refusal = AccessTable.refusal(route, caller, target: message.client) { throw refusal }
        // A phone writes to the share itself: there is nothing to hold it still with.
        if isAll { return clients.values.map(facts).filter(\.hasFolder).map(\.name).sorted() }
        return [try liveClient(message.client ?? "")]
    }

    /// - Throws: when there is no such client, or it was revoked.
    private func liveClient(_ name: String) throws -> String {
        guard let client = clients[name], client.record.revokedAt == nil else { throw unknownClient(name) }
        return name
    }

    func revoke(_ request: HTTPRequest) throws -> HTTPResponse {
        let message = try request.message(ClientRequest.self)
        guard let asked = message.client else { throw ErrorMessage(.missingField, "the field 'client' is missing") }
        let now = clock.now().inSeconds
        // Somebody who was invited and has not come yet is uninvited.
        if clients[asked]?.record.revokedAt != nil || clients[asked] == nil {
            guard try withdrawInvite(of: asked, now) else { throw unknownClient(asked) }
            return .message(ClientsTouchedResponse(clients: [asked]))
        }
        let name = try liveClient(asked)
        let key = clients[name].flatMap { try? PublicKey(line: $0.record.publicKey) }
        if let hash = tokenHashes[name] { revokedTokens.insert(hash) }
        try journal.revoke(name, at: now)
        toldOld[name] = nil
        try reload(name)
        endPolls(of: name, with: HubDesk.revoked)
        endComing { $0.uploader == name }
        coming.remove(reader: name)
        store.closeComing(of: name)
        settle()
        try writeKeys()
        if let key {
            // Looks at every process: not on this thread.
            let keys = keys
            helpers.run { keys.endSessions(of: key) }
        }
        return .message(ClientsTouchedResponse(clients: [name]))
    }

    private func withdrawInvite(of name: String, _ now: Int64) throws -> Bool {
        guard let invite = try journal.openInvites(at: now).first(where: { $0.client == name }) else { return false }
        // The journal knows no withdrawal: an invite that is over already takes its place.
        try journal.createInvite(
            InviteRecord(
                client: name, secretHash: randomBytes(count: 32), publicKey: invite.publicKey, role: invite.role,
                expires: 0))
        try writeKeys()
        return true
    }

    /// Tells the gate who may come in: all clients that are not revoked, and open invites.
    func writeKeys() throws {
        var parts: [String: SharePart] = [:]
        let clients = try journal.clients().filter { $0.revokedAt == nil }.compactMap { client -> AuthorizedKey? in
            guard let name = try? ClientName(client.name), let key = try? PublicKey(line: client.publicKey) else {
                return nil
            }
            let reach = self.reach(of: client)
            parts[client.name] = reach.part
            return AuthorizedKey(client: name, key: key, access: client.kind == .agent ? .agent : .sftp, reach: reach)
        }
        let invites = try journal.openInvites(at: clock.now().inSeconds).compactMap { invite -> AuthorizedKey? in
            guard let name = try? ClientName(invite.client), let key = try? PublicKey(line: invite.publicKey) else {
                return nil
            }
            return AuthorizedKey(client: name, key: key, access: .invite(expires: invite.expires))
        }
        try keys.rewrite(clients + invites)
        keyParts = parts
    }
}
