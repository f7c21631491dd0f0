import ControlAPI
import SyncCore
import Testing

@testable import Hub

/// What `status` says beside a client's state, and what the other commands say while everything is being compared.
struct StatusReasonTests {
    private let seen: Nanoseconds = 1_000_000_000_000_000_000
    private let merging = "merging as new: the hub was restored from an older backup"

    private func reason(_ client: ClientFacts, days: Int64 = 0) -> String? {
        let state = ClientStateRule.state(of: client, head: Sequence(10))
        return StatusReason.text(client, state, now: seen + days * 86_400_000_000_000)
    }

    private func stuck(_ path: String) -> PendingMessage {
        PendingMessage(path: path, direction: .up, bytes: 3, reason: "no space at hub", stuck: true)
    }

    @Test func `what a state leaves open is said in a sentence`() {
        #expect(reason(client()) == nil)
        #expect(reason(client(pending: [up("a")])) == nil)
        #expect(reason(client(pending: [up("a"), stuck("b")])) == "b waits: no space at hub")
        #expect(
            reason(client(pending: [stuck("b"), stuck("c")]))
                == "b waits: no space at hub (and 1 more: see syncctl unsynced)")
        #expect(reason(client(merging: merging)) == merging)
        #expect(
            reason(client(held: [3])) == "batch 3 of deletions or rewrites waits for a person: see syncctl held")
        #expect(reason(client(lost: "it is gone")) == "it is gone")
        #expect(reason(client(pause: .paused(until: nil), merging: merging)) == nil)
        #expect(reason(client(online: false)) == nil && reason(client(revoked: true)) == nil)
        #expect(reason(client(online: false, merging: merging)) == merging)
    }

    @Test func `who was away too long is named with the days`() {
        var away = client(online: false)
        away.isStale = true
        #expect(reason(away, days: 94) == "not seen for 94 days; records of deletions do not wait for it")
        away.hasMissed = true
        #expect(reason(away, days: 94) == "not seen for 94 days; will take a snapshot when it is back")
        // A clock that was set back since makes no negative ages.
        #expect(reason(away, days: -3)?.hasPrefix("not seen since 2001-09-09T01:46:40Z") == true)
    }

    @Test func `while everything is compared, unsynced, why and wait say so`() {
        let path = try! RelativePath(bytes: Array("a".utf8))  // SAFETY: a path.
        let behind = client(cursor: 3, barrier: 1, pending: [down("b")], merging: merging)
        #expect(
            UnsyncedRule.items(behind, ahead: [ChangeAhead(path: path, bytes: 1)]).map(\.reason) == [
                merging, "\(merging); no space",
            ])
        let node = Node(
            id: NodeID(7), location: Location(parent: .root, name: try! Name("a")), content: .directory(Mode(0o755)),
            seq: Sequence(8))
        #expect(WhyRule.answer(path, node: node, clients: [behind])?.clients.map(\.reason) == [merging])
        #expect(
            WhyRule.answer(path, node: nil, clients: [client(pending: [up("a")], merging: merging)])?.clients.map(
                \.reason) == ["waits to be sent: settling (\(merging))"])
        let goal = WaitGoal(path: nil, on: nil, barrier: 5, headAtBarrier: Sequence(8))
        #expect(
            WaitRule.waiting(for: goal, WaitSight(head: Sequence(10)), on: [behind]).map(\.reason) == [merging])
    }
}
