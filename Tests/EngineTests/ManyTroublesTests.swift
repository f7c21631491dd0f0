import Index
import SyncCore
import Testing

@testable import Engine
@testable import Simulator

/// What had trouble is tried again, however much else there is to be told, and whatever happened to what lies around it.
struct ManyTroublesTests {
    private let simulation = try! Simulation(.chaos, agents: 2)  // SAFETY: in memory; a test's own fixture.
    private var agent: SimulatedAgent { simulation.agents[0] }
    private var ann: Machine { Machine(simulation.agents[0]) }

    private func path(_ text: String) throws -> RelativePath { try RelativePath(bytes: Array(text.utf8)) }

    private func entry(_ text: String) throws -> EntryID { try #require(try agent.index.entry(at: path(text))) }

    @Test func `what is never synced hides nothing that is to be tried again`() throws {
        for number in 100..<250 {
            try agent.folder.trouble(path("a\(number)"), nil, "a FIFO cannot be synced", skipped: true)
        }
        #expect(try !agent.folder.hasTroubles())
        try agent.folder.trouble(path("z"), nil, "input/output error")
        #expect(try agent.folder.hasTroubles())
    }

    @Test func `of many each has its turn`() throws {
        for name in ["a", "b", "c"] { try ann.write(name, name) }
        try ann.makeDirectory("z")
        try simulation.quiesce()
        // Files are read again by others; what is said of them stays until then.
        for name in ["a", "b", "c", "z"] { try agent.folder.trouble(path(name), entry(name), "input/output error") }
        try agent.folder.retryTroubles(limit: 2)
        #expect(!agent.folder.isLooking)
        try agent.folder.retryTroubles(limit: 2)
        #expect(try agent.folder.toList == [entry("z")])
        try agent.lookAll()
        #expect(try agent.index.troubles().map { "\($0.path)" } == ["a", "b", "c"])
        for _ in 0..<2 { try agent.folder.retryTroubles(limit: 2) }
        #expect(!agent.folder.isLooking)
    }

    @Test func `a name that could not be looked at is looked at again although its directory could be listed`() throws {
        try ann.makeDirectory("d")
        try simulation.quiesce()
        try ann.chmod("d", 0o700)
        agent.tree.trouble.begin(after: 0, failing: 1)
        try agent.lookAll()
        try agent.folder.look(into: entry("d"), deep: false)
        try agent.lookAll()
        #expect(try agent.folder.hasTroubles())
        try agent.lookAgain()
        #expect(try !agent.folder.hasTroubles())
        try simulation.quiesce()
        #expect(simulation.hub.share.things().map(\.content) == [.directory(Mode(0o700))])
    }

    @Test func `what cannot be read is in trouble where it lies by then`() throws {
        try ann.makeDirectory("old")
        try ann.write("old/f", "bytes")
        try agent.lookAll()
        let request = try #require(try agent.folder.hashRequests(limit: 1).first)
        try ann.move("old", "new")
        try ann.makeDirectory("old")
        try agent.lookAll()
        _ = try agent.folder.absorb(.failed(DiskProblem(.denied, "permission denied")), for: request, during: 0...0)
        #expect(try agent.index.troubles().map { "\($0.path)" } == ["new/f"])
    }
}
