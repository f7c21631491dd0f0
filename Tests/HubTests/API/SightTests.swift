import ControlAPI
import Glibc
import HTTPClient
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What a client of a part of the share is told, and what each role may ask.
struct SightTests {
    // MARK: - The rule

    @Test(arguments: [
        ("photos", true), ("photos/a", true), ("photos/a/b", true), ("", false), ("photo", false), ("photos2", false),
        ("other", false), ("other/photos", false), ("private/photos/a", false),
    ])
    func `a path is seen in the part and nowhere else`(path: String, isSeen: Bool) throws {
        let path = path.isEmpty ? RelativePath.top : try RelativePath(bytes: Array(path.utf8))
        let sight = Sight.part(try RelativePath(bytes: Array("photos".utf8)), of: "frame")
        #expect(sight.shows(path) == isSeen)
        #expect(Sight.everything.shows(path))
        // A part that is gone is nowhere.
        #expect(try !Sight.lost(RelativePath(bytes: Array("photos".utf8)), of: "frame").shows(path))
    }

    @Test func `of others nothing is seen that names or counts what lies outside, of oneself everything`() throws {
        let request = ReportRequest(
            epoch: "e", cursor: 1, barrier: 0,
            pending: [
                PendingMessage(path: "photos/in", direction: .up, bytes: 5, reason: "x"),
                PendingMessage(path: "private/out", direction: .down, bytes: 7, reason: "y"),
            ], upCount: 3, downCount: 4, bytes: 100)
        var report = LastReport(request)
        (report.blocked, report.merging) = ("the folder /home/me/private is gone", "private is compared")
        var client = ClientFacts(name: "laptop", report: report)
        client.lost = "private is gone"
        let sight = Sight.part(try RelativePath(bytes: Array("photos".utf8)), of: "frame")
        let seen = try #require(sight.seen(client).report)
        #expect(seen.pending.map(\.path) == ["photos/in"])
        #expect((seen.upCount, seen.downCount, seen.bytes) == (1, 0, 5))
        #expect(seen.blocked == Sight.untold && seen.merging == Sight.untold)
        #expect(sight.seen(client).lost == Sight.untold)
        client.heldBatches = [7]
        #expect(sight.seen(client).heldBatches.isEmpty)
        #expect(StatusReason.text(sight.seen(client), .held, now: 0) == Sight.untold)
        #expect(Sight.everything.seen(client) == client)
        client.name = "frame"
        #expect(sight.seen(client) == client)
    }

    // MARK: - All that looks

    /// What lies outside of the part, and must not be in any answer.
    private static let outside = ["secret", "private"]

    private struct World {
        let hub: HubFixture
        let laptop: TestClient
        let frame: TestClient

        /// Things in `photos` and in `private`, of every kind that there is something to tell of.
        init() throws {
            hub = try HubFixture()
            laptop = try hub.join("laptop")
            let (laptop, hub) = (laptop, hub)
            func make(_ name: String) throws -> Node {
                let change = Change.create(
                    in: .node(.root), name: try Name(name), content: .directory(Mode(0o755)))
                return try #require(try laptop.commit(laptop.operation(change))[0].applied)
            }
            let (photos, hidden) = (try make("photos"), try make("private"))
            let invite = try #require(
                try hub.post(
                    "/v1/invite", InviteRequest(client: "frame", subtree: "photos"), as: InviteResponse.self
                ).invite)
            let token = try hub.join(invite).token
            let hello = try hub.post(
                "/v1/hello", HelloRequest(version: "1", generation: "frame-1"), token: token, as: HelloResponse.self)
            frame = TestClient(hub: hub, name: "frame", token: token, epoch: hello.epoch)
            for (directory, name) in [(photos, "seen"), (hidden, "secret")] {
                let node = try #require(try laptop.create("\(name)-file", "of \(name)", in: directory.id).applied)
                // Two versions from one base: a conflict.
                _ = try laptop.edit(node, "\(name) one")
                _ = try laptop.edit(node, "\(name) two")
            }
            // What came into the part was something else before, and what left it is outside now.
            let came = try #require(try laptop.create("secret-name", "came", in: hidden.id).applied)
            _ = try laptop.commit(
                laptop.operation(
                    .move(came.id, base: came.locationVersion, to: .node(photos.id), name: try Name("seen-came"))))
            let left = try #require(try laptop.create("seen-left", "left", in: photos.id).applied)
            _ = try laptop.commit(
                laptop.operation(
                    .move(left.id, base: left.locationVersion, to: .node(hidden.id), name: try Name("secret-left"))))
            try laptop.report(
                cursor: 3, barrier: 0,
                pending: [
                    PendingMessage(path: "photos/seen-waits", direction: .up, bytes: 11, reason: "seen reason"),
                    PendingMessage(path: "private/secret-waits", direction: .up, bytes: 22, reason: "secret reason"),
                ])
        }

        /// All that looks, with what it asks.
        static let questions: [(Route, String, [UInt8])] = [
            (.status, "", []), (.clients, "", []), (.unsynced, "", []), (.unsynced, "?client=laptop", []),
            (.log, "", []), (.log, "?limit=3", []), (.log, "?after=0", []), (.log, "?after=0&limit=2", []),
            (.conflicts, "", []), (.paths, "", []), (.held, "", []),
            (.wait, "", WireFormat.encode(WaitRequest(path: nil, on: ["laptop"], timeout: 0))),
            (.wait, "", WireFormat.encode(WaitRequest(path: "photos/seen-file", on: nil, timeout: 0))),
            (.why, "", WireFormat.encode(PathRequest(path: "photos/seen-file"))),
            (.why, "", WireFormat.encode(PathRequest(path: "photos/seen-waits"))),
            (.history, "", WireFormat.encode(HistoryRequest(path: "photos/seen-file"))),
            (.history, "", WireFormat.encode(HistoryRequest(path: "photos/seen-came"))),
        ]

        func ask(_ question: (Route, String, [UInt8]), _ token: String) -> HTTPReply {
            hub.send(question.0.method, question.0.path + question.1, token: token, body: question.2)
        }
    }

    @Test func `a client of a part is told of nothing outside of it, by any question, and members of all`() throws {
        let world = try World()
        var told = ""
        for question in World.questions {
            let reply = world.ask(question, world.frame.token)
            let text = String(decoding: reply.body, as: UTF8.self)
            #expect(reply.status == 200, "\(question.0)\(question.1): \(text)")
            for word in Self.outside + [world.hub.directory.path] {
                #expect(!text.contains(word), "\(question.0)\(question.1): \(text)")
            }
            told += text
        }
        for word in ["seen-file", "seen-waits", "seen-came", "seen reason", "laptop", "frame"] {
            #expect(told.contains(word), "\(word)")
        }
        let all = World.questions.map { String(decoding: world.ask($0, world.laptop.token).body, as: UTF8.self) }
            .joined()
        for word in ["secret-file", "secret-waits", "secret reason", "seen-file", world.hub.directory.path] {
            #expect(all.contains(word), "\(word)")
        }
    }

    @Test func `what is counted is counted in the part`() throws {
        let world = try World()
        let (part, all) = try (
            world.hub.get("/v1/status", token: world.frame.token, as: StatusResponse.self),
            world.hub.get("/v1/status", token: world.laptop.token, as: StatusResponse.self)
        )
        // Both versions of the file that is seen, and the one that came.
        #expect(part.hub.files == 3 && all.hub.files == 6)
        #expect(part.hub.bytes == Int64("seen oneseen twocame".utf8.count))
        #expect(part.conflicts == 1 && all.conflicts == 2)
        let (seen, known) = try (
            #require(part.clients.first { $0.name == "laptop" }), #require(all.clients.first { $0.name == "laptop" })
        )
        #expect(seen.unsynced == StatusResponse.Unsynced(up: 1, down: 0, bytes: 11))
        #expect(known.unsynced.up == 2)
        #expect(seen.state == known.state)
    }

    @Test func `a path outside of the part is a path that nobody knows`() throws {
        let world = try World()
        let paths = ["private/secret-file", "private", "secret", "photos/../private/secret-file", "nowhere"]
        for (path, route) in paths.flatMap({ path in [Route.why, .history].map { (path, $0) } }) {
            let reply = world.hub.send(
                "POST", route.path, token: world.frame.token, body: WireFormat.encode(PathRequest(path: path)))
            #expect([400, 404].contains(reply.status), "\(path)")
            let said = String(decoding: reply.body, as: UTF8.self)
            #expect(!said.contains("laptop") && !said.contains("synced"), "\(path): \(said)")
        }
    }

    @Test func `a wait tells of nothing outside of the part, and neither does a hub that stands still`() throws {
        let world = try World()
        func wait(_ path: String, _ token: String) -> HTTPReply {
            world.hub.send(
                "POST", "/v1/wait", token: token,
                body: WireFormat.encode(WaitRequest(path: path, on: nil, timeout: 0)))
        }
        let said = ["private/secret-file", "private", "nowhere"].map { wait($0, world.frame.token) }
        #expect(said.allSatisfy { $0.status == 404 })
        #expect(wait("photos/not-there-yet", world.frame.token).status == 200)
        #expect(wait("nowhere", world.laptop.token).status == 200)
        rename(world.hub.directory.path("share"), world.hub.directory.path("elsewhere"))
        let (part, all) = try (
            world.hub.get("/v1/status", token: world.frame.token, as: StatusResponse.self),
            world.hub.get("/v1/status", token: world.laptop.token, as: StatusResponse.self)
        )
        #expect(try #require(all.hub.blocked).contains(world.hub.directory.path))
        #expect(try #require(part.hub.blocked).contains(Sight.untold))
        #expect(!(part.hub.blocked ?? "").contains(world.hub.directory.path))
        let error = #expect(throws: ErrorMessage.self) { try world.frame.create("x", "x") }
        #expect(error?.code == .shareAway && error?.message.contains(world.hub.directory.path) == false)
        rename(world.hub.directory.path("elsewhere"), world.hub.directory.path("share"))
    }

    @Test func `a long log of another part is looked through a little at a time, and to its end`() throws {
        let world = try World()
        for batch in 0..<3 {
            let operations = try (0..<400).map { number in
                world.laptop.operation(
                    .create(
                        in: .node(.root), name: try Name("d\(batch)-\(number)"), content: .directory(Mode(0o755))))
            }
            let answer = try world.hub.post(
                "/v1/commit", world.laptop.request(operations), token: world.laptop.token, as: CommitResponse.self)
            #expect(answer.outcomes.count == 400)
        }
        let head = try world.hub.get("/v1/status", as: StatusResponse.self).hub.seq
        let all = "/v1/log?after=0&limit=10000"
        let before = try world.hub.get(all, token: world.frame.token, as: [LogMessage].self)
        _ = try world.frame.create("here", "here")
        let after = try world.hub.get(all, token: world.frame.token, as: [LogMessage].self)
        #expect(after.count == before.count + 1 && after.last?.path == "photos/here")
        #expect(try world.hub.get("/v1/log?after=\(head)", token: world.frame.token, as: [LogMessage].self).count == 1)
        #expect(world.hub.core.inspect { $0.logScans.isEmpty && $0.polls.isEmpty })
        // So much at most is looked at in one turn.
        var scan = LogScan(place: .zero)
        try world.hub.core.inspect { try $0.look(&scan, .everything) }
        #expect(scan.place.rawValue == 500)
    }

    @Test func `a log that is followed waits for what is in the part, and passes over the rest`() throws {
        let world = try World()
        let head = try world.hub.get("/v1/status", as: StatusResponse.self).hub.seq
        let followed = world.hub.later(
            "GET", "/v1/log?after=\(head)&wait=60", token: world.frame.token, as: [LogMessage].self)
        while world.hub.core.inspect({ $0.polls.isEmpty }), !followed.isDone {}
        for number in 0..<5 { _ = try world.laptop.create("elsewhere-\(number)", "text \(number)") }
        #expect(!followed.isDone)
        #expect(world.hub.core.inspect { $0.polls.count } == 1)
        _ = try world.frame.create("here", "here")
        #expect(try followed.value()?.get().map(\.path) == ["photos/here"])
        #expect(world.hub.core.inspect { $0.logScans.isEmpty })
    }

    @Test func `who has lost the part is told of nothing in the share`() throws {
        let world = try World()
        let photos = try #require(try world.hub.journal().node(at: RelativePath(bytes: Array("photos".utf8))))
        for name in world.hub.shareNames("photos") {
            let node = try #require(
                try world.hub.journal().node(at: RelativePath(bytes: Array("photos/\(name)".utf8))))
            _ = try world.laptop.commit(
                world.laptop.operation(
                    .delete(node.id, contentBase: node.contentVersion, locationBase: node.locationVersion)))
        }
        _ = try world.laptop.commit(
            world.laptop.operation(
                .delete(photos.id, contentBase: photos.contentVersion, locationBase: photos.locationVersion)))
        for question in World.questions where question.0 != .why && question.0 != .history {
            let text = String(decoding: world.ask(question, world.frame.token).body, as: UTF8.self)
            for word in Self.outside + ["seen-"] { #expect(!text.contains(word), "\(question.0): \(text)") }
        }
    }

    @Test func `an administrator that maps a part sees all`() throws {
        let world = try World()
        let invite = try #require(
            try world.hub.post(
                "/v1/invite", InviteRequest(client: "boss", admin: true, subtree: "photos"), as: InviteResponse.self
            ).invite)
        let token = try world.hub.join(invite).token
        _ = try world.hub.post(
            "/v1/hello", HelloRequest(version: "1", generation: "boss-1"), token: token, as: HelloResponse.self)
        #expect(try world.hub.get("/v1/status", token: token, as: StatusResponse.self).hub.files == 6)
    }

    // MARK: - Who may ask what

    /// The whole table: for each role, route by route.
    private static let table: [(Route, hub: Bool, admin: Bool, member: Bool, readOnly: Bool)] = [
        // A client's own folder: the administrator's token has none.
        (.hello, false, true, true, true), (.rotate, false, true, true, true), (.changes, false, true, true, true),
        (.snapshot, false, true, true, true),
        (.layOut, false, true, true, true), (.staged, false, true, true, true), (.extents, false, true, true, true),
        (.report, false, true, true, true), (.holds, false, true, true, true), (.recipe, false, true, true, true),
        // What changes the share.
        (.commit, false, true, true, false), (.prepare, false, true, true, false), (.offer, false, true, true, false),
        // What looks.
        (.status, true, true, true, true), (.clients, true, true, true, true), (.unsynced, true, true, true, true),
        (.why, true, true, true, true), (.wait, true, true, true, true), (.log, true, true, true, true),
        (.history, true, true, true, true), (.openAPI, true, true, true, true),
        (.conflicts, true, true, true, true), (.paths, true, true, true, true), (.held, true, true, true, true),
        // Of others: see below.
        (.pause, true, true, false, false), (.resume, true, true, false, false), (.limit, true, true, false, false),
        (.invite, true, true, false, false), (.revoke, true, true, false, false), (.approve, true, true, false, false),
        (.reject, true, true, false, false),
    ]

    @Test func `each role may do what the table says, over the wire`() throws {
        #expect(Set(Self.table.map(\.0)).union([.join]) == Set(Route.allCases))
        let hub = try HubFixture()
        func token(_ request: InviteRequest) throws -> String {
            let invite = try #require(try hub.post("/v1/invite", request, as: InviteResponse.self).invite)
            let token = try hub.join(invite).token
            _ = try hub.post(
                "/v1/hello", HelloRequest(version: "1", generation: request.client), token: token,
                as: HelloResponse.self)
            return token
        }
        _ = try hub.join("other")
        let laptop = try hub.join("laptop")
        _ = try laptop.commit(
            laptop.operation(
                .create(in: .node(.root), name: try Name("photos"), content: .directory(Mode(0o755)))))
        let roles: [(String, String, KeyPath<(Route, hub: Bool, admin: Bool, member: Bool, readOnly: Bool), Bool>)] = [
            ("hub", HubFixture.adminToken, \.hub),
            ("admin", try token(InviteRequest(client: "admin", admin: true)), \.admin),
            ("member", try token(InviteRequest(client: "member")), \.member),
            ("of a part", try token(InviteRequest(client: "part", subtree: "photos")), \.member),
            ("read-only", try token(InviteRequest(client: "frame", readOnly: true)), \.readOnly),
            (
                "read-only of a part", try token(InviteRequest(client: "small", readOnly: true, subtree: "photos")),
                \.readOnly
            ),
        ]
        // It names another client, and nothing that there is: who may ask is told what is wrong with the question.
        let body = Array(#"{"client":"other","id":99,"timeout":0,"up":"nonsense","seconds":-1}"#.utf8)
        for (role, token, may) in roles {
            for row in Self.table where row.0 != .revoke || !row[keyPath: may] {
                let reply = hub.send(row.0.method, row.0.path, token: token, body: body)
                let code = (try? WireFormat.decode(ErrorMessage.self, from: reply.body))?.code
                #expect((code == .forbidden) == !row[keyPath: may], "\(role) \(row.0): \(reply.status)")
                if code == .forbidden {
                    let said = try WireFormat.decode(ErrorMessage.self, from: reply.body).message
                    #expect(said.contains("right") || said.contains("only a client"), "\(said)")
                }
            }
        }
        // A phone has no token at all, and an unknown token is nobody.
        for row in Self.table { #expect(hub.send(row.0.method, row.0.path, token: nil, body: body).status == 401) }
    }

    @Test func `everybody may pause, resume and limit itself`() throws {
        let hub = try HubFixture()
        let laptop = try hub.join("laptop")
        let pause = ClientRequest(client: "laptop")
        #expect(
            try hub.post("/v1/pause", pause, token: laptop.token, as: ClientsTouchedResponse.self).clients == ["laptop"]
        )
        _ = try hub.post("/v1/resume", pause, token: laptop.token, as: ClientsTouchedResponse.self)
        let limit = hub.send("POST", "/v1/limit", token: laptop.token, json: #"{"client":"laptop","up":"off"}"#)
        #expect(limit.status == 200)
    }
}
