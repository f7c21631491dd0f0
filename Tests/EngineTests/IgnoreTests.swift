import SyncCore
import Testing

@testable import Engine
@testable import Simulator

/// What a rule ignores is not carried; what was carried before stays as it is on each side.
struct IgnoreTests {
    private let simulation = try! Simulation(.chaos, agents: 2)  // SAFETY: in memory; a test's own fixture.
    private var ann: Machine { Machine(simulation.agents[0]) }
    private var bea: Machine { Machine(simulation.agents[1]) }

    private func quiet() throws { try simulation.quiesce(comparing: false) }

    /// Paths of one machine, or of the share, directories with a slash, files with what they hold.
    private func things(_ agent: Int?) -> [String] {
        let tree = agent.map { simulation.agents[$0].tree } ?? simulation.hub.share
        return tree.things().map { thing in
            switch thing.content {
            case .directory: "\(thing.path)/"
            case .symlink: "\(thing.path)->"
            case .file(let file):
                "\(thing.path)=\(String(decoding: tree.contents.bytes(of: file.digest) ?? [], as: UTF8.self))"
            }
        }
    }

    @Test func `an ignored name is not sent, the rules are, and hold on the other machine`() throws {
        try ann.write(".syncignore", "*.log\nbuild/")
        try ann.write("a.log", "1")
        try ann.write("a.txt", "1")
        try ann.makeDirectory("build")
        try ann.write("build/out", "1")
        try quiet()
        #expect(things(1) == [".syncignore=*.log\nbuild/", "a.txt=1"])
        #expect(things(nil) == things(1))
        try bea.write("b.log", "2")
        try bea.write("b.txt", "2")
        try quiet()
        #expect(things(nil) == [".syncignore=*.log\nbuild/", "a.txt=1", "b.txt=2"])
        #expect(things(0).contains("a.log=1") && !things(0).contains("b.log=2"))
    }

    @Test func `what programs leave beside a file is not sent before it has its own name`() throws {
        try ann.write("photo.jpg.part", "half")
        try quiet()
        #expect(things(nil) == [])
        try ann.write("photo.jpg.part", "whole")
        try ann.move("photo.jpg.part", "photo.jpg")
        try simulation.quiesce()
        #expect(things(1) == ["photo.jpg=whole"])
    }

    @Test func `what was synced before stays on every side, and goes on when no rule ignores it any more`() throws {
        for name in ["edited.log", "gone.log", "kept.log", "theirs.log"] { try ann.write(name, "1") }
        try simulation.quiesce()
        try ann.write(".syncignore", "*.log")
        try quiet()
        try ann.write("edited.log", "2")
        try ann.delete("gone.log")
        try bea.write("theirs.log", "2")
        try quiet()
        let rest = ["edited.log=1", "gone.log=1", "kept.log=1", "theirs.log=1"]
        #expect(things(nil) == [".syncignore=*.log"] + rest)
        #expect(things(1) == [".syncignore=*.log", "edited.log=1", "gone.log=1", "kept.log=1", "theirs.log=2"])
        #expect(things(0) == [".syncignore=*.log", "edited.log=2", "kept.log=1", "theirs.log=1"])
        let pending = try simulation.agents[0].folder.pending(limit: 10)
        #expect(
            pending.map { "\($0.path): \($0.reason)" }.contains(
                "edited.log: ignored by rule '*.log' (.syncignore line 1)"))
        #expect(pending.allSatisfy { $0.isSkipped })
        // A file that went while it was ignored comes back: its deletion was never meant for the others.
        try bea.write(".syncignore", "")
        try simulation.quiesce()
        #expect(things(0) == [".syncignore=", "edited.log=2", "gone.log=1", "kept.log=1", "theirs.log=2"])
    }

    @Test func `what is too deep is told and not sent until it is moved up, and what is above it is sent`() throws {
        func path(_ count: Int) -> String { Array(repeating: "d", count: count).joined(separator: "/") }
        for count in 1...257 { try ann.makeDirectory(path(count)) }
        try ann.write(path(255) + "/file", "1")
        try quiet()
        #expect(things(1).count == 256 && things(1).last == path(255) + "/file=1")
        let pending = try simulation.agents[0].folder.pending(limit: 10)
        #expect(pending.map { "\($0.path): \($0.reason)" } == ["\(path(256)): \(TreeLimits.reason)"])
        #expect(pending.allSatisfy { $0.isSkipped })
        try ann.move(path(11), "up")
        try simulation.quiesce()
        #expect(things(1).contains("up/" + path(246) + "/"))
        #expect(try simulation.agents[0].folder.pending(limit: 10).isEmpty)
    }

    @Test func `a directory that is moved to where it is too deep comes back, and its files with it`() throws {
        func path(_ name: String, _ count: Int) -> String {
            Array(repeating: name, count: count).joined(separator: "/")
        }
        for count in 1...200 { try ann.makeDirectory(path("u", count)) }
        for count in 1...100 { try ann.makeDirectory(path("l", count)) }
        try ann.write(path("l", 100) + "/file", "1")
        try simulation.quiesce()
        let before = things(nil)
        try ann.move("l", path("u", 200) + "/l")
        try simulation.quiesce()
        #expect(things(nil) == before && before.last == path("u", 200) + "/")
        #expect(try simulation.agents[0].folder.pending(limit: 10).isEmpty)
    }

    @Test func `a folder that is a part of the share knows how deep it is there`() throws {
        func path(_ count: Int) -> String { Array(repeating: "d", count: count).joined(separator: "/") }
        for count in 1...6 { try ann.makeDirectory(path(count)) }
        try ann.write(path(5) + "/file", "1")
        try simulation.agents[0].folder.lies(below: 250)
        try quiet()
        #expect(things(1).last == path(5) + "/file=1" && !things(1).contains(path(6) + "/"))
        try simulation.agents[0].folder.lies(below: 249)
        try simulation.quiesce()
        #expect(things(1).contains(path(6) + "/"))
    }

    @Test func `what is refused as too deep, since a directory above it was moved there, keeps nobody from the rest`()
        throws
    {
        let agent = simulation.agents[0]
        try ann.makeDirectory("d")
        try simulation.quiesce()
        try ann.makeDirectory("d/new")
        try agent.lookAll()
        try #require(try agent.draft(100) == 1)
        let number = try agent.index.nextNumber - 1
        // As a hub answers where d lies deeper by now.
        try agent.folder.absorb(
            [(number, .refused(.tooDeep, current: nil))], head: simulation.hub.journal.head)
        #expect(
            try agent.folder.pending(limit: 10).map { "\($0.path): \($0.reason)" } == ["d/new: \(TreeLimits.reason)"])
        #expect(try agent.folder.nextCommit() == nil)
        for name in ["a", "a/b", "a/b/c", "a/b/c/e", "a/b/c/e/f"] { try ann.makeDirectory(name) }
        try ann.write("a/b/c/e/f/file", "1")
        try quiet()
        #expect(things(1).contains("a/b/c/e/f/file=1") && !things(1).contains("d/new/"))
        // It is moved to where there is room.
        try bea.move("d", "g")
        try simulation.quiesce()
        #expect(things(1).contains("g/new/"))
        #expect(try agent.folder.pending(limit: 10).isEmpty)
    }

    @Test func `below a list with more rules than hold nothing is sent, and it is told of`() throws {
        for name in ["d", "d/e"] { try ann.makeDirectory(name) }
        try ann.write("d/.syncignore", (1...1_001).map { "rule-\($0)\n" }.joined())
        for name in ["rule-1001", "other", "e/other"] { try ann.write("d/" + name, "1") }
        try ann.write("beside", "1")
        try quiet()
        #expect(things(1).filter { !$0.hasPrefix("d/.syncignore") } == ["beside=1", "d/"])
        for agent in simulation.agents {
            let told = try agent.folder.pending(limit: 10).filter { $0.path.description == "d/.syncignore" }
            #expect(told.count == 1 && told.allSatisfy { $0.isSkipped })
            #expect(told.first?.reason.hasPrefix("only the first 1000 rules of it hold, up to line 1000") == true)
        }
        try ann.write("d/.syncignore", "rule-1001")
        try quiet()
        #expect(things(1).contains("d/other=1") && things(1).contains("d/e/other=1"))
        #expect(!things(1).contains("d/rule-1001=1"))
    }

    @Test func `a directory that was deleted elsewhere keeps what is ignored, and does not come back there`() throws {
        try ann.write(".syncignore", "*.o")
        try ann.makeDirectory("src")
        try ann.makeDirectory("src/deep")
        try ann.write("src/a.c", "1")
        try ann.write("src/deep/b.c", "1")
        try quiet()
        try bea.write("src/deep/b.o", "object")
        try quiet()
        try ann.delete("src")
        try quiet()
        #expect(things(nil) == [".syncignore=*.o"])
        #expect(things(0) == [".syncignore=*.o"])
        #expect(things(1) == [".syncignore=*.o", "src/", "src/deep/", "src/deep/b.o=object"])
        // Something that is not ignored brings the directories along.
        try bea.write("src/deep/new.c", "2")
        try quiet()
        #expect(things(0) == [".syncignore=*.o", "src/", "src/deep/", "src/deep/new.c=2"])
        #expect(things(1).contains("src/deep/b.o=object"))
    }

    @Test func `a directory that is made again becomes the one that was left for what is ignored`() throws {
        try ann.write(".syncignore", "*.o")
        try ann.makeDirectory("src")
        try quiet()
        try bea.write("src/b.o", "object")
        try quiet()
        try ann.delete("src")
        try quiet()
        try ann.makeDirectory("src")
        try ann.write("src/a.c", "1")
        try quiet()
        #expect(things(1) == [".syncignore=*.o", "src/", "src/a.c=1", "src/b.o=object"])
        #expect(things(nil) == [".syncignore=*.o", "src/", "src/a.c=1"])
        try ann.delete("src")
        try quiet()
        try ann.write("src", "a file")
        try quiet()
        #expect(things(nil).contains("src=a file"))
        #expect(things(1).contains { $0.hasSuffix("b.o=object") })
        #expect(try simulation.hub.journal.openConflicts().count == 1)
    }

    @Test func `a directory that moves takes what is ignored along, on both sides`() throws {
        try ann.write(".syncignore", "*.o\n/old/private")
        try ann.makeDirectory("old")
        try ann.write("old/a.c", "1")
        try ann.write("old/private", "hers")
        try quiet()
        try bea.write("old/b.o", "object")
        try quiet()
        try ann.move("old", "new")
        try quiet()
        #expect(things(1).contains("new/b.o=object") && things(1).contains("new/a.c=1"))
        // Where the rule does not hold any more it is sent.
        #expect(things(1).contains("new/private=hers"))
    }

    @Test func `rules of a deeper directory win, and a directory's own list goes with it`() throws {
        try ann.write(".syncignore", "*.log")
        try ann.makeDirectory("d")
        try ann.write("d/.syncignore", "*.tmp\n!keep.log")
        try ann.write("d/keep.log", "1")
        try ann.write("d/x.log", "1")
        try ann.write("d/x.tmp", "1")
        try ann.write("x.tmp", "1")
        try quiet()
        #expect(
            things(nil) == [
                ".syncignore=*.log", "d/", "d/.syncignore=*.tmp\n!keep.log", "d/keep.log=1", "x.tmp=1",
            ])
        try ann.delete("d/.syncignore")
        try quiet()
        #expect(things(nil).contains("d/x.tmp=1"))
        let rule = try simulation.agents[0].folder.ignoring(
            at: RelativePath(bytes: Array("d/x.log".utf8)), isDirectory: false)
        #expect(rule.map { "\($0)" } == "ignored by rule '*.log' (.syncignore line 1)")
    }

    @Test func `what is ignored here and in the way of the hub's file stays, with a reason, until it is moved`() throws
    {
        try ann.write(".syncignore", "build/")
        try quiet()
        try bea.makeDirectory("build")
        try bea.write("build/out", "1")
        try ann.write("build", "a file")
        for _ in 0..<4 { for agent in simulation.agents { try simulation.pass(agent) } }
        let pending = try simulation.agents[1].folder.pending(limit: 10)
        let plan = try simulation.agents[1].folder.plan()
        #expect(plan.map(\.act.deed) == [.wait] && plan.map(\.reason) == pending.map(\.reason))
        #expect(
            pending.map(\.reason) == [
                "what lies here under that name is in its way, and is ignored by rule 'build/' (.syncignore line 1); "
                    + "move it away"
            ])
        #expect(!simulation.agents[1].folder.isLooking)
        #expect(things(1).contains("build/out=1"))
        try bea.move("build", "elsewhere")
        try quiet()
        #expect(things(1).contains("build=a file"))
        #expect(things(0).contains("elsewhere/out=1"))
    }

    @Test func `a node at the hub that is ignored here does not come, and does not keep the cursor`() throws {
        try bea.write("x.log", "1")
        simulation.agents[0].isConnected = false
        try ann.write(".syncignore", "*.log")
        try simulation.pass(simulation.agents[1])
        simulation.agents[0].isConnected = true
        try quiet()
        #expect(!things(0).contains("x.log=1"))
        #expect(things(nil).contains("x.log=1"))
        let index = simulation.agents[0].index
        #expect(try index.applied == simulation.hub.journal.head)
        try ann.write(".syncignore", "")
        try simulation.quiesce()
        #expect(things(0).contains("x.log=1"))
    }
}
