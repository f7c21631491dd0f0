import Engine
import SyncCore
import Testing

@testable import Simulator

/// Whatever waits says why.
struct ReasonTests {
    private let simulation = try! Simulation(.chaos, agents: 2)  // SAFETY: in memory; a test's own fixture.
    private var agent: SimulatedAgent { simulation.agents[0] }

    private func reasons() throws -> [String: String] {
        Dictionary(try agent.folder.pending(limit: 100).map { ("\($0.path)", $0.reason) }) { $1 }
    }

    @Test func `a file that changes whenever it is read says so, and heals when it is quiet`() throws {
        try Machine(agent).write("busy", "one")
        try agent.lookAll()
        let request = try #require(try agent.folder.hashRequests(limit: 1).first)
        let problem = DiskProblem(.changedWhileRead, "busy: it changed while it was read")
        #expect(
            try agent.folder.absorb(.failed(problem), for: request, during: agent.moment)
        )
        #expect(try reasons() == ["busy": "busy: it changed while it was read"])
        try simulation.quiesce()
        #expect(try reasons().isEmpty)
    }

    @Test func `a file that may not be read says so, and heals when it may`() throws {
        try Machine(agent).write("closed", "one")
        try agent.lookAll()
        let request = try #require(try agent.folder.hashRequests(limit: 1).first)
        _ = try agent.folder.absorb(
            .failed(DiskProblem(.denied, "permission denied")), for: request,
            during: agent.moment)
        #expect(try reasons() == ["closed": "permission denied"])
        #expect(try agent.folder.pending(limit: 1).allSatisfy { !$0.isSkipped })
        try simulation.quiesce()
        #expect(try reasons().isEmpty)
    }

    @Test func `a file that is still being written is settling`() throws {
        try Machine(agent).write("new", "one")
        try agent.lookAll()
        let request = try #require(try agent.folder.hashRequests(limit: 1).first)
        agent.index.settling.insert(request.entry)
        #expect(try reasons()["new"]?.hasPrefix("settling") == true)
        agent.index.settling.remove(request.entry)
        #expect(try reasons() == ["new": "waiting to be read"])
    }

    @Test func `what has no room here says so`() throws {
        try Machine(simulation.agents[1]).write("big", "one")
        for _ in 0..<3 { try simulation.pass(simulation.agents[1]) }
        try agent.askForPage(100)
        try agent.takePage()
        let node = try #require(try simulation.hub.journal.node(at: RelativePath(bytes: Array("big".utf8))))
        agent.folder.receivingTroubles[node.id] = "no space left"
        #expect(try reasons() == ["big": "no space left"])
    }
}
