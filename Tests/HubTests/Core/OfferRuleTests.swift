import ControlAPI
import SyncCore
import Testing

@testable import Hub

/// Whether some machine may have bytes that the hub has lost.
struct OfferRuleTests {
    private static func client(
        _ name: String = "b", _ kind: ClientKind = .agent, at cursor: Int64 = 9, in part: String? = nil,
        told: Int64? = nil, waiting: PendingMessage? = nil, revoked: Bool = false, stale: Bool = false,
        mode: String? = nil
    ) -> ClientFacts {
        var facts = ClientFacts(name: name, kind: kind, isRevoked: revoked, cursor: Sequence(cursor))
        facts.isStale = stale
        facts.told = told.map { Sequence($0) }
        if mode != nil || waiting != nil {
            var report = ReportRequest(
                epoch: "e", cursor: cursor, barrier: 0, pending: waiting.map { [$0] } ?? [], upCount: 0, downCount: 0,
                bytes: 0)
            report.mode = mode
            facts.report = LastReport(report)
        }
        facts.subtree = part.map { RelativePath([try! Name($0)]) }  // SAFETY: short names.
        return facts
    }

    private static func waiting(_ path: String, _ direction: Direction = .down, bytes: Int64 = 3) -> PendingMessage {
        PendingMessage(path: path, direction: direction, bytes: bytes, reason: "waits")
    }

    /// `d/x` was made as change 5 by `a`, and its mode was changed as change 7 by `c`.
    private static let rows: [(ClientFacts, Bool)] = [
        (client(), true), (client(at: 5), true), (client(at: 4), false),
        (client("a", at: 4), true), (client("a", at: 4, revoked: true), false), (client(revoked: true), false),
        (client(at: 6), true), (client("c", at: 4), true),
        (client(stale: true), false), (client("b", .sftp), false),
        (client(in: "d"), true), (client(in: "e"), false),
        (client(mode: "send-only"), false), (client("a", at: 4, mode: "send-only"), true),
        (client(mode: "receive-only"), true),
        // Behind something older that waits there.
        (client(at: 2, told: 5), true), (client(at: 2, told: 4), false),
        (client(at: 2, told: 5, waiting: waiting("y")), true), (client(at: 2, told: 5, waiting: waiting("d/x")), false),
        (client(at: 2, told: 5, waiting: waiting("d/x", bytes: 0)), true),
        (client(at: 2, told: 5, waiting: waiting("d/x", .up)), true),
        (client(at: 6, told: 7, waiting: waiting("d/x")), true),
        (client(at: 2, told: 5, revoked: true), false), (client(at: 2, told: 5, mode: "send-only"), false),
    ]

    @Test(arguments: rows.indices)
    func `who has taken it in or made it may have it`(row: Int) throws {
        let (client, mayHave) = Self.rows[row]
        let path = RelativePath([try Name("d"), try Name("x")])
        #expect(
            OfferRule.mayHave(client, at: path) { $0 >= Sequence(5) || ["a", "c"].contains(client.name) } == mayHave)
    }
}
