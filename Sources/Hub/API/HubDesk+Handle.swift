internal import ControlAPI
internal import FileTree
internal import HTTPServer
internal import Hashing
internal import Journal
import SyncCore

extension HubDesk {
    /// One request: its route, who asks, whether that is allowed, and then the handler of the route.
    func handle(_ request: HTTPRequest, _ responder: HTTPResponder) {
        answerOrRefuse(responder) {
            if self.isStopped { throw HubDesk.stopping }
            let route: Route
            switch Route.find(method: request.method, path: request.path) {
            case .success(let found): route = found
            case .failure(let error): return .refusal(error, allowed: Route.methods(at: request.path))
            }
            if request.body.count > self.settings.bodyLimit {
                throw ErrorMessage(.tooLarge, "a body has at most \(self.settings.bodyLimit) bytes; send it in parts")
            }
            if route == .join || route == .hello { self.endInvites() }
            if route == .join { return try self.join(request) }
            let caller = try self.authenticate(request)
            if let name = caller.name, route != .hello, self.isUnproven(name) { throw HubDesk.helloFirst }
            // A hello that is refused is not the client's that is there.
            if let name = caller.name, !request.onlyLooks, route != .hello {
                self.heard(name)
                if AccessTable.isOfSession(route) {
                    self.clients[name]?.sessionHeard = self.clock.uptime()
                    self.checkQuota(of: name)
                }
            }
            return try self.answer(route, caller, request, responder)
        }
    }

    /// - Returns: nil when the answer comes later.
    private func answer(
        _ route: Route, _ caller: Caller, _ request: HTTPRequest, _ responder: HTTPResponder
    ) throws -> HTTPResponse? {
        if ![Route.pause, .resume, .limit].contains(route), let refusal = AccessTable.refusal(route, caller) {
            throw refusal
        }
        switch route {
        case .join: return try join(request)
        case .hello: return try hello(request, name(caller))
        case .rotate: return try rotate(request, name(caller))
        case .changes: return try holdChanges(request, caller, responder)
        case .snapshot: return try snapshot(request, name(caller))
        case .commit: return try startCommit(request, name(caller), responder)
        case .layOut: return try layOut(request, name(caller), responder)
        case .extents: return try extents(request, name(caller), responder)
        case .staged: return try staged(request, name(caller), responder)
        case .prepare: return try prepare(request, name(caller), responder)
        case .report: return try takeReport(request, name(caller))
        case .openAPI: return .json(APIDescription.json)
        case .status: return .message(try status(sight(of: caller)))
        case .clients: return .message(try clientList(sight(of: caller)))
        case .unsynced: return .message(try unsynced(of: request.query("client"), sight(of: caller)))
        case .why: return .message(try why(try request.message(PathRequest.self), sight(of: caller)))
        case .wait: return try holdWait(request, caller, responder)
        case .log: return try holdLog(request, caller, responder)
        case .history: return .message(try history(request, sight(of: caller)))
        case .conflicts: return .message(try conflicts(sight(of: caller)))
        case .paths: return .message(paths(try sight(of: caller)))
        case .invite: return try invite(request, responder)
        case .revoke: return try revoke(request, caller, responder)
        case .pause: return try pause(request, caller)
        case .resume: return try resume(request, caller)
        case .limit: return try limit(request, caller)
        case .offer: return try takeOffer(request, name(caller), responder)
        case .holds: return .message(try holds(try request.message(HoldsMessage.self), name(caller)))
        case .recipe: return try answerRecipe(request, name(caller), responder)
        case .held: return .message(try heldList(sight(of: caller)))
        case .approve: return try decide(request, isApproved: true)
        case .reject: return try decide(request, isApproved: false)
        }
    }

    private func name(_ caller: Caller) throws -> String {
        guard let name = caller.name else { throw ErrorMessage(.forbidden, "only a client can do this") }
        return name
    }

    private func authenticate(_ request: HTTPRequest) throws -> Caller {
        // Nothing tells whether the token was missing, malformed or unknown.
        guard let token = request.bearerToken else { throw HubDesk.unauthorized }
        let hash = sha256(Array(token.utf8))
        if isSameSecret(hash, adminTokenHash) { return .administrator }
        if revokedTokens.contains(hash) { throw HubDesk.revoked }
        guard let client = try journal.client(tokenHash: hash) else { throw HubDesk.unauthorized }
        if gate.leaving[client.name] != nil { throw HubDesk.revoked }
        if !request.onlyLooks { noteRotation(of: client.name, by: hash) }
        return .client(
            name: client.name, isAdmin: client.role == .admin, isReadOnly: client.role == .readOnly)
    }

    static let unauthorized = ErrorMessage(.unauthorized, "this needs a valid token: Authorization: Bearer TOKEN")
    static let revoked = ErrorMessage(
        .revoked, "this device was revoked at the hub; to come back it needs a new invite (syncctl invite NAME)")

    // MARK: - Answers

    /// Answers with what `body` gives, or with why it failed; nil is answered later.
    func answerOrRefuse(_ responder: HTTPResponder, _ body: () throws -> HTTPResponse?) {
        do {
            if let response = try body() { responder.respond(response) }
        } catch {
            responder.respond(.refusal(HubDesk.refusal(for: error)))
        }
    }

    /// Any error as the API tells it. What is not the client's doing is logged.
    static func refusal(for error: any Error) -> ErrorMessage {
        switch error {
        case let error as ErrorMessage: return error
        case let error as WireError: return ErrorMessage(error)
        case let error as InvalidOperation: return ErrorMessage(code(of: error), "\(error)")
        case let error as FileTreeError where error.reason == .noSpace: return noSpace
        case let error as FileTreeError where error.reason == .readOnly: return readOnly
        case let error where isDiskReadOnly(error): return readOnly
        case let error as JournalError:
            if let code = code(of: error) { return ErrorMessage(code, "\(error)") }
        default: break
        }
        hubLog.error("request_failed", ["reason": "\(error)"])
        if isDiskFull(error) { return noSpace }
        // What it is may name what lies on the hub's machine: who asks may be one who sees a part.
        return ErrorMessage(.internalError, "the hub failed; its log says why (request_failed)")
    }

    private static let noSpace = ErrorMessage(
        .noSpace, "the hub's disk is full; nothing was changed. Make room there, and it goes on by itself")

    private static let readOnly = ErrorMessage(.readOnly, "\(diskIsReadOnly); nothing was changed")

    /// In `status`, and as the reason of what clients have to send.
    static let diskIsReadOnly =
        "the hub's disk is read-only, as Linux makes it after an error (see dmesg there): repair it, mount it for writing, and "
        + "start the hub anew"

    /// Before anything is acknowledged: see ``Journal/takesWrites``.
    /// - Parameter event: for the log.
    func checkTakesWrites(_ event: String) throws(ErrorMessage) {
        if journal.takesWrites { return }
        hubLog.error(event, ["reason": HubDesk.diskIsReadOnly])
        throw ErrorMessage(.readOnly, HubDesk.diskIsReadOnly)
    }

    private static func code(of error: InvalidOperation) -> ErrorCode {
        switch error {
        case .baseFromTheFuture: .baseFromTheFuture
        case .reservedName: .badName
        case .kindChanged, .root, .notADirectory: .badValue
        }
    }

    private static func code(of error: JournalError) -> ErrorCode? {
        switch error {
        case .acknowledgedBefore, .otherOperation: .indexSetBack
        case .mixedGenerations: .badRequest
        case .clientExists, .keyInUse, .stillHeld: .clientExists
        case .noSuchClient: .unknownClient
        case .noSuchBatch: .unknownBatch
        case .cursorFromTheFuture: .baseFromTheFuture
        case .damaged: nil
        }
    }
}
