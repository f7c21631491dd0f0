import SyncCore
import Testing

@testable import Simulator

/// Histories in which a disk or a database refused a step, shrunk, by what was wrong; and others that were found with them.
struct FailingStepTests {
    @Test func `a directory that was moved into another of the name that it has at the hub gives way to that`() throws {
        try Simulation.run(
            #require(
                History(
                    """
                    failing 2
                    1 user 3674603917301606998
                    0 user 5903027580366193190
                    1 user 16245642330139063369
                    0 quiesce 3246359591251433000
                    1 user 10874584485023432894
                    0 user 3299454062604639503
                    0 user 1348819075204596159
                    1 user 7715948565544595396
                    1 user 18078739878547298040
                    """)))
    }

    @Test func `of two files with the same bytes the one that was edited since is not taken for the other`() throws {
        try Simulation.run(
            #require(
                History(
                    """
                    failing 2
                    1 user 16633141140480310422
                    0 quiesce 17769076790096879048
                    1 user 4362295193405494638
                    0 phone 1210247802194815385
                    0 quiesce 13343160996600565407
                    0 user 17820528202782580016
                    1 user 7329362665489475219
                    0 user 12006955515814692312
                    1 failCommits 4765171330496383799
                    1 phoneInterlopes 9656868847269148758
                    0 user 10339184720207272961
                    1 user 6286508733507604505
                    1 user 5748667653110014416
                    """)))
    }

    @Test func `what was moved on before a crash is not what its user makes of the name that it had`() throws {
        try Simulation.run(
            #require(
                History(
                    """
                    starts 2
                    0 user 8575537320440087138
                    0 quiesce 4226762000762084508
                    1 user 4097099913247830087
                    1 sync 7082475210656181602
                    1 user 17344962125124946274
                    1 user 9697670689400790344
                    0 user 15346315026780657153
                    0 user 11013609674747778253
                    0 sync 13621554314796563530
                    0 sync 3296699539323335494
                    0 user 16114195294767277442
                    0 user 8212841917796132079
                    0 crashSoon 2357668107109531272
                    1 sync 13025220201331734225
                    0 user 1011763407721937966
                    0 sync 1221961992540804383
                    0 user 564774639323234929
                    """)))
    }

    @Test func `a directory that could not be listed, and has given its name up to another, is listed`() throws {
        try Simulation.run(
            #require(
                History(
                    """
                    failing 3
                    0 user 6054459561331289826
                    2 user 15696932962952995994
                    2 user 10876567477033616717
                    0 quiesce 14965990440602342136
                    2 user 1398739619917523273
                    2 user 16962881656482667281
                    2 user 9982651414426662227
                    0 quiesce 9152677591171095760
                    1 user 9684219834737295924
                    2 user 4416863207054395532
                    2 user 9662480941486763963
                    0 phone 185532799893627069
                    2 failTree 7682985758042595968
                    1 sync 3796667760174008557
                    2 user 8812795560912088218
                    2 user 12160808591125174586
                    2 interlope 10869898606342314003
                    2 interlope 5735925380512862478
                    """)))
    }

    /// The process dies at one step of that; then the user makes something of the old name, and maybe changes what was moved.
    @Test(arguments: [("a", "b"), ("b", "a")], [false, true])
    func `what was moved on before a crash is found, whichever of its names is looked at first`(
        names: (old: String, new: String), isEdited: Bool
    ) throws {
        var deaths = 0
        for step in 0..<30 {
            let simulation = try Simulation(.starts, agents: 2)
            let (here, there) = (simulation.agents[0], simulation.agents[1])
            try Machine(here).write(names.old, "one")
            try simulation.quiesce()
            let node = try simulation.hub.journal.node(at: RelativePath(bytes: Array(names.old.utf8)))?.id
            try Machine(there).move(names.old, names.new)
            try simulation.pass(there)
            here.tree.fuse = step
            do { try simulation.pass(here) } catch is Crash {}
            here.tree.fuse = nil
            guard here.tree.things().map({ "\($0.path)" }) == [names.new], try here.index.intent(of: node!) != nil
            else { continue }
            deaths += 1
            try Machine(here).write(names.old, "other")
            if isEdited { try Machine(here).write(names.new, "changed") }
            try here.restart()
            try simulation.quiesce()
            #expect(simulation.hub.share.things().map { "\($0.path)" } == ["a", "b"])
            #expect(try simulation.hub.journal.node(at: RelativePath(bytes: Array(names.new.utf8)))?.id == node)
            #expect(try simulation.hub.journal.openConflicts().isEmpty)
        }
        #expect(deaths > 0)
    }

    /// Node `b` is moved into the new directory `a` here, and at the hub it is `a`.
    @Test(arguments: Meeting.Course.allCases)
    func `who moves a directory to a name meets who moves it into a new one of that name`(
        course: Meeting.Course
    ) throws {
        let meeting = try Meeting(course) {
            try $0.makeDirectory("b")
            try $0.write("b/f", "bytes")
        }
        try meeting.meet({ try $0.move("b", "a") }) {
            try $0.makeDirectory("a")
            try $0.move("b", "a/inner")
        }
        #expect(meeting.share.contains { $0.hasSuffix("/f=bytes") })
        #expect(try meeting.conflicts == 0)
    }

    @Test func `directories that could not be watched are looked at from time to time`() throws {
        let simulation = try Simulation(.failing, agents: 2)
        let (here, there) = (simulation.agents[0], simulation.agents[1])
        try simulation.quiesce()
        try here.restart()
        here.tree.trouble.begin(after: 0, failing: 1)
        try here.lookAll()
        #expect(here.folder.unwatched == [.root])
        try Machine(here).write("f", "bytes")
        try simulation.quiesce()
        #expect(there.tree.things().map { "\($0.path)" } == ["f"])
    }

    /// One step fails while the directory is found, and another while something else is found where it was.
    @Test(arguments: 0..<7, 0..<7)
    func `what could not be looked at is looked at where it was moved to`(first: Int, second: Int) throws {
        let simulation = try Simulation(.failing, agents: 2)
        let (here, there) = (simulation.agents[0], simulation.agents[1])
        func pass(_ agent: SimulatedAgent) throws {
            do { try simulation.pass(agent) } catch let error where Trouble.isCause(of: error) {}
        }
        try Machine(here).makeDirectory("d")
        try Machine(here).write("d/f", "bytes")
        here.tree.trouble.begin(after: first, failing: 1)
        try pass(here)
        try pass(there)
        try Machine(there).move("d", "e")
        try pass(there)
        try pass(here)
        let old = here.tree.things().first { "\($0.path)" == "d" }
        if old == nil { try Machine(here).write("d", "other") }
        here.tree.trouble.begin(after: second, failing: 1)
        try pass(here)
        try simulation.quiesce()
        #expect(there.tree.things().contains { "\($0.path)".hasSuffix("/f") })
        #expect(try here.index.troubles().isEmpty)
    }

    /// At each step on a disk, and at each COMMIT, of what the hub and an agent do to take a change over.
    @Test(arguments: [Step.Act.failCommits, .failShare, .failTree], 0..<40)
    func `one step that fails, whichever it is, loses nothing and makes no conflict`(act: Step.Act, after: Int) throws {
        let simulation = try Simulation(.failing, agents: 2)
        let (here, there) = (simulation.agents[0], simulation.agents[1])
        for (path, text) in [("edited", "one"), ("moved", "two"), ("deleted", "three")] {
            try Machine(here).write(path, text)
        }
        try simulation.quiesce()
        try Machine(here).makeDirectory("d")
        try Machine(here).move("moved", "d/there")
        try Machine(here).write("edited", "four")
        try Machine(here).delete("deleted")
        try Machine(here).write("new", "five")
        switch act {
        case .failShare: simulation.hub.disk.trouble.begin(after: after, failing: 1)
        case .failTree: there.tree.trouble.begin(after: after, failing: 1)
        default: CommitTrouble.begin(after: after, failing: 1)
        }
        for agent in [here, there] {
            do { try simulation.pass(agent) } catch let error where Trouble.isCause(of: error) {}
        }
        try simulation.quiesce()
        let share = simulation.hub.share
        let held = share.things().compactMap { thing in
            thing.content.file.map {
                "\(thing.path)=\(String(decoding: share.contents.bytes(of: $0.digest) ?? [], as: UTF8.self))"
            }
        }
        #expect(held == ["d/there=two", "edited=four", "new=five"])
        #expect(simulation.hub.versions.count == 2)
        #expect(try simulation.hub.journal.openConflicts().isEmpty)
    }
}
