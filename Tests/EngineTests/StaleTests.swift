import SyncCore
import Testing

@testable import Simulator

/// A client that was away for longer than the hub keeps tombstones.
struct StaleTests {
    private let simulation = try! Simulation(.chaos, agents: 2)  // SAFETY: in memory; a test's own fixture.
    private var here: SimulatedAgent { simulation.agents[0] }
    private var away: SimulatedAgent { simulation.agents[1] }

    /// What both have at first.
    private func agree(_ body: (Machine) throws -> Void) throws {
        try body(Machine(here))
        try simulation.quiesce()
    }

    /// One works while the other is away, and the hub forgets what was deleted.
    private func whileAway(_ body: (Machine) throws -> Void) throws {
        away.isConnected = false
        try body(Machine(here))
        for _ in 0..<3 { try simulation.pass(here) }
        try simulation.hub.journal.collectTombstones(upTo: simulation.hub.journal.head)
    }

    private func comeBack(limit: Int = 2) throws {
        away.isConnected = true
        try away.takeSnapshot(limit: limit)
        try simulation.quiesce()
    }

    private func files(_ agent: SimulatedAgent) -> [String] {
        agent.tree.things().map { $0.content.isDirectory ? "\($0.path)/" : "\($0.path)" }
    }

    @Test(arguments: [1, 2, 100])
    func `what was deleted meanwhile goes into the trash, everything else is as at the hub`(limit: Int) throws {
        try agree {
            try $0.write("gone", "gone")
            try $0.makeDirectory("d")
            try $0.write("d/deep", "deep")
            try $0.write("kept", "kept")
            try $0.write("edited", "one")
            try $0.write("moved", "moved")
        }
        try whileAway {
            try $0.delete("gone")
            try $0.delete("d")
            try $0.write("edited", "two")
            try $0.move("moved", "there")
            try $0.write("new", "new")
        }
        try comeBack(limit: limit)
        #expect(files(away) == ["edited", "kept", "new", "there"])
        #expect(away.trash == ["gone": "gone", "d/deep": "deep"])
        #expect(try simulation.hub.journal.openConflicts().isEmpty)
    }

    @Test func `what was changed here while it was deleted there is sent as new, with the directories that it needs`()
        throws
    {
        try agree {
            try $0.makeDirectory("d")
            try $0.makeDirectory("d/e")
            try $0.write("d/e/edited", "one")
            try $0.write("d/e/same", "same")
        }
        try whileAway { try $0.delete("d") }
        let machine = Machine(away)
        try machine.write("d/e/edited", "two")
        try machine.write("d/new", "new")
        try comeBack()
        #expect(files(here) == ["d/", "d/e/", "d/e/edited", "d/new"])
        #expect(away.trash == ["d/e/same": "same"])
    }

    @Test func `what was deleted on both sides is gone`() throws {
        try agree { try $0.write("f", "f") }
        try whileAway { try $0.delete("f") }
        try Machine(away).delete("f")
        try comeBack()
        #expect(files(away) == [] && away.trash.isEmpty)
    }

    @Test func `a name that has something else by now keeps it, and what had it before is in the trash`() throws {
        try agree { try $0.write("f", "old") }
        try whileAway {
            try $0.delete("f")
            for _ in 0..<2 { try simulation.pass(here) }
            try $0.write("f", "another file")
        }
        try comeBack()
        #expect(files(away) == ["f"])
        #expect(away.trash == ["f": "old"])
        #expect(try simulation.hub.journal.openConflicts().isEmpty)
    }

    @Test(arguments: 0..<8)
    func `a process that dies between two pages goes on where it was`(pages: Int) throws {
        try agree { for name in ["a", "b", "c", "d", "e", "f"] { try $0.write(name, name) } }
        try whileAway { for name in ["b", "e"] { try $0.delete(name) } }
        away.isConnected = true
        try away.takeSnapshot(pages: pages, limit: 1)
        try away.restart()
        try comeBack(limit: 1)
        #expect(files(away) == ["a", "c", "d", "f"])
        #expect(away.trash == ["b": "b", "e": "e"])
    }

    @Test func `what is deleted between two pages comes with the feed`() throws {
        try agree { for name in ["a", "b", "c", "d"] { try $0.write(name, name) } }
        try whileAway { try $0.delete("b") }
        away.isConnected = true
        try away.takeSnapshot(pages: 2, limit: 1)
        for name in ["a", "d"] { try Machine(here).delete(name) }
        for _ in 0..<2 { try simulation.pass(here) }
        try comeBack(limit: 1)
        #expect(files(away) == ["c"])
        #expect(away.trash == ["b": "b"])
    }

    @Test
    func
        `a commit whose answer was lost is answered before the snapshot, and what it made and is gone does not come back`()
        throws
    {
        try agree { try $0.write("a", "a") }
        try Machine(away).write("mine", "mine")
        try simulation.pass(away, loses: true)
        try #require(try away.index.inflightRequest != nil)
        try whileAway {
            for _ in 0..<2 { try simulation.pass(here) }
            try $0.delete("mine")
            try $0.delete("a")
        }
        away.isConnected = true
        try away.takeSnapshot()
        #expect(try away.index.snapshotAfter == NodeID(0))
        try away.send(loses: false)
        try away.takeAnswer()
        try comeBack()
        #expect(files(away) == [] && files(here) == [])
        #expect(away.trash == ["a": "a", "mine": "mine"])
    }

    @Test func `nothing is sent before the snapshot is taken`() throws {
        try agree { try $0.write("a", "a") }
        try whileAway { try $0.delete("a") }
        try Machine(away).write("b", "b")
        away.isConnected = true
        try away.takeSnapshot(pages: 0)
        try away.lookAll()
        try away.hash(10)
        try away.takeHashes()
        #expect(try away.draft(10) == 0)
        try comeBack()
        #expect(files(here) == ["b"])
    }

    @Test func `who began after the tombstones went has missed nothing`() throws {
        try agree { for name in ["a", "b", "c"] { try $0.write(name, name) } }
        try whileAway { try $0.delete("a") }
        let collected = try simulation.hub.journal.collected
        try away.folder.begin(epoch: simulation.hub.journal.epoch, collected: collected)
        try away.index.receive([], through: Sequence(1))
        #expect(try !away.index.hasMissed(collected))
        #expect(try away.index.hasMissed(collected.next))
    }

    @Test func `an answer from before it was away brings nothing back, though no page was ever received`() throws {
        try Machine(away).write("a", "away's")
        try Machine(here).write("a", "here's")
        try simulation.pass(here)
        // The hub answers that "here's" has the name, and nobody hears it.
        try away.lookAll()
        try away.hash(10)
        try away.takeHashes()
        #expect(try away.draft(10) == 1)
        try away.send(loses: true)
        #expect(try away.index.received == .zero)
        try whileAway { try $0.delete("a") }
        away.isConnected = true
        try simulation.quiesce()
        #expect(files(away) == ["a (conflict D u1)"] && files(here) == files(away))
    }
}
