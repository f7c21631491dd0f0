import SyncCore
import Testing

@testable import Simulator

/// A file with two names on one machine is two files everywhere: what its user does through one name is seen under both, what
/// comes for one name changes only that.
struct HardLinkTests {
    private let meeting: Meeting
    private var simulation: Simulation { meeting.simulation }
    private var linked: SimulatedAgent { simulation.agents[0] }
    private var other: Machine { Machine(simulation.agents[1]) }

    /// `a` and `b` are one file on the first machine, whose mode is 0644.
    init() throws {
        meeting = try Meeting(.live) { machine in
            try machine.write("a", "one")
            try machine.hardLink("a", "b")
        }
    }

    private func inode(_ path: String) throws -> MemoryTree.Inode? {
        linked.tree.inode(at: try RelativePath(bytes: Array(path.utf8)))
    }

    private func node(_ path: String) throws -> Node? {
        try simulation.hub.journal.node(at: RelativePath(bytes: Array(path.utf8)))
    }

    /// In the share, and so on every machine: a quiet simulation has compared them.
    private func expect(_ share: [String], conflicts: Int = 0, _ location: SourceLocation = #_sourceLocation) throws {
        try simulation.quiesce()
        #expect(meeting.share == share, sourceLocation: location)
        #expect(try meeting.conflicts == conflicts, sourceLocation: location)
        let head = try simulation.hub.journal.head
        try linked.folder.lookAtEverything()
        try simulation.quiesce()
        #expect(try simulation.hub.journal.head == head, "nothing goes back and forth", sourceLocation: location)
        #expect(try linked.index.unsettledCount == 0, sourceLocation: location)
    }

    @Test func `a second name is a copy at the other machine`() throws {
        try expect(["a=one", "b=one"])
        #expect(try inode("a") === inode("b"))
        #expect(try node("a")?.id != node("b")?.id)
    }

    @Test func `an edit through one name is one of the other name too`() throws {
        try Machine(linked).write("b", "two")
        try expect(["a=two", "b=two"])
        try Machine(linked).chmod("a", 0o600)
        try expect(["a=two", "b=two"])
        #expect(try node("a")?.content.mode == Mode(0o600) && node("b")?.content.mode == Mode(0o600))
    }

    @Test func `a second name from outside tells of an edit that nobody had seen`() throws {
        let file = try #require(try inode("a"))
        // Through a third name that is not in the folder: no event.
        file.bytes = Array("two, longer".utf8)
        file.mtime = simulation.agents[0].tree.clock.tick()
        try Machine(linked).hardLink("a", "c")
        try expect(["a=two, longer", "b=two, longer", "c=two, longer"])
    }

    @Test func `an edit that comes for one name is not seen under the other`() throws {
        try other.write("a", "two")
        try expect(["a=two", "b=one"])
        try Machine(linked).write("b", "three")
        try expect(["a=two", "b=three"])
    }

    @Test func `a mode that comes for one name leaves the other as it is`() throws {
        try other.chmod("a", 0o600)
        try expect(["a=one", "b=one"])
        #expect(try node("a")?.content.mode == Mode(0o600) && node("b")?.content.mode == Mode(0o644))
        #expect(try inode("a") !== inode("b"))
        #expect(try inode("a")?.mode == Mode(0o600) && inode("b")?.mode == Mode(0o644))
    }

    @Test func `an edit of the file meets one of its other name`() throws {
        try meeting.meet({ try $0.write("a", "here") }, { try $0.write("b", "there") })
        try simulation.quiesce()
        #expect(try meeting.conflicts == 1)
        #expect(meeting.share.contains("a=here"))
        #expect(meeting.share.filter { $0.hasSuffix("=there") }.count == 1)
        #expect(meeting.share.filter { $0.hasSuffix("=here") }.count == 2)
    }

    @Test func `a name that goes is a deletion as long as the other one stays`() throws {
        let kept = try node("b")
        try Machine(linked).delete("a")
        try expect(["b=one"])
        #expect(try node("b")?.id == kept?.id)
    }

    @Test func `a name that moves is the same node, and the other one stays`() throws {
        let (a, b) = (try node("a"), try node("b"))
        try Machine(linked).move("a", "c")
        try expect(["b=one", "c=one"])
        #expect(try node("c")?.id == a?.id && node("b")?.id == b?.id)
    }

    @Test func `a deletion that comes for one name leaves the other`() throws {
        try other.delete("a")
        try expect(["b=one"])
        #expect(try inode("b")?.bytes == Array("one".utf8))
    }
}
