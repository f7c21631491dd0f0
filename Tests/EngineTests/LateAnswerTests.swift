import SyncCore
import Testing

@testable import Simulator

/// What happens on this side between a commit's draft and its answer.
struct LateAnswerTests {
    @Test func `an edit made while a mode was on its way does not replace bytes that came with the answer`() throws {
        let simulation = try Simulation(.chaos, agents: 2)
        let (here, there) = (simulation.agents[0], simulation.agents[1])
        try Machine(here).write("f", "old")
        try simulation.quiesce()
        try Machine(there).write("f", "theirs")
        try simulation.pass(there)
        // The mode is sent upon the old bytes, and the hub merges it with theirs.
        try Machine(here).chmod("f", 0o600)
        try here.lookAll()
        try here.hash(100)
        try here.takeHashes()
        #expect(try here.draft(100) > 0)
        try Machine(here).write("f", "mine")
        try here.send(loses: false)
        try here.takeAnswer()
        try simulation.quiesce()
        let share = simulation.hub.share
        let held = share.things().compactMap { thing -> String? in
            guard case .file(let file) = thing.content else { return nil }
            return String(decoding: share.contents.bytes(of: file.digest) ?? [], as: UTF8.self)
        }
        #expect(held.sorted() == ["mine", "theirs"])
        #expect(try simulation.hub.journal.openConflicts().count == 1)
    }

    @Test func `a directory that came back while the answer that it is missing was on its way is kept in mind`() throws
    {
        let simulation = try Simulation(.chaos, agents: 3)
        let (here, there, third) = (simulation.agents[0], simulation.agents[1], simulation.agents[2])
        let hub = simulation.hub
        try Machine(here).makeDirectory("d")
        try simulation.quiesce()
        let directory = try #require(try hub.journal.child(of: .root, named: Name("d")))
        try Machine(third).write("d/theirs", "theirs")
        try Machine(here).write("d/mine", "mine")
        try here.lookAll()
        try here.hash(100)
        try here.takeHashes()
        try #require(try here.draft(100) == 1)
        let number = try here.index.nextNumber - 1
        let before = try hub.journal.head
        // It is deleted, and comes back for the sake of another's file.
        try Machine(there).delete("d")
        try simulation.pass(there)
        try here.askForPage(100)
        try here.takePage()
        try simulation.pass(third)
        try here.askForPage(100)
        try here.takePage()
        try #require(try hub.journal.node(directory.id)?.isDeleted == false)
        // As a hub answers whose view of a subtree lacked it for a moment.
        try here.folder.absorb([(number, .refused(.orphaned, current: nil))], head: before)
        try Machine(here).move("d", "e")
        try simulation.quiesce()
        // That it came back counts as somebody's move, which was first.
        #expect(hub.share.things().map { "\($0.path)" } == ["d", "d/mine", "d/theirs"])
        #expect(try hub.journal.node(at: RelativePath([Name("d")]))?.id == directory.id)
    }

    @Test func `what others deleted before a rejection was heard of does not come back with it`() throws {
        let simulation = try Simulation(.held, agents: 2)
        let (here, there) = (simulation.agents[0], simulation.agents[1])
        let hub = simulation.hub
        let names = ["a", "b", "c", "d"]
        for name in names { try Machine(there).write(name, name) }
        try simulation.quiesce()
        for name in names { try Machine(here).delete(name) }
        try simulation.pass(here)
        let batch = try #require(try hub.journal.heldBatches().first)
        try #require(batch.deletes == names.count)
        try hub.decide(batch, isApproved: false)
        try Machine(there).delete("a")
        try simulation.pass(there)
        try #require(try hub.journal.node(at: RelativePath([Name("a")])) == nil)
        // The page with that deletion comes first, is acted upon, and then what a person said about the held one.
        try simulation.quiesce()
        #expect(hub.share.things().map { "\($0.path)" } == ["b", "c", "d"])
        #expect(here.tree.things().map { "\($0.path)" } == ["b", "c", "d"])
    }
}
