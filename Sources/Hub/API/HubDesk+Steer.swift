internal import ControlAPI
internal import HTTPServer
internal import Journal
import SyncCore

// Pause, resume, limit: what changes how a client is treated.
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
        // Who may not is told that, whatever else is wrong.
        let names = try targets(ClientRequest(client: message.client, all: message.all == true), .limit, caller)
        if message.up == nil, message.down == nil {
            throw ErrorMessage(.missingField, "give the field 'up' or 'down', such as \"512k\" or \"off\"")
        }
        let up = try message.up.map { try Timetable(wire: $0, field: "up") }
        let down = try message.down.map { try Timetable(wire: $0, field: "down") }
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
}
