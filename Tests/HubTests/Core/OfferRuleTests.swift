import ControlAPI
import SyncCore
import Testing

@testable import Hub

/// Whether some machine may have bytes that the hub has lost.
struct OfferRuleTests {
    private static func client(
        _ name: String = "b", _ kind: ClientKind = .agent, at cursor: Int64 = 9, in part: String? = nil,
        revoked: Bool = false, stale: Bool = false, mode: String? = nil
    ) -> ClientFacts {
        var facts = ClientFacts(name: name, kind: kind, isRevoked: revoked, cursor: Sequence(cursor))
        facts.isStale = stale
        if let mode {
            var report = ReportRequest(
                epoch: "e", cursor: cursor, barrier: 0, pending: [], upCount: 0, downCount: 0, bytes: 0)
            report.mode = mode
            facts.report = LastReport(report)
        }
        facts.subtree = part.map { RelativePath([try! Name($0)]) }  // SAFETY: short names.
        return facts
    }

    /// `d/x` was made as change 5 by `a`.
    private static let rows: [(ClientFacts, Bool)] = [
        (client(), true), (client(at: 5), true), (client(at: 4), false),
        (client("a", at: 4), true), (client("a", at: 4, revoked: true), false), (client(revoked: true), false),
        (client(stale: true), false), (client("b", .sftp), false),
        (client(in: "d"), true), (client(in: "e"), false),
        (client(mode: "send-only"), false), (client("a", at: 4, mode: "send-only"), true),
        (client(mode: "receive-only"), true),
    ]

    @Test(arguments: rows.indices)
    func `who has taken it in or made it may have it`(row: Int) throws {
        let (client, mayHave) = Self.rows[row]
        let path = RelativePath([try Name("d"), try Name("x")])
        let origin = OfferRule.Origin(client: "a", seq: Sequence(5))
        #expect(OfferRule.mayHave(origin, at: path, [client]) == mayHave)
        #expect(OfferRule.mayHave(origin, at: path, [Self.client(at: 1), client]) == mayHave)
    }
}
