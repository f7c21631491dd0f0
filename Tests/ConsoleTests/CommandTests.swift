import Arguments
import ControlAPI
import Glibc
import HTTPServer
import SyncCore
import Synchronization
import TestSupport
import Testing

@testable import Console

/// Commands against a control API over real HTTP.
@Suite struct CommandTests {
    /// Answers each route with the samples.
    static let samples: FakeHub.Answers = { route, _ in
        switch route {
        case .status: .message(Samples.status)
        case .clients: .message(Samples.clients)
        case .unsynced: .message(Samples.unsynced)
        case .why: .message(Samples.why)
        case .log: .message(Samples.log)
        case .history: .message(Samples.history)
        case .conflicts: .message(Samples.conflicts)
        case .paths: .message(Samples.paths)
        case .invite: .message(InviteResponse(invite: Samples.invite, sftp: nil))
        case .pause, .resume, .limit, .revoke: .message(ClientsTouchedResponse(clients: ["pi"]))
        case .wait: .message(WaitResponse(inSync: true, seq: 42, waiting: []))
        default: .error(ErrorMessage(.unknownRoute, "not here"))
        }
    }

    @Test(arguments: [
        ("status", "GET /v1/status", ""), ("clients", "GET /v1/clients", ""), ("unsynced", "GET /v1/unsynced", ""),
        ("log", "GET /v1/log", ""), ("conflicts", "GET /v1/conflicts", ""), ("paths", "GET /v1/paths", ""),
        ("why a/b", "POST /v1/why", #"{"path":"a/b"}"#), ("why a/", "POST /v1/why", #"{"path":"a"}"#),
        ("history a/b", "POST /v1/history", #"{"limit":1000,"path":"a/b"}"#),
        ("history a --limit 3", "POST /v1/history", #"{"limit":3,"path":"a"}"#),
        ("invite pi", "POST /v1/invite", #"{"client":"pi"}"#),
        ("invite pi --admin --valid 2h", "POST /v1/invite", #"{"admin":true,"client":"pi","valid":7200}"#),
        ("revoke pi", "POST /v1/revoke", #"{"client":"pi"}"#), ("pause pi", "POST /v1/pause", #"{"client":"pi"}"#),
        ("pause --all --for 2h", "POST /v1/pause", #"{"all":true,"seconds":7200}"#),
        ("resume --all", "POST /v1/resume", #"{"all":true}"#), ("resume pi", "POST /v1/resume", #"{"client":"pi"}"#),
        ("wait", "POST /v1/wait", #"{"timeout":60}"#), ("wait --timeout 5", "POST /v1/wait", #"{"timeout":5}"#),
        ("wait a --on pi,b", "POST /v1/wait", #"{"on":["pi","b"],"path":"a","timeout":60}"#),
    ])
    func `each command asks its question and shows the answer`(line: String, asked: String, body: String) throws {
        let hub = try FakeHub(answers: Self.samples)
        for option in ["", " --json"] {
            let output = CapturedOutput()
            #expect(hub.run(line + option, output) == .done)
            #expect(output.results.hasSuffix("\n"))
            let request = try #require(hub.requests.last)
            #expect("\(request.method) \(request.path)" == asked)
            #expect(String(decoding: request.body, as: UTF8.self) == body)
            #expect(request.bearerToken == "secret-token")
        }
    }

    @Test(arguments: [200, 401, 403])
    func `what listens in the place of a hub that is down gets no token, and is not taken for it`(status: Int) throws {
        let asked = Mutex<[HTTPRequest]>([])
        let impostor = try HTTPServer(.loopback(port: 0)) { request, responder in
            asked.withLock { $0.append(request) }
            responder.respond(
                status == 200
                    ? .json(Array("{\"proof\":\"\"}".utf8))
                    : .json(status: status, WireFormat.encode(ErrorMessage(.revoked, "so it says"))))
        }
        defer { impostor.stop() }
        let directory = TemporaryDirectory()
        chmod(directory.write("secret-token\n", to: "admin.token"), 0o600)
        directory.write("\(impostor.port ?? 0)\n", to: "api.port")
        let output = CapturedOutput()
        #expect(Syncctl.run(words("--root \(directory.path) status"), Surroundings(), output) == .notReachable)
        #expect(output.notes.contains("has not shown that it is that hub") && !output.notes.contains("so it says"))
        let requests = asked.withLock { $0 }
        #expect(requests.map(\.path) == ["/v1/proof"])
        #expect(!"\(requests)".contains("secret-token"))
    }

    @Test func `text and JSON are renderings of what the hub said`() throws {
        let hub = try FakeHub(answers: Self.samples)
        let text = CapturedOutput(Appearance(now: Samples.now))
        #expect(hub.run("status", text) == .done)
        #expect(text.results == Samples.status.text(Appearance(now: Samples.now)))
        let json = CapturedOutput()
        #expect(hub.run("status --json", json) == .done)
        #expect(json.results == Samples.status.json)
        #expect(json.notes == "")
    }

    @Test func `the name of a client is encoded in the query`() throws {
        let hub = try FakeHub(answers: Self.samples)
        #expect(hub.run("unsynced", CapturedOutput(), extra: [Array("p i&x=é")]) == .done)
        #expect(hub.requests.last?.query("client") == "p i&x=é")
    }

    @Test func `a path keeps its bytes`() throws {
        let hub = try FakeHub(answers: Self.samples)
        #expect(hub.run("why", CapturedOutput(), extra: [Array("a") + [0xFF] + Array(#"\é"#)]) == .done)
        let request = try WireFormat.decode(PathRequest.self, from: hub.requests.last?.body ?? [])
        #expect(try Escaping.bytes(request.path) == Array("a") + [0xFF] + Array(#"\é"#))
    }

    @Test(arguments: [
        (ErrorCode.unknownClient, ExitCode.noSuchThing), (.unknownPath, .noSuchThing), (.hubAway, .notReachable),
        (.unauthorized, .failed), (.forbidden, .failed), (.clientExists, .failed), (.badValue, .failed),
        (.internalError, .failed), (.unknownRoute, .failed),
    ])
    func `an error of the hub is its sentence and an exit code`(code: ErrorCode, exit: ExitCode) throws {
        let hub = try FakeHub { _, _ in .error(ErrorMessage(code, "because \u{1B}of it")) }
        let output = CapturedOutput()
        #expect(hub.run("pause pi", output) == exit)
        #expect(output.notes.hasPrefix(#"syncctl: because \x1bof it"#) && output.notes.hasSuffix("\n"))
        #expect(output.results == "")
    }

    @Test func `a code that only newer hubs know is still told`() throws {
        let hub = try FakeHub { _, _ in
            .json(status: 404, Array(#"{"error":{"code":"unknown_version","message":"no version 7"}}"#))
        }
        let output = CapturedOutput()
        #expect(hub.run("status", output) == .noSuchThing)
        #expect(output.notes == "syncctl: no version 7\n")
    }

    @Test(arguments: [HTTPResponse(status: 500), .json(status: 502, Array("<html>")), .json(Array("[]"))])
    func `what is no answer of a hub is a failure`(response: HTTPResponse) throws {
        let hub = try FakeHub { _, _ in response }
        let output = CapturedOutput()
        #expect(hub.run("status", output) == .failed)
        #expect(output.notes.hasPrefix("syncctl: "))
    }

    @Test func `a hub that stopped is not reachable`() throws {
        var hub: FakeHub? = try FakeHub(answers: Self.samples)
        let directory = try #require(hub?.directory)
        hub = nil
        let output = CapturedOutput()
        #expect(Syncctl.run(words("status --root \(directory.path)"), Surroundings(), output) == .notReachable)
        #expect(output.notes.contains("does not answer at 127.0.0.1:"))
        #expect(output.notes.contains("`synchub run --root \(directory.path)`"))
    }

    @Test func `results that cannot be written are a failure`() throws {
        let hub = try FakeHub(answers: Self.samples)
        let output = FullOutput()
        #expect(hub.run("invite pi", output) == .failed)
        #expect(output.notes == "syncctl: the result cannot be written\n")
    }

    @Test(arguments: [0, 150])
    func `an agent is asked through its socket, however long its name`(padding: Int) throws {
        let directory = TemporaryDirectory()
        let home = directory.makeDirectory("home" + String(repeating: "x", count: padding))
        // The agent's side of the same detour.
        let there = try AgentSocket(home: Array(home))
        let agent = try FakeHub(agentAt: there.path, answers: Self.samples)
        let output = CapturedOutput()
        #expect(Syncctl.run(words("clients --json --home \(home)"), Surroundings(), output) == .done, "\(output.notes)")
        #expect(output.results == Samples.clients.json)
        #expect(agent.requests.last?.headers["authorization"] == nil)
        withExtendedLifetime((there, agent, directory)) {}
    }
}
