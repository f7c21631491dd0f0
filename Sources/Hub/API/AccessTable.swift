internal import ControlAPI

/// Who asks, once the token is known.
enum Caller: Hashable, Sendable {
    /// The hub's own administrator (`admin.token`), who is no client.
    case administrator
    case client(name: String, isAdmin: Bool)

    /// Nil for the administrator.
    var name: String? {
        if case .client(let name, _) = self { name } else { nil }
    }
    var isAdmin: Bool {
        switch self {
        case .administrator: true
        case .client(_, let isAdmin): isAdmin
        }
    }
}

/// Who may do what: the whole table.
enum AccessTable {
    /// What a route needs.
    private enum Right {
        /// The secret of an invite instead of a token.
        case invite
        /// To be a client: the route speaks of the caller's own folder.
        case client
        case anybody
        /// Of itself everybody; of others administrators.
        case oneself
        case administrator(to: String)
    }

    private static func right(_ route: Route) -> Right {
        switch route {
        case .join: .invite
        case .hello, .changes, .snapshot, .commit, .layOut, .staged, .prepare, .extents, .report, .offer, .holds,
            .recipe:
            .client
        case .status, .clients, .unsynced, .why, .wait, .log, .conflicts, .paths, .held: .anybody
        case .pause, .resume, .limit: .oneself
        case .invite: .administrator(to: "invite devices")
        case .revoke: .administrator(to: "revoke devices")
        case .approve, .reject: .administrator(to: "decide about what is held")
        }
    }

    /// Whether only a running agent asks so, after its hello.
    static func isOfSession(_ route: Route) -> Bool {
        if case .client = right(route) { route != .hello } else { false }
    }

    /// Why the caller may not; nil if it may.
    /// - Parameter target: the one client that the request is about; nil for all or none.
    static func refusal(_ route: Route, _ caller: Caller, target: String? = nil) -> ErrorMessage? {
        switch right(route) {
        case .invite, .anybody: nil
        case .client:
            caller.name == nil
                ? ErrorMessage(.forbidden, "only a client can do this; the administrator's token names none") : nil
        case .oneself:
            caller.isAdmin || (target != nil && target == caller.name)
                ? nil : lacking(caller, "pause, resume or limit other clients")
        case .administrator(let action): caller.isAdmin ? nil : lacking(caller, action)
        }
    }

    private static func lacking(_ caller: Caller, _ action: String) -> ErrorMessage {
        ErrorMessage(
            .forbidden,
            "'\(caller.name ?? "")' lacks the right 'admin', which is needed to \(action); ask at the hub, or be invited "
                + "with --admin")
    }
}
