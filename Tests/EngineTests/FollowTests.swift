import Index
import SyncCore
import Testing

@testable import Simulator

/// Who has changed something hears what came of it with the answer, and not a second time.
@Suite struct FollowTests {
    private func commit(_ agent: SimulatedAgent) throws {
        try agent.lookAll()
        try agent.hash(100)
        try agent.takeHashes()
        try #require(try agent.draft(100) > 0)
        try agent.send(loses: false)
        try agent.takeAnswer()
    }

    @Test func `the answer to a commit brings the cursor along`() throws {
        let simulation = try Simulation(.chaos, agents: 1)
        let here = simulation.agents[0]
        try simulation.quiesce()
        try Machine(here).makeDirectory("d")
        try Machine(here).write("d/mine", "mine")
        try commit(here)
        #expect(try here.index.received == simulation.hub.journal.head)
        #expect(try here.index.received > .zero)
    }

    @Test func `what others have changed before is still to be heard`() throws {
        let simulation = try Simulation(.chaos, agents: 2)
        let (here, there) = (simulation.agents[0], simulation.agents[1])
        try simulation.quiesce()
        let before = try here.index.received
        try Machine(there).write("theirs", "theirs")
        try commit(there)
        try Machine(here).write("mine", "mine")
        try commit(here)
        #expect(try here.index.received == before)
        try simulation.quiesce()
        #expect(simulation.hub.share.things().map { "\($0.path)" } == ["mine", "theirs"])
        #expect(try here.index.received == simulation.hub.journal.head)
    }

    @Test func `a page that was on its way meanwhile does not set the cursor back`() throws {
        let simulation = try Simulation(.chaos, agents: 1)
        let here = simulation.agents[0]
        try simulation.quiesce()
        let before = try here.index.received
        try Machine(here).write("mine", "mine")
        try commit(here)
        let head = try simulation.hub.journal.head
        try here.index.receive([], through: before)
        #expect(try here.index.received == head)
    }
}
