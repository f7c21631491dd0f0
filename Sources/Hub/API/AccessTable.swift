internal import ControlAPI

/// Who asks, once the token is known.
enum Caller: Hashable, Sendable {
    /// The hub's own administrator (`admin.token`), who is no client.
    case administrator
    /// What is read-only is no administrator.
    case client(name: String, isAdmin: Bool, isReadOnly: Bool = false)

    /// Nil for the administrator.
    var name: String? {
        if case .client(let name, _, _) = self { name } else { nil }
    }
    var isAdmin: Bool {
        switch self {
        case .administrator: true
        case .client(_, let isAdmin, let isReadOnly): isAdmin && !isReadOnly
        }
    }
    var isReadOnly: Bool {
        if case .client(_, _, let isReadOnly) = self { isReadOnly } else { false }
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
        /// To be one that may change the share.
        case writer
        case anybody
        /// Of itself everybody; of others administrators.
        case oneself
        case administrator(to: String)
    }

    private static func right(_ route: Route) -> Right {
        switch route {
        case .join: .invite
        case .hello, .rotate, .changes, .snapshot, .layOut, .staged, .extents, .report, .holds, .recipe: .client
        case .commit, .prepare, .offer: .writer
        case .openAPI, .status, .clients, .unsynced, .why, .wait, .log, .history, .conflicts, .paths, .held: .anybody
        case .pause, .resume, .limit: .oneself
        case .invite: .administrator(to: "invite devices")
        case .revoke: .administrator(to: "revoke devices")
        case .approve, .reject: .administrator(to: "decide about what is held")
        }
    }

    /// Whether only a running agent asks so, after its hello.
    static func isOfSession(_ route: Route) -> Bool {
        switch right(route) {
        case .client: route != .hello && route != .rotate
        case .writer: true
        case .invite, .anybody, .oneself, .administrator: false
        }
    }

    /// Why the caller may not; nil if it may.
    /// - Parameter target: the one client that the request is about; nil for all or none.
    static func refusal(_ route: Route, _ caller: Caller, target: String? = nil) -> ErrorMessage? {
        switch right(route) {
        case .invite, .anybody: nil
        case .client: notAClient(caller)
        case .writer: notAClient(caller) ?? (caller.isReadOnly ? readOnly(caller) : nil)
        case .oneself:
            caller.isAdmin || (target != nil && target == caller.name)
                ? nil : lacking(caller, "pause, resume or limit other clients")
        case .administrator(let action): caller.isAdmin ? nil : lacking(caller, action)
        }
    }

    private static func notAClient(_ caller: Caller) -> ErrorMessage? {
        caller.name == nil
            ? ErrorMessage(.forbidden, "only a client can do this; the administrator's token names none") : nil
    }

    private static func readOnly(_ caller: Caller) -> ErrorMessage {
        ErrorMessage(
            .forbidden,
            "'\(caller.name ?? "")' lacks the right 'member', which is needed to change the share: it was invited with "
                + "--read-only and receives only. On it set mode: \"receive-only\" in agent.json5, or have it invited anew"
        )
    }

    private static func lacking(_ caller: Caller, _ action: String) -> ErrorMessage {
        ErrorMessage(
            .forbidden,
            "'\(caller.name ?? "")' lacks the right 'admin', which is needed to \(action); ask at the hub, or be invited "
                + "with --admin")
    }
}
