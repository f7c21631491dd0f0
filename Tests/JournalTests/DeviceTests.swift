import Journal
import SyncCore
import TestSupport
import Testing

/// Changes of the share with the names of the devices that made them.
struct DeviceTests {
    private let journal: Journal
    private let share: Desk

    init() throws {
        journal = try Journal.inMemory()
        share = Desk(journal, client: "share")
    }

    private func run(_ change: Change, by device: String?) throws -> Outcome {
        let operation = share.operation(change)
        return try journal.commit(
            client: "share", operations: [operation], at: 1000, date: "2026-11-21", origin: .share,
            devices: device.map { [operation.id: $0] } ?? [:]
        ).outcomes[0]
    }

    @Test func `the history has the device, the guard's client stays, and the chain has both`() throws {
        _ = try run(.file("a", "one"), by: "phone")
        _ = try run(.file("b", "two"), by: nil)
        let records = try journal.history(after: .zero, limit: 10)
        #expect(records.map(\.device) == ["phone", nil] && records.map(\.client) == ["share", "share"])
        #expect(records.map(\.author) == ["phone", "share"])
        #expect(try journal.check().isEmpty)
        // The same with another name, or none, is another history.
        let chains = try [nil, "phone", "tablet"].map { device in
            let other = try DeviceTests()
            _ = try other.run(.file("a", "one"), by: device)
            return try other.journal.chain(at: Sequence(1))
        }
        #expect(Set(chains).count == 3)
    }

    @Test func `a copy has the name of the device whose it is`() throws {
        _ = try run(.file("a.txt", "one"), by: "phone")
        let outcome = try run(.file("a.txt", "two"), by: "tablet")
        guard case .conflict(_, let copy) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect("\(copy.name)" == "a (conflict 2026-11-21 tablet).txt")
        #expect(try journal.openConflicts().map(\.client) == ["tablet"])
        // The next one is nobody's.
        _ = try run(.file("a.txt", "three"), by: nil)
        #expect(try journal.node(at: path("a (conflict 2026-11-21 share).txt")) != nil)
    }

    @Test func `what one device has rewritten and another one after it comes back whole when it is rejected`() throws {
        let rule = MassChangeGuard(percent: 25, least: 4, window: 600)
        let bea = Desk(journal, client: "bea")
        try journal.addClient("bea", kind: .agent, publicKey: "key", at: 1)
        try journal.hello("bea", generation: "a1", at: 1)
        _ = try bea.commit((0..<40).map { bea.operation(.file("f\($0)", "text \($0)")) })
        let nodes = try (0..<40).map { try #require(try journal.node(at: path("f\($0)"))) }
        func rewrite(_ nodes: [Node], _ text: String, by device: String, at moment: Int64) throws -> Int {
            let changes = try nodes.map { Change.edit(try #require(try journal.node($0.id)), text) }
            let word = try journal.guardShare(changes, by: "share", rule: rule, at: 1, moment: moment)
            for change in changes where !word.refused.contains(change.node ?? .root) { _ = try run(change, by: device) }
            return word.refused.count
        }
        #expect(try rewrite(Array(nodes.prefix(8)), "phone's", by: "phone", at: 1000) == 0)
        #expect(try rewrite(Array(nodes.prefix(4)), "tablet's", by: "tablet", at: 1010) == 0)
        // Each of the two is within what passes, both are not.
        #expect(try rewrite(Array(nodes.dropFirst(8).prefix(8)), "tablet's", by: "tablet", at: 1020) == 8)
        let batch = try #require(try journal.heldBatches().first)
        #expect(batch.rewrites == 8 && batch.passed.rewrites == 8)
        try journal.finish(stored: nodes.compactMap(\.content.file).map { ($0.digest, $0.size) })
        let decision = try journal.reject(batch.id, at: 1000, date: "2026-11-21", moment: 1030)
        #expect(decision.restored == 8 && decision.left.map(\.reason) == [])
    }
}
