import Engine
import Index
import SyncCore
import Testing

@testable import Simulator

/// A merge as new has a cause that people are told, from its beginning until both sides are one again.
struct MergeCauseTests {
    private let simulation = try! Simulation(.chaos, agents: 2)  // SAFETY: in memory; a test's own fixture.
    private var agent: SimulatedAgent { simulation.agents[0] }

    private func endMerging() throws -> MergeCause? {
        try agent.folder.endMerging(try agent.folder.pending(limit: 100))
    }

    @Test(arguments: MergeCause.allCases)
    func `a cause is a sentence of its own`(cause: MergeCause) {
        let starts = cause == .away ? "taking a snapshot: " : "merging as new: "
        #expect(cause.sentence.hasPrefix(starts))
        #expect(MergeCause.allCases.filter { $0.sentence == cause.sentence } == [cause])
    }

    @Test func `it lasts until all was heard of, looked at and settled, and ends once`() throws {
        try Machine(agent).write("one", "one")
        try simulation.quiesce()
        #expect(try agent.index.mergeCause == nil)
        let epoch = try #require(try agent.index.epoch)
        try agent.folder.begin(epoch: epoch, head: agent.index.received, because: .journalSetBack)
        #expect(try agent.index.mergeCause == .journalSetBack)
        #expect(try endMerging() == nil)
        try simulation.quiesce()
        #expect(try endMerging() == .journalSetBack)
        #expect(try agent.index.mergeCause == nil && endMerging() == nil)
    }

    @Test func `what waits for something else does not make it last`() throws {
        try Machine(agent).write("closed", "one")
        try agent.lookAll()
        try simulation.pass(agent)
        try agent.index.setMergeCause(.indexLost)
        try Machine(agent).write("closed", "two, longer")
        try agent.lookAll()
        #expect(try endMerging() == nil)
        let request = try #require(try agent.folder.hashRequests(limit: 1).first)
        _ = try agent.folder.absorb(
            .failed(DiskProblem(.denied, "permission denied")), for: request,
            during: agent.moment)
        #expect(try agent.folder.pending(limit: 9).map(\.isStuck) == [true])
        #expect(try endMerging() == .indexLost)
    }

    @Test func `an index that is renewed, or takes a snapshot, says so until it begins anew`() throws {
        try agent.index.beginSnapshot()
        #expect(try agent.index.mergeCause == .away && !agent.index.hasHeard)
        try agent.index.renew(generation: "other")
        #expect(try agent.index.mergeCause == .indexSetBack && agent.index.hasHeard)
    }
}
