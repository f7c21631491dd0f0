import ControlAPI
import SyncCore
import Testing

@testable import Hub

/// Facts of a client that is there, in sync with `seq` and has passed barrier 5.
func client(
    _ name: String = "laptop", kind: ClientKind = .agent, cursor: Int64 = 10, barrier: Int64 = 5, revoked: Bool = false,
    pause: Pause = .none, online: Bool = true, pending: [PendingMessage] = [], reported: Bool = true,
    held: [Int64] = [], lost: String? = nil, merging: String? = nil
) -> ClientFacts {
    let request = ReportRequest(
        epoch: "e", cursor: cursor, barrier: barrier, pending: pending,
        upCount: pending.count { $0.direction == .up }, downCount: pending.count { $0.direction == .down },
        bytes: pending.reduce(0) { $0 + $1.bytes }, merging: merging)
    var facts = ClientFacts(
        name: name, kind: kind, isRevoked: revoked, pause: pause, cursor: Sequence(cursor),
        lastSeen: 1_000_000_000_000_000_000, isOnline: online, report: reported ? LastReport(request) : nil)
    (facts.heldBatches, facts.lost) = (held, lost)
    return facts
}

func up(_ path: String, skipped: Bool = false) -> PendingMessage {
    PendingMessage(path: path, direction: .up, bytes: 3, reason: "settling", skipped: skipped)
}

func down(_ path: String) -> PendingMessage {
    PendingMessage(path: path, direction: .down, bytes: 4, reason: "no space")
}

struct ClientStateRuleTests {
    @Test(
        arguments: [
            (client(), .inSync), (client(cursor: 9), .syncing), (client(pending: [up("a")]), .syncing),
            (client(pending: [up("a", skipped: true)]), .inSync), (client(reported: false), .syncing),
            (client(online: false), .offline), (client(pause: .paused(until: nil), online: false), .paused),
            (client(revoked: true, pause: .paused(until: nil)), .revoked),
            (client(kind: .sftp, cursor: 0, online: false, reported: false), .inSync),
            (client(merging: "merging as new"), .merging), (client(cursor: 3, merging: "merging as new"), .merging),
            (client(online: false, merging: "merging as new"), .offline),
            (client(held: [3], merging: "merging as new"), .held), (client(lost: "gone", merging: "as new"), .blocked),
            (client(pause: .paused(until: nil), merging: "merging as new"), .paused),
        ] as [(ClientFacts, ClientState)])
    func `one word says how a client is`(client: ClientFacts, state: ClientState) {
        #expect(ClientStateRule.state(of: client, head: Sequence(10)) == state)
    }

    @Test(arguments: [(1, false), (2, false), (0, true), (2000, false)])
    func `what is skipped hides nothing that waits, whether the sums count it or not`(sum: Int, isOver: Bool) {
        var facts = client(pending: isOver ? [up("fifo", skipped: true)] : [up("fifo", skipped: true), up("a")])
        facts.report?.upCount = sum
        #expect((ClientStateRule.state(of: facts, head: Sequence(10)) == .inSync) == isOver)
    }

    @Test func `a pause is over at its end, not before`() {
        #expect(Pause.paused(until: 5).active(at: 4).isPaused)
        #expect(!Pause.paused(until: 5).active(at: 5).isPaused)
        #expect(Pause.paused(until: nil).active(at: .max).isPaused)
    }
}

struct WaitRuleTests {
    private func reasons(
        _ clients: ClientFacts..., path: String? = nil, on: [String]? = nil, seqAtPath: Int64? = nil, head: Int64 = 10
    ) -> [String] {
        let goal = WaitGoal(
            path: path.map { try! RelativePath(bytes: Array($0.utf8)) }, on: on, barrier: 5, headAtBarrier: Sequence(8))
        let sight = WaitSight(head: Sequence(head), seqAtPath: seqAtPath.map { Sequence($0) })
        return WaitRule.waiting(for: goal, sight, on: clients).map { "\($0.client): \($0.reason)" }
    }

    @Test func `everybody is in sync at the head with nothing pending and the barrier passed`() {
        #expect(reasons(client("a"), client("b")).isEmpty)
        #expect(reasons(client("a"), client("b", cursor: 9)) == ["b: 1 changes behind"])
        #expect(
            reasons(client("b", barrier: 4), client("a", reported: false)) == [
                "a: has not answered yet", "b: has not answered yet",
            ])
        #expect(reasons(client("a", pending: [up("x"), down("y")])) == ["a: 1 up, 1 down, first x: settling"])
        #expect(reasons(client("a", pending: [up("fifo", skipped: true)])).isEmpty)
    }

    @Test func `who is paused, revoked or a phone is not awaited, who is named is`() {
        let paused = client("p", cursor: 1, barrier: 0, pause: .paused(until: nil))
        #expect(reasons(paused, client("r", cursor: 1, revoked: true), client("f", kind: .sftp, cursor: 0)).isEmpty)
        #expect(reasons(paused, on: ["p"]) == ["p: paused until somebody resumes it (`syncctl resume p`)"])
        #expect(reasons(client("a", cursor: 1), client("b"), on: ["b"]).isEmpty)
        #expect(
            reasons(client("a", barrier: 1, online: false)) == ["a: offline since 2001-09-09T01:46:40Z"])
    }

    @Test func `for one path nothing else matters`() {
        #expect(reasons(client(cursor: 3, pending: [up("other")]), path: "a", seqAtPath: 3).isEmpty)
        #expect(reasons(client(cursor: 10, pending: [up("a")]), path: "a", seqAtPath: 3) == ["laptop: settling"])
        #expect(reasons(client(cursor: 10, pending: [up("a/b")]), path: "a", seqAtPath: 3) == ["laptop: settling"])
        #expect(reasons(client(cursor: 10, pending: [up("ab")]), path: "a", seqAtPath: 3).isEmpty)
    }

    @Test func `a path counts as applied behind the cursor only when the client knew of it`() {
        // Known with the barrier (8) and not pending: applied, though something else holds the cursor at 3.
        #expect(reasons(client(cursor: 3, pending: [down("other")]), path: "a", seqAtPath: 8).isEmpty)
        #expect(reasons(client(cursor: 3), path: "a", seqAtPath: 9) == ["laptop: 7 changes behind"])
        // Without a node there, it may have been deleted by any change up to the head.
        #expect(reasons(client(cursor: 3), path: "a", head: 8).isEmpty)
        #expect(reasons(client(cursor: 8), path: "a", head: 9) == ["laptop: 1 changes behind"])
    }
}

struct WhyRuleTests {
    private let path = try! RelativePath(bytes: Array("photos/a.jpg".utf8))
    private let node = Node(
        id: NodeID(7), location: Location(parent: NodeID(2), name: try! Name("a.jpg")),
        content: .directory(Mode(0o755)),
        seq: Sequence(8))

    @Test func `what is the same everywhere is said in one sentence`() {
        let same = WhyRule.answer(path, node: node, clients: [client("a"), client("b"), client("f", kind: .sftp)])
        #expect(same?.sentence == "photos/a.jpg is the same on all 2 machines (seq 8)")
        #expect(same?.synced == true)
        #expect(WhyRule.answer(path, node: node, clients: [])?.synced == true)
    }

    @Test func `who differs is named with the reason`() {
        let answer = WhyRule.answer(
            path, node: node,
            clients: [client("a"), client("b", cursor: 3, online: false), client("c", pending: [down("photos/a.jpg")])])
        #expect(answer?.synced == false)
        #expect(
            answer?.clients.map(\.reason) == [
                "has it", "offline since 2001-09-09T01:46:40Z", "waits to be received: no space",
            ])
    }

    @Test func `a conflict is told at both of its names, with what to do`() throws {
        let copy = try RelativePath(bytes: Array("photos/a (conflict 2026-01-02 b).jpg".utf8))
        let conflict = OpenConflict(path: path, copy: copy, client: "b")
        let next = "; look at both, keep what you want under the name, and delete the other"
        #expect(
            WhyRule.answer(path, node: node, clients: [client("a")], conflicts: [conflict])?.sentence
                == "photos/a.jpg is the same on the one machine (seq 8); it is in conflict: b's version lies beside it as "
                + "\(copy)" + next)
        #expect(
            WhyRule.answer(copy, node: node, clients: [client("a")], conflicts: [conflict])?.sentence
                == "\(copy) is the same on the one machine (seq 8); it is b's version of photos/a.jpg, which are in conflict"
                + next)
        let other = try RelativePath(bytes: Array("photos/b.jpg".utf8))
        #expect(
            WhyRule.answer(other, node: node, clients: [client("a")], conflicts: [conflict])?.sentence
                == "photos/b.jpg is the same on the one machine (seq 8)")
    }

    @Test func `what lies in the share and is no change yet has its reason`() {
        let answer = WhyRule.answer(path, node: nil, clients: [client("a")], share: "a program is writing it")
        #expect(answer?.synced == false)
        #expect(
            answer?.sentence
                == "photos/a.jpg is not at the hub: share: waits to be taken in: a program is writing it")
    }

    @Test func `of a client whose folder is not there nobody knows what it has`() throws {
        var blocked = client("part")
        blocked.report?.blocked = "the folder /x is not there"
        blocked.setSubtree(try RelativePath(bytes: Array("photos".utf8)))
        let answer = WhyRule.answer(path, node: nil, clients: [client("a"), blocked])
        #expect(answer?.synced == false)
        #expect(
            answer?.sentence
                == "photos/a.jpg is not at the hub: part: what it has there is not known; it is blocked: the folder /x is "
                + "not there")
        let other = try RelativePath(bytes: Array("elsewhere".utf8))
        #expect(WhyRule.answer(other, node: nil, clients: [client("a"), blocked]) == nil)
        blocked.report?.blocked = nil
        blocked.lost = "'photos' is gone"
        #expect(
            WhyRule.answer(path, node: nil, clients: [blocked])?.sentence.hasSuffix("blocked: 'photos' is gone") == true
        )
    }

    @Test func `who is paused is named with the end of the pause`() {
        let reasons = WhyRule.answer(
            path, node: node,
            clients: [
                client("a", cursor: 3, pause: .paused(until: 1_000_000_000_000_000_000)),
                client("b", cursor: 3, pause: .paused(until: nil)),
            ])?.clients.map(\.reason)
        #expect(
            reasons == [
                "paused until 2001-09-09T01:46:40Z", "paused until somebody resumes it (`syncctl resume b`)",
            ])
    }

    @Test func `a path that only a client knows is no unknown path`() {
        #expect(WhyRule.answer(path, node: nil, clients: [client("a")]) == nil)
        let answer = WhyRule.answer(
            path, node: nil, clients: [client("a", pending: [up("photos/a.jpg")]), client("b")])
        #expect(answer?.sentence == "photos/a.jpg is not at the hub: a: waits to be sent: settling")
    }
}

struct UnsyncedRuleTests {
    private let ahead = [
        ChangeAhead(path: try! RelativePath(bytes: Array("y".utf8)), bytes: 9),
        ChangeAhead(path: try! RelativePath(bytes: [0xFF]), bytes: 1),
    ]

    @Test func `what a client reports and what the journal knows make one list`() {
        let items = UnsyncedRule.items(client(pending: [up("b"), down("y")]), ahead: ahead)
        #expect(items.map(\.path) == ["\\xff", "b", "y"])
        #expect(items.map(\.reason) == ["has not been taken yet", "settling", "no space"])
        #expect(items.map(\.pathB64) == ["/w==", nil, nil])
    }

    @Test func `of an offline client each item says so`() {
        let items = UnsyncedRule.items(client(online: false, reported: false), ahead: ahead)
        #expect(items.allSatisfy { $0.reason == "offline since 2001-09-09T01:46:40Z" && $0.direction == .down })
        let totals = UnsyncedRule.totals(client(online: false), ahead: (2, 10))
        #expect(totals == StatusResponse.Unsynced(up: 0, down: 2, bytes: 10))
    }
}

struct AccessTableTests {
    @Test func `members act for themselves, look at everything and need a right for the rest`() {
        let member = Caller.client(name: "laptop", isAdmin: false)
        let open: [Route] = [
            .join, .hello, .changes, .commit, .report, .status, .clients, .unsynced, .why, .wait, .log, .conflicts,
            .paths, .held,
        ]
        for route in open { #expect(AccessTable.refusal(route, member) == nil, "\(route)") }
        for route in [Route.pause, .resume] {
            #expect(AccessTable.refusal(route, member, target: "laptop") == nil)
            #expect(AccessTable.refusal(route, member, target: "other")?.code == .forbidden)
            #expect(AccessTable.refusal(route, member, target: nil)?.code == .forbidden)
        }
        for route in [Route.invite, .revoke, .approve, .reject] {
            let refusal = AccessTable.refusal(route, member, target: "laptop")
            #expect(refusal?.code == .forbidden)
            #expect(refusal?.message.contains("'admin'") == true)
        }
    }

    @Test func `administrators may do everything but what only a client can`() {
        for route in Route.allCases {
            #expect(AccessTable.refusal(route, .client(name: "a", isAdmin: true), target: "b") == nil)
            let needsClient = [
                Route.hello, .rotate, .changes, .snapshot, .commit, .layOut, .staged, .prepare, .extents, .report,
                .offer, .holds, .recipe,
            ].contains(route)
            #expect((AccessTable.refusal(route, .administrator) != nil) == needsClient)
        }
    }
}
