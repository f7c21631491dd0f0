internal import ControlAPI
import Dispatch
import Glibc
internal import Engine
internal import HTTPServer
internal import Processes
internal import SyncCore
internal import Transport

/// What `syncctl --home` talks to: passes requests on to the hub, and answers by itself what it can while the hub is
/// away.
final class LocalAPI: Sendable {
    private let worker: FolderWorker
    private let state: AgentState
    private let layout: AgentLayout
    private let configuration: AgentConfiguration
    private let server: Monitor<HTTPServer?> = Monitor(nil)
    /// Requests wait for the hub, some for long.
    private let queue = DispatchQueue(label: "local-api", attributes: .concurrent)

    init(worker: FolderWorker, state: AgentState, layout: AgentLayout, configuration: AgentConfiguration) {
        self.worker = worker
        self.state = state
        self.layout = layout
        self.configuration = configuration
    }

    func start() throws {
        let server = try HTTPServer(.unix(path: socketPath)) { [self] request, responder in
            queue.async { responder.respond(self.answer(request)) }
        }
        self.server.withLock { $0 = server }
    }

    func stop() { server.withLock { $0.take() }?.stop() }

    /// A socket's path has at most 107 bytes; a longer one is reached through a handle of its directory.
    private var socketPath: String {
        if layout.socket.utf8.count <= 107 { return layout.socket }
        let directory = open(layout.home, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        return directory < 0 ? layout.socket : "/proc/self/fd/\(directory)/agent.sock"
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        let route: Route
        switch Route.find(method: request.method, path: request.path) {
        case .failure(let error): return refuse(error)
        case .success(let found): route = found
        }
        switch route {
        case .join, .hello, .rotate, .changes, .commit, .report:
            return refuse(ErrorMessage(.forbidden, "this is between the agent and the hub"))
        case .paths: return .json(WireFormat.encode(paths()))
        case .unsynced: return fromHub(request) { _ in unsynced(request) }
        case .why: return explained(request)
        default: return fromHub(request, orElse: refuse)
        }
    }

    /// The hub's answer; while the hub is away, or goes away when it is asked, another one.
    private func fromHub(_ request: HTTPRequest, orElse: (ErrorMessage) -> HTTPResponse) -> HTTPResponse {
        guard let hub = state.connection else { return orElse(hubAway) }
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        do throws(HubError) {
            let answer = try hub.forward(
                request.method, request.path + (query.isEmpty ? "" : "?\(query)"), request.body)
            return .json(status: answer.status, answer.body)
        } catch {
            return orElse(ErrorMessage(.hubAway, "the hub went away while it was asked: \(error)"))
        }
    }

    private var hubAway: ErrorMessage {
        if let refusal = state.refusal {
            return ErrorMessage(.hubAway, "the hub does not let this machine in: \(refusal)")
        }
        let since = state.away.map { " since \(Timestamp.text($0.since * 1_000_000_000)) (\($0.reason))" } ?? ""
        return ErrorMessage(
            .hubAway,
            "the hub is away\(since); the agent goes on watching \(configuration.folder) and catches up by itself")
    }

    private func refuse(_ error: ErrorMessage) -> HTTPResponse {
        .json(status: error.code.status, WireFormat.encode(error))
    }

    // MARK: - Answered here

    private func paths() -> PathsResponse {
        var paths = [
            PathsResponse.Entry(what: "folder", path: configuration.folder),
            PathsResponse.Entry(what: "home", path: layout.home),
            PathsResponse.Entry(what: "configuration", path: layout.configuration),
            PathsResponse.Entry(what: "index", path: layout.index),
            PathsResponse.Entry(what: "key", path: layout.key),
        ]
        // Paths below the folder are paths below this one in the share.
        if let root { paths.append(PathsResponse.Entry(what: "subtree", path: root)) }
        if let hub = state.connection { paths.append(PathsResponse.Entry(what: "hub", path: hub.hello.hub)) }
        return PathsResponse(paths: paths)
    }

    /// Where the folder lies below the share, as far as it is known; nil for the share itself.
    private var root: String? { state.connection.map(\.root) ?? configuration.subtree }

    /// With paths as the share has them.
    private func pending() -> [Pending] {
        let above = root.flatMap { try? wirePath($0) } ?? .top
        let pending = (try? worker.perform { try $0.pending(limit: 10_000) }) ?? []
        return pending.map { item in
            var item = item
            item.path = above.appending(item.path)
            return item
        }
    }

    private var waits: WaitsHere {
        let cause = try? worker.perform { try $0.index.mergeCause }
        return WaitsHere(
            pause: state.pause, away: state.away, isRefused: state.refusal != nil, merging: cause?.sentence)
    }

    private func unsynced(_ request: HTTPRequest) -> HTTPResponse {
        if let name = request.query("client"), name != configuration.client { return refuse(hubAway) }
        let waits = self.waits
        return .json(WireFormat.encode(pending().filter { !$0.isElsewhereOnly }.map { message($0, waits) }))
    }

    private func message(_ item: Pending, _ waits: WaitsHere) -> UnsyncedMessage {
        UnsyncedMessage(
            client: configuration.client, path: Escaping.text(item.path.bytes),
            pathB64: Escaping.isPlain(item.path.bytes) ? nil : Base64.text(item.path.bytes),
            direction: item.isUp ? .up : .down, bytes: item.bytes, reason: waits.reason(of: item))
    }

    /// The hub's answer; of what it does not know, this machine's, if rules keep it back here.
    private func explained(_ request: HTTPRequest) -> HTTPResponse {
        let answer = fromHub(request) { _ in why(request) }
        guard answer.status == ErrorCode.unknownPath.status,
            let text = try? WireFormat.decode(PathRequest.self, from: request.body).path,
            let path = try? wirePath(text),
            let rule = try? rule(for: path)
        else { return answer }
        return .json(WireFormat.encode(ignored(path, rule)))
    }

    /// - Parameter path: as the share has it.
    private func rule(for path: RelativePath) throws -> String? {
        guard let here = path.below(root.flatMap { try? wirePath($0) } ?? .top) else { return nil }
        return try worker.perform { folder in
            let isDirectory = try folder.tree.status(of: here)?.kind == .node(.directory)
            return try folder.ignoring(at: here, isDirectory: isDirectory)?.description ?? folder.unreadRules(for: here)
        }
    }

    private func ignored(_ path: RelativePath, _ rule: String) -> WhyResponse {
        WhyResponse(
            path: path.description, synced: false, sentence: "\(path): \(rule) on \(configuration.client).",
            clients: [WhyResponse.OnClient(client: configuration.client, synced: false, reason: rule)])
    }

    /// Why nothing goes on here, whatever the hub does; nil while it may.
    private func blocked() throws -> String? {
        try worker.perform { _ in worker.absence }.map { "blocked: \($0)" }
            ?? state.pause?.blocked.map { "blocked: \($0)" }
    }

    private func why(_ request: HTTPRequest) -> HTTPResponse {
        do {
            let path = try wirePath(WireFormat.decode(PathRequest.self, from: request.body).path)
            let all = pending()
            let item = all.first { $0.path == path } ?? all.first { path.contains($0.path) }
            let below = path.below(root.flatMap { try? wirePath($0) } ?? .top)
            let isHere = try below.map { below in try worker.perform { try $0.index.entry(at: below) != nil } } ?? false
            if item == nil, let rule = try rule(for: path) { return .json(WireFormat.encode(ignored(path, rule))) }
            if !isHere, item == nil, let blocked = try blocked() {
                let sentence = "\(path): what lies here is not known: \(blocked). \(hubAway.message)."
                return .json(
                    WireFormat.encode(
                        WhyResponse(
                            path: path.description, synced: false, sentence: sentence,
                            clients: [
                                WhyResponse.OnClient(client: configuration.client, synced: false, reason: blocked)
                            ])))
            }
            guard isHere || item != nil else {
                return refuse(ErrorMessage(.unknownPath, "there is nothing at \(path) here, and the hub is away"))
            }
            let reason = waits.answer(item, at: path)
            return .json(
                WireFormat.encode(
                    WhyResponse(
                        path: path.description, synced: false, sentence: "\(path): \(reason). \(hubAway.message).",
                        clients: [
                            WhyResponse.OnClient(client: configuration.client, synced: item == nil, reason: reason)
                        ])))
        } catch let error as WireError {
            return refuse(ErrorMessage(error))
        } catch {
            return refuse(ErrorMessage(.internalError, "\(error)"))
        }
    }
}

extension RelativePath {
    /// What is left of it below another path; nil if it is elsewhere.
    fileprivate func below(_ above: RelativePath) -> RelativePath? {
        above.contains(self) ? RelativePath(Array(names.dropFirst(above.names.count))) : nil
    }
}
