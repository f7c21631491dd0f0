import Arguments
import ControlAPI

/// Carries one request to the control API and shows the answer. Used by one thread, which it may block.
struct Runner {
    let calls: any Calls
    let output: any Output
    let asJSON: Bool
    let paths: SharePaths

    func run(_ request: Request) throws(Failure) -> ExitCode {
        switch request {
        case .status: try show(try calls.get(.status) as StatusResponse)
        case .clients: try show(try calls.get(.clients) as [ClientMessage])
        case .unsynced(nil): try show(try calls.get(.unsynced) as [UnsyncedMessage])
        case .unsynced(let name?): try show(try calls.get(.unsynced, ["client": name]) as [UnsyncedMessage])
        case .why(let path): try why(path)
        case .log(let request): try log(request)
        case .history(let path, let limit): try history(path, limit)
        case .conflicts: try show(try calls.get(.conflicts) as [ConflictMessage])
        case .held: try show(try calls.get(.held) as [HeldMessage])
        case .decide(let id, let isApproved):
            let answer: HeldResponse = try calls.post(isApproved ? .approve : .reject, HeldRequest(id: id))
            try show(Decided(answer: answer, isApproved: isApproved))
        case .paths: try show(try calls.get(.paths) as PathsResponse)
        case .invite(let invitation): try invite(invitation)
        case .revoke, .pause, .resume: try steer(request)
        case .limit(let chosen, let up, let down): try limit(chosen, up, down)
        case .wait(let request): return try wait(request)
        }
        return .done
    }

    /// The two renderings of one value.
    func show(_ value: some Readable) throws(Failure) {
        try output.result(asJSON ? value.json : value.text(output.appearance))
    }

    private func why(_ path: [UInt8]) throws(Failure) {
        try show(try calls.post(.why, PathRequest(path: try paths.wirePath(path, calls))) as WhyResponse)
    }

    private func history(_ path: [UInt8], _ limit: Int64) throws(Failure) {
        let request = HistoryRequest(path: try paths.wirePath(path, calls), limit: Int(limit))
        try show(try calls.post(.history, request) as [HistoryMessage])
    }

    private func steer(_ request: Request) throws(Failure) {
        switch request {
        case .revoke(let name):
            try touch(.revoke, ClientRequest(client: name), .revoked)
        case .pause(.one(let name), let seconds):
            try touch(.pause, ClientRequest(client: name, seconds: seconds), .paused(seconds: seconds))
        case .pause(.all, let seconds):
            try touch(.pause, ClientRequest(client: nil, all: true, seconds: seconds), .paused(seconds: seconds))
        case .resume(.one(let name)):
            try touch(.resume, ClientRequest(client: name), .resumed)
        case .resume(.all):
            try touch(.resume, ClientRequest(client: nil, all: true), .resumed)
        default: preconditionFailure("\(request) steers nothing")
        }
    }

    private func limit(_ chosen: Request.Chosen, _ up: String?, _ down: String?) throws(Failure) {
        let message =
            switch chosen {
            case .one(let name): LimitRequest(client: name, up: up, down: down)
            case .all: LimitRequest(client: nil, all: true, up: up, down: down)
            }
        let answer: ClientsTouchedResponse = try calls.post(.limit, message)
        try show(Touched(deed: .limited(up: up, down: down), clients: answer.clients))
    }

    private func touch(_ route: Route, _ message: ClientRequest, _ deed: Touched.Deed) throws(Failure) {
        let answer: ClientsTouchedResponse = try calls.post(route, message)
        try show(Touched(deed: deed, clients: answer.clients))
    }
}
