/// Every route of the API: method and path, matched raw (no percent-decoding). Names travel in JSON bodies; queries hold numbers,
/// epochs and client names only.
package enum Route: String, CaseIterable, Sendable {
    // Agents.
    case join = "POST /v1/join"
    case hello = "POST /v1/hello"
    case rotate = "POST /v1/rotate"
    case changes = "GET /v1/changes"
    case snapshot = "GET /v1/snapshot"
    case commit = "POST /v1/commit"
    case layOut = "POST /v1/layout"
    case staged = "POST /v1/staged"
    case prepare = "POST /v1/prepare"
    case extents = "POST /v1/extents"
    case report = "POST /v1/report"
    case offer = "POST /v1/offer"
    case holds = "POST /v1/holds"
    case recipe = "POST /v1/recipe"
    // Whoever wants to know what there is.
    case openAPI = "GET /v1/openapi"
    // syncctl, at the hub or through an agent.
    case status = "GET /v1/status"
    case clients = "GET /v1/clients"
    case unsynced = "GET /v1/unsynced"
    case why = "POST /v1/why"
    case wait = "POST /v1/wait"
    case log = "GET /v1/log"
    case history = "POST /v1/history"
    case conflicts = "GET /v1/conflicts"
    case paths = "GET /v1/paths"
    case invite = "POST /v1/invite"
    case revoke = "POST /v1/revoke"
    case pause = "POST /v1/pause"
    case resume = "POST /v1/resume"
    case limit = "POST /v1/limit"
    case held = "GET /v1/held"
    case approve = "POST /v1/approve"
    case reject = "POST /v1/reject"

    /// `GET` or `POST`.
    package var method: String { String(rawValue.prefix { $0 != " " }) }
    /// Raw, without a query.
    package var path: String { String(rawValue.drop { $0 != " " }.dropFirst()) }

    /// Which methods a path takes; none if there is nothing.
    package static func methods(at path: String) -> [String] { allCases.filter { $0.path == path }.map(\.method) }

    /// The route, or why there is none.
    package static func find(method: String, path: String) -> Result<Route, ErrorMessage> {
        let there = allCases.filter { $0.path == path }
        if let route = there.first(where: { $0.method == method }) { return .success(route) }
        if there.isEmpty {
            return .failure(ErrorMessage(.unknownRoute, "there is nothing at this path; the API begins at /v1/"))
        }
        let allowed = methods(at: path).joined(separator: ", ")
        return .failure(ErrorMessage(.wrongMethod, "this path takes \(allowed), not \(method)"))
    }
}

/// What went wrong, as a word that programs can rely on, with its HTTP status.
package enum ErrorCode: String, Codable, Sendable, CaseIterable {
    case badRequest = "bad_request"
    case badJSON = "bad_json"
    case missingField = "missing_field"
    case badValue = "bad_value"
    case badName = "bad_name"
    case baseFromTheFuture = "base_from_the_future"
    case unauthorized
    case forbidden
    case revoked
    case unknownRoute = "unknown_route"
    case wrongMethod = "wrong_method"
    case unknownClient = "unknown_client"
    case unknownPath = "unknown_path"
    case unknownBatch = "unknown_batch"
    case clientExists = "client_exists"
    case inviteUsed = "invite_used"
    case paused
    case otherMachine = "other_machine"
    case otherEpoch = "other_epoch"
    case snapshotNeeded = "snapshot_needed"
    case indexSetBack = "index_set_back"
    case tooLarge = "too_large"
    case tooMany = "too_many"
    case contentMissing = "content_missing"
    case busy
    case noSpace = "no_space"
    case readOnly = "read_only"
    case shareAway = "share_away"
    case hubAway = "hub_away"
    case internalError = "internal_error"

    /// The HTTP status that it travels with.
    package var status: Int {
        switch self {
        case .badRequest, .badJSON, .missingField, .badValue, .badName: 400
        case .unauthorized: 401
        case .forbidden, .revoked: 403
        case .unknownRoute, .unknownClient, .unknownPath, .unknownBatch: 404
        case .wrongMethod: 405
        case .baseFromTheFuture, .clientExists, .paused, .otherMachine, .otherEpoch, .snapshotNeeded, .indexSetBack,
            .contentMissing, .busy:
            409
        case .inviteUsed: 410
        case .tooLarge: 413
        case .tooMany: 429
        case .internalError: 500
        case .hubAway, .shareAway, .readOnly: 503
        case .noSpace: 507
        }
    }
}

/// Every answer that is not a success: `{"error":{"code","message"}}`.
package struct ErrorMessage: Codable, Hashable, Sendable, Error, CustomStringConvertible {
    /// What stands under `error`.
    package struct Body: Codable, Hashable, Sendable {
        /// For programs.
        package var code: ErrorCode
        /// A sentence with a next step, for people.
        package var message: String
    }
    /// The only field, so that an error cannot be taken for another message.
    package var error: Body

    package init(_ code: ErrorCode, _ message: String) {
        error = Body(code: code, message: message)
    }

    /// A body that could not be understood.
    package init(_ error: WireError) {
        let code: ErrorCode =
            switch error {
            case .notJSON: .badJSON
            case .missingField: .missingField
            case .wrongType: .badValue
            case .badValue(let field, _): field.hasSuffix("name") || field == "path" ? .badName : .badValue
            }
        self.init(code, "\(error)")
    }

    /// For programs.
    package var code: ErrorCode { error.code }
    /// A sentence with a next step, for people.
    package var message: String { error.message }
    package var description: String { message }
}
