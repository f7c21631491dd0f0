import ControlAPI
import Glibc
import HTTPClient
import HTTPServer
import Hashing
import Journal
import Processes
import SyncCore
import TestSupport

@testable import Hub

/// A key file that only remembers what it was told.
final class RememberedKeys: KeyKeeper {
    /// The disk is full.
    struct NoRoom: Error {}
    private struct State {
        var keys: [AuthorizedKey] = []
        var isFull = false
        var left = 0
        var ended: [PublicKey] = []
        /// Each time that sessions of unlisted keys were to end: what was listed, and whether strangers were meant too.
        var endings: [(listed: [PublicKey], strangers: Bool)] = []
    }
    private let state = Monitor(State())
    /// The last list, whether it could be written or not.
    var keys: [AuthorizedKey] { state.withLock { $0.keys } }
    func access(of client: String) -> [AuthorizedKey.Access] { keys.filter { $0.client.text == client }.map(\.access) }
    /// Whether nothing can be written.
    func fill(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }
    /// How many processes do not end.
    func leave(_ count: Int) { state.withLock { $0.left = count } }

    func rewrite(_ keys: [AuthorizedKey]) throws {
        let isFull = state.withLock { state in
            state.keys = keys
            return state.isFull
        }
        if isFull { throw NoRoom() }
    }
    func endSessions(of key: PublicKey) { state.withLock { $0.ended.append(key) } }
    func endUnlisted(strangers: Bool) -> Int {
        state.withLock { state in
            state.endings.append((state.keys.map(\.key), strangers))
            return state.left
        }
    }

    /// How often sessions of unlisted keys were ended, and of strangers too.
    var endings: Int { state.withLock { $0.endings.count { $0.strangers } } }

    /// Waits until the sessions of a key were ended.
    func waitForEnd(of key: PublicKey) -> Bool {
        state.wait(timeout: .seconds(10)) { state in
            state.ended.contains(key) || state.endings.contains { !$0.listed.contains(key) } ? true : nil
        } ?? false
    }
}

/// A calendar that a test moves, and a time that passes without anybody waiting for it.
final class MovedClock: Sendable {
    private let ahead = Monitor<(calendar: Nanoseconds, uptime: Nanoseconds)>((0, 0))
    /// Somebody sets the calendar; uptime goes on as it does.
    func move(by seconds: Int) { ahead.withLock { $0.calendar += .seconds(seconds) } }
    /// The hub runs for so long.
    func pass(_ seconds: Int) {
        ahead.withLock { $0 = ($0.calendar + .seconds(seconds), $0.uptime + .seconds(seconds)) }
    }
    var clock: HubClock {
        HubClock(
            now: { [ahead] in HubClock.system.now() + ahead.withLock { $0.calendar } },
            uptime: { [ahead] in HubClock.system.uptime() + ahead.withLock { $0.uptime } })
    }
}

/// What a request on a thread of its own gave.
final class Later<Value: Sendable>: Sendable {
    private let state = Monitor<Value?>(nil)
    init(_ body: @escaping @Sendable () -> Value) {
        startThread("test") { [state] in
            let value = body()
            state.withLock { $0 = value }
        }
    }
    /// Within 20 s.
    func value() -> Value? { state.wait(timeout: .seconds(20)) { $0 } }
    var isDone: Bool { state.withLock { $0 != nil } }
}

/// A real hub core behind a real server, in a directory of its own.
final class HubFixture {
    let directory: TemporaryDirectory
    let keys = RememberedKeys()
    let layout: HubLayout
    private(set) var core: HubCore
    private var server: HTTPServer
    static let adminToken = "admin-token"
    static let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + String(repeating: "A", count: 43)
    static func otherKey(_ letter: Character) -> String {
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + String(repeating: letter, count: 43)
    }

    /// Each client's own.
    static func key(of client: String) -> String {
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA" + Base64.unpadded(sha256(Array(client.utf8))).dropFirst()
    }

    private var settings: HubCoreSettings

    init(
        below parent: String? = nil, settings: HubCoreSettings = HubCoreSettings(), clock: HubClock = .system,
        prepare: (HubFixture.Root) throws -> Void = { _ in }
    ) throws {
        directory = TemporaryDirectory(below: parent)
        self.settings = settings
        layout = HubLayout(root: directory.path)
        for name in ["share", "staging", "versions", ".synchub"] { directory.makeDirectory(name) }
        directory.write(HubFixture.adminToken + "\n", to: "admin.token")
        try ShareMarker.make(in: layout.share)
        try prepare(Root(directory: directory, layout: layout))
        (core, server) = try HubFixture.start(layout, keys, settings, clock)
    }

    struct Root {
        let directory: TemporaryDirectory
        let layout: HubLayout
    }

    private static func start(
        _ layout: HubLayout, _ keys: RememberedKeys, _ settings: HubCoreSettings, _ clock: HubClock
    ) throws -> (
        HubCore, HTTPServer
    ) {
        let core = try HubCore(layout: layout, name: "pi", settings: settings, clock: clock, keys: keys) {
            HubAddress(
                hosts: [InviteMessage.Host(host: "pi.local", port: 2222)], user: "sync",
                hostKey: try PublicKey(line: HubFixture.key), apiPort: 8080)
        }
        return (core, try core.serve(port: 0))
    }

    /// - Parameter meanwhile: what happens while it is down.
    func restart(
        clock: HubClock = .system, protect: ProtectSetting? = nil, meanwhile body: () throws -> Void = {}
    ) throws {
        server.stop()
        core.stop()
        try body()
        if let protect { settings.protect = protect }
        (core, server) = try HubFixture.start(layout, keys, settings, clock)
    }

    /// What lies in a directory of the share, without what is the hub's own.
    func shareNames(_ path: String = "") -> [String] {
        directory.names(in: path.isEmpty ? "share" : "share/\(path)").filter { !$0.hasPrefix(".synchub") }
    }

    deinit {
        server.stop()
        core.stop()
    }

    /// Of the API.
    var port: UInt16 { server.port! }

    // MARK: - Requests

    func connection() -> HTTPConnection { HTTPConnection(.tcp(host: "127.0.0.1", port: server.port!)) }

    func send(
        _ method: String, _ path: String, token: String? = HubFixture.adminToken, body: [UInt8] = [],
        type: String? = nil, timeout: Double = 120
    ) -> HTTPReply {
        var headers: [String: String] = [:]
        if let type { headers["Content-Type"] = type }
        if let token { headers["Authorization"] = "Bearer \(token)" }
        let call = HTTPCall(method, path, headers: headers, body: body, timeout: timeout)
        do { return try connection().send(call) } catch { preconditionFailure("\(method) \(path): \(error)") }
    }

    func send(_ method: String, _ path: String, token: String? = HubFixture.adminToken, json: String) -> HTTPReply {
        send(method, path, token: token, body: Array(json.utf8))
    }

    func post<Answer: Decodable>(
        _ path: String, _ message: some Encodable, token: String? = HubFixture.adminToken, as type: Answer.Type
    ) throws -> Answer {
        try HubFixture.decode(send("POST", path, token: token, body: WireFormat.encode(message)), as: type)
    }

    func get<Answer: Decodable>(_ path: String, token: String? = HubFixture.adminToken, as type: Answer.Type) throws
        -> Answer
    {
        try HubFixture.decode(send("GET", path, token: token), as: type)
    }

    static func decode<Answer: Decodable>(_ reply: HTTPReply, as type: Answer.Type) throws -> Answer {
        guard reply.status == 200 else { throw try WireFormat.decode(ErrorMessage.self, from: reply.body) }
        return try WireFormat.decode(type, from: reply.body)
    }

    func later<Answer: Decodable & Sendable>(
        _ method: String, _ path: String, token: String, body: [UInt8] = [], as type: Answer.Type
    ) -> Later<Result<Answer, any Error>> {
        let port = server.port!
        return Later {
            Result {
                let reply = try HTTPConnection(.tcp(host: "127.0.0.1", port: port)).send(
                    HTTPCall(method, path, headers: ["Authorization": "Bearer \(token)"], body: body, timeout: 120))
                return try HubFixture.decode(reply, as: type)
            }
        }
    }

    // MARK: - Clients

    /// Invites, joins and says hello.
    func join(_ name: String, admin: Bool = false) throws -> TestClient {
        let invite = try post("/v1/invite", InviteRequest(client: name, admin: admin), as: InviteResponse.self).invite!
        let token = try join(invite).token
        let hello = try post(
            "/v1/hello", HelloRequest(version: "1", generation: "\(name)-1"), token: token, as: HelloResponse.self)
        return TestClient(hub: self, name: name, token: token, epoch: hello.epoch)
    }

    func join(_ invite: InviteMessage, key: String? = nil) throws -> JoinResponse {
        try post(
            "/v1/join", JoinRequest(publicKey: key ?? HubFixture.key(of: invite.client)),
            token: HubFixture.secret(of: invite), as: JoinResponse.self)
    }

    static func secret(of invite: InviteMessage) -> String {
        sha256(Array("synchub-invite\n\(invite.key)".utf8)).map(Escaping.hex).joined()
    }

    func journal() throws -> Journal { try Journal(path: layout.journal) }
}

/// An agent as the API sees one.
final class TestClient {
    unowned let hub: HubFixture
    let name: String
    let token: String
    let epoch: String
    private var number: Int64 = 0

    init(hub: HubFixture, name: String, token: String, epoch: String) {
        self.hub = hub
        self.name = name
        self.token = token
        self.epoch = epoch
    }

    func operation(_ change: Change, _ source: ContentSource? = nil) -> OperationMessage {
        number += 1
        return OperationMessage(
            Operation(id: OperationID(generation: "\(name)-1", number: number), change: change), source: source)
    }

    func request(_ operations: [OperationMessage]) -> CommitRequest {
        CommitRequest(epoch: epoch, generation: "\(name)-1", acknowledged: 0, operations: operations)
    }

    func commit(_ operations: OperationMessage...) throws -> [Outcome] {
        try hub.post("/v1/commit", request(operations), token: token, as: CommitResponse.self).outcomes.map {
            try $0.outcome()
        }
    }

    /// Uploads and commits a new file.
    func create(_ name: String, _ text: String, in parent: NodeID = .root) throws -> Outcome {
        try commit(creation(name, text, in: parent))[0]
    }

    func creation(_ name: String, _ text: String, in parent: NodeID = .root) throws -> OperationMessage {
        let file = stage(text)
        return operation(
            .create(in: .node(parent), name: try Name(name), content: .file(content(text))),
            .staged(file: file, offset: 0))
    }

    func edit(_ node: Node, _ text: String) throws -> Outcome {
        try commit(
            operation(
                .edit(node.id, base: node.contentVersion, content: .file(content(text))),
                .staged(file: stage(text), offset: 0)))[0]
    }

    func stage(_ text: String) -> String {
        let file = "pack-\(number)-\(UInt32.random(in: 0 ... .max))"
        hub.directory.write(text, to: "staging/\(name)/\(file)")
        return file
    }

    func report(cursor: Int64, barrier: Int64, pending: [PendingMessage] = []) throws {
        let report = ReportRequest(
            epoch: epoch, cursor: cursor, barrier: barrier, pending: pending,
            upCount: pending.count { $0.direction == .up }, downCount: pending.count { $0.direction == .down }, bytes: 0
        )
        _ = try hub.post("/v1/report", report, token: token, as: EmptyResponse.self)
    }

    func changesPath(since: Int64, wait: Int, barrier: Int64 = 0, paused: Int = 0, epoch: String? = nil) -> String {
        "/v1/changes?since=\(since)&wait=\(wait)&epoch=\(epoch ?? self.epoch)&barrier=\(barrier)&paused=\(paused)"
    }

    func changes(since: Int64, wait: Int = 0, barrier: Int64 = 0, paused: Int = 0) throws -> ChangesResponse {
        try hub.get(
            changesPath(since: since, wait: wait, barrier: barrier, paused: paused), token: token,
            as: ChangesResponse.self)
    }

    func changesLater(since: Int64, wait: Int = 20, barrier: Int64 = 0, paused: Int = 0) -> Later<
        Result<ChangesResponse, any Error>
    > {
        hub.later(
            "GET", changesPath(since: since, wait: wait, barrier: barrier, paused: paused), token: token,
            as: ChangesResponse.self)
    }
}

/// Of a file with these bytes.
func content(_ text: String, mode: UInt16 = 0o644, mtime: Nanoseconds = 1_700_000_000_123_456_789) -> FileContent {
    FileContent(
        digest: Digest(bytes: sha256(Array(text.utf8)))!, size: Int64(text.utf8.count), mode: Mode(mode), mtime: mtime)
}

extension Outcome {
    /// The node of an operation that was applied; the test fails otherwise.
    var applied: Node? { if case .applied(let node) = self { node } else { nil } }
}
