import SyncCore
import Testing

@testable import Engine
@testable import Simulator

/// A `.syncignore` that is there and cannot be read: nobody knows what it ignores, so that nothing of its directory goes on.
struct UnreadRulesTests {
    private let simulation = try! Simulation(.chaos, agents: 2)  // SAFETY: in memory; a test's own fixture.
    private var agent: SimulatedAgent { simulation.agents[0] }
    private var ann: Machine { Machine(simulation.agents[0]) }
    private var bea: Machine { Machine(simulation.agents[1]) }

    /// What could not be read can be, and all is well without anything else.
    private func recover(comparing: Bool = true) throws {
        try agent.lookAgain()
        try simulation.quiesce(comparing: comparing)
        #expect(try agent.folder.pending(limit: 10).allSatisfy(\.isSkipped))
    }

    /// Both have a directory with a list; then nobody can read it at the first machine any more.
    private func closeList(_ text: String, beside names: [String]) throws {
        try ann.makeDirectory("d")
        try ann.write("d/.syncignore", text)
        for name in names { try ann.write(name, "1") }
        try simulation.quiesce(comparing: false)
        try ann.close("d/.syncignore")
    }

    /// Files of a machine, or of the share, with what they hold.
    private func files(_ number: Int?) -> [String] {
        let tree = number.map { simulation.agents[$0].tree } ?? simulation.hub.share
        return tree.things().compactMap { thing in
            thing.content.file.map {
                "\(thing.path)=\(String(decoding: tree.contents.bytes(of: $0.digest) ?? [], as: UTF8.self))"
            }
        }
    }

    private func node(_ path: String) throws -> NodeID? {
        try simulation.hub.journal.node(at: RelativePath(bytes: Array(path.utf8)))?.id
    }

    @Test func `nothing is sent of the directory and below, it is told, and goes on when the list can be read`() throws
    {
        for name in ["d", "d/e"] { try ann.makeDirectory(name) }
        try ann.write("d/.syncignore", "*.key")
        for name in ["beside", "d/a.key", "d/e/b.key", "d/e/b"] { try ann.write(name, "1") }
        try ann.close("d/.syncignore")
        try simulation.live()
        // A directory of which all may be ignored is not sent either.
        #expect(simulation.hub.share.things().map { "\($0.path)" } == ["beside"])
        let list = try #require(try agent.folder.pending(limit: 10).first { "\($0.path)" == "d/.syncignore" })
        #expect(list.reason.hasPrefix("it cannot be read: permission denied; until it can be read, nothing in"))
        #expect(!list.isSkipped && list.isStuck)
        #expect(
            try agent.folder.unreadRules(for: RelativePath(bytes: Array("d/e/b".utf8)))
                == "it waits, since the rules in 'd/.syncignore' cannot be read")
        #expect(try agent.folder.unreadRules(for: RelativePath(bytes: Array("beside".utf8))) == nil)
        #expect(try agent.folder.hasTroubles() && !agent.folder.hasSomethingToSend())
        try ann.open("d/.syncignore")
        try recover(comparing: false)
        #expect(files(nil) == ["beside=1", "d/.syncignore=*.key", "d/e/b=1"])
        #expect(try !agent.folder.hasTroubles())
    }

    @Test func `edits, deletions and what comes wait on both sides, and meet when the list can be read`() throws {
        try closeList("*.key", beside: ["d/edited", "d/gone", "d/theirs", "d/theirGone", "d/both"])
        let before = files(nil)
        for name in ["d/edited", "d/both", "d/new", "d/new.key"] { try ann.write(name, "2") }
        try ann.delete("d/gone")
        try bea.write("d/theirs", "3")
        try bea.write("d/both", "3")
        try bea.delete("d/theirGone")
        try bea.makeDirectory("d/deep")
        try bea.write("d/deep/new", "3")
        let mine = files(0)
        try simulation.live()
        #expect(files(0) == mine)
        #expect(
            files(nil).filter { !$0.hasSuffix("=3") }
                == before.filter { !["d/theirs=1", "d/theirGone=1", "d/both=1"].contains($0) })
        let waits = try agent.folder.pending(limit: 10)
        #expect(
            waits.contains { "\($0.path)" == "d/deep/new" && !$0.isUp && $0.isStuck && $0.reason.hasPrefix("it waits") }
        )
        #expect(try agent.folder.plan().allSatisfy { $0.act.deed == .wait })
        try ann.open("d/.syncignore")
        try recover(comparing: false)
        let after = files(nil)
        #expect(after == files(1) && !after.contains { $0.contains(".key") && !$0.contains("syncignore") })
        for name in ["d/edited=2", "d/new=2", "d/theirs=3", "d/deep/new=3", "d/both=3"] {
            #expect(after.contains(name))
        }
        #expect(after.contains { $0.hasPrefix("d/both (") && $0.hasSuffix("=2") })
        #expect(!after.contains { $0.contains("d/gone") || $0.contains("d/theirGone") })
    }

    @Test func `what is renamed into the directory waits as the rename that it is, and what is renamed out of it goes`()
        throws
    {
        try closeList("", beside: ["in", "d/out"])
        let nodes = (try node("in"), try node("d/out"))
        try ann.move("in", "d/in")
        try ann.move("d/out", "out")
        try simulation.live()
        #expect(files(nil) == ["d/.syncignore=", "in=1", "out=1"])
        try ann.open("d/.syncignore")
        try recover()
        #expect(files(nil) == ["d/.syncignore=", "d/in=1", "out=1"])
        #expect(try node("d/in") == nodes.0 && node("out") == nodes.1)
    }

    @Test func `what was renamed into the directory and is gone from there was deleted`() throws {
        try closeList("", beside: ["in", "beside"])
        try ann.move("in", "d/in")
        try ann.delete("beside")
        try simulation.live()
        #expect(files(nil) == ["d/.syncignore=", "in=1"])
        try ann.delete("d/in")
        try simulation.live()
        #expect(files(nil) == ["d/.syncignore="])
    }

    @Test func `a directory goes with its list, and one that was deleted at the hub stays until the list can be read`()
        throws
    {
        try closeList("", beside: ["d/a"])
        try ann.delete("d")
        try simulation.live()
        #expect(files(nil) == [])
        try ann.open("d/.syncignore")
        try recover()
        try closeList("", beside: ["d/a"])
        try bea.delete("d")
        try simulation.live()
        #expect(files(nil) == [] && files(0) == ["d/.syncignore=", "d/a=1"])
        #expect(!agent.folder.isLooking)
        try ann.open("d/.syncignore")
        try recover()
        #expect(files(0) == [])
    }

    @Test func `the list itself waits too, and a list that is gone keeps nothing back`() throws {
        try closeList("*.key", beside: [])
        try bea.write("d/.syncignore", "*.log")
        try ann.write("d/a.key", "1")
        try simulation.live()
        #expect(files(0).contains("d/.syncignore=*.key"))
        try ann.delete("d/.syncignore")
        // What comes in its place can be read.
        try ann.open("d/.syncignore")
        try recover(comparing: false)
        // An edit wins over a deletion.
        #expect(files(nil).contains("d/.syncignore=*.log") && files(0) == files(nil))
    }

    @Test func `a process that starts anew holds back what it cannot read`() throws {
        try closeList("*.key", beside: ["d/a"])
        try ann.write("d/a.key", "1")
        try ann.write("d/a", "2")
        try agent.restart()
        try simulation.live()
        #expect(files(nil) == ["d/.syncignore=*.key", "d/a=1"])
        try ann.open("d/.syncignore")
        try recover(comparing: false)
        #expect(files(nil) == ["d/.syncignore=*.key", "d/a=2"])
    }

    @Test func `what was new in a directory when that became ignored is sent when it is not any more`() throws {
        try ann.makeDirectory("d")
        try simulation.quiesce()
        agent.isConnected = false
        try ann.write("d/new", "1")
        try simulation.pass(agent)
        try ann.write(".syncignore", "d/")
        try simulation.pass(agent)
        agent.isConnected = true
        try simulation.live()
        #expect(files(nil) == [".syncignore=d/"])
        try ann.write(".syncignore", "")
        try simulation.quiesce()
        #expect(files(nil) == [".syncignore=", "d/new=1"])
    }
}
