import SyncCore
import Testing

@testable import Engine
@testable import Simulator

/// What is renamed to below a `.syncignore` that cannot be read is not taken in there. It was not deleted either, wherever it came
/// from, however deep it lies, and whether anybody saw it go.
struct UnseenTests {
    private let simulation = try! Simulation(.chaos, agents: 2)  // SAFETY: in memory; a test's own fixture.
    private var agent: SimulatedAgent { simulation.agents[0] }
    private var ann: Machine { Machine(simulation.agents[0]) }

    /// Both have what `before` makes and the directories `d/sub` with a list in `d`; then that cannot be read at the first machine.
    private func closeList(_ before: () throws -> Void) throws {
        for name in ["d", "d/sub"] { try ann.makeDirectory(name) }
        try ann.write("d/.syncignore", "")
        try before()
        try simulation.quiesce()
        try ann.close("d/.syncignore")
        try simulation.live()
    }

    private var share: [String: NodeID] {
        get throws {
            try Dictionary(
                uniqueKeysWithValues: simulation.hub.share.things().map { thing in
                    let node = try #require(try simulation.hub.journal.node(at: thing.path))
                    return ("\(thing.path)", node.id)
                })
        }
    }

    /// How the machine hears of what its user does.
    enum Hearing: CaseIterable {
        case live, stopped, stoppedBefore, stoppedAfter
    }

    /// Its user works, and the agent runs or not.
    private func work(_ hearing: Hearing, _ steps: [() throws -> Void]) throws {
        if hearing == .stoppedBefore { try agent.restart() }
        if hearing != .stopped { try simulation.live() }
        for step in steps {
            try step()
            if hearing != .stopped { try simulation.live() }
        }
        if hearing == .stopped || hearing == .stoppedAfter { try agent.restart() }
        try simulation.live()
    }

    @Test(arguments: Hearing.allCases, [SyncMode.twoWay, .sendOnly(deletes: true)])
    func `what lay in a directory that was emptied into such a one and removed is not deleted`(
        hearing: Hearing, mode: SyncMode
    ) throws {
        try closeList {
            for name in ["from", "from/deep"] { try ann.makeDirectory(name) }
            for name in ["from/a", "from/deep/b"] { try ann.write(name, name) }
        }
        try agent.restart(mode: mode)
        try simulation.live()
        let before = try share
        try work(
            hearing,
            [
                {
                    try ann.move("from/a", "d/a")
                    try ann.move("from/deep/b", "d/sub/b")
                }, { try ann.delete("from") },
            ])
        #expect(try share == before)
        try ann.open("d/.syncignore")
        try agent.lookAgain()
        try simulation.quiesce(comparing: mode == .twoWay)
        let after = try share
        #expect(after["d/a"] == before["from/a"] && after["d/sub/b"] == before["from/deep/b"])
        #expect(after.count == before.count - 2 && after["from"] == nil)
    }

    /// Where something is renamed to, and by what steps.
    enum Way: CaseIterable {
        case known, new, later
    }

    @Test(arguments: Hearing.allCases, Way.allCases)
    func `what is renamed to deep below such a list is not deleted`(hearing: Hearing, way: Way) throws {
        try closeList {
            try ann.makeDirectory("tree")
            for name in ["file", "tree/f"] { try ann.write(name, name) }
        }
        let before = try share
        let names = ["file", "tree"]
        switch way {
        case .known: try work(hearing, [{ for name in names { try ann.move(name, "d/sub/\(name)") } }])
        case .new:
            try work(
                hearing,
                [{ try ann.makeDirectory("d/new") }, { for name in names { try ann.move(name, "d/new/\(name)") } }])
        case .later:
            try work(
                hearing,
                [
                    { for name in names { try ann.move(name, "d/\(name)") } }, { try ann.makeDirectory("d/new") },
                    { for name in names { try ann.move("d/\(name)", "d/new/\(name)") } },
                ])
        }
        #expect(try share == before)
        try ann.open("d/.syncignore")
        try agent.lookAgain()
        try simulation.quiesce()
        let (after, place) = (try share, way == .known ? "d/sub" : "d/new")
        for (new, old) in [("file", "file"), ("tree", "tree"), ("tree/f", "tree/f")] {
            #expect(after["\(place)/\(new)"] == before[old] && after[old] == nil)
        }
    }

    @Test(arguments: Hearing.allCases) func `what is gone from there, too, was deleted`(hearing: Hearing) throws {
        try closeList { for name in ["a", "b", "kept"] { try ann.write(name, name) } }
        try work(
            hearing,
            [
                { for name in ["a", "b"] { try ann.move(name, "d/sub/\(name)") } },
                {
                    try ann.delete("d/sub/a")
                    try ann.delete("kept")
                },
            ])
        #expect(try Set(share.keys) == ["b", "d", "d/.syncignore", "d/sub"])
        try ann.delete("d/sub/b")
        try simulation.live()
        #expect(try Set(share.keys) == ["d", "d/.syncignore", "d/sub"])
    }

    @Test func `what lies below two such lists waits for both`() throws {
        try closeList {
            try ann.write("a", "a")
            try ann.write("d/sub/.syncignore", "")
        }
        try ann.close("d/sub/.syncignore")
        let before = try share
        try ann.move("a", "d/sub/a")
        try simulation.live()
        try ann.open("d/.syncignore")
        try simulation.live()
        #expect(try share == before)
        try ann.open("d/sub/.syncignore")
        try simulation.live()
        #expect(try share["d/sub/a"] == before["a"] && share["a"] == nil)
    }

    @Test func `a directory takes its list along, and what lies there stays where nothing is taken in`() throws {
        try closeList { try ann.write("a", "a") }
        try ann.move("d", "e")
        try ann.write("e/new", "new")
        try ann.move("a", "e/sub/a")
        try simulation.live()
        #expect(try Set(share.keys) == ["a", "e", "e/.syncignore", "e/sub"])
        let before = try share
        try ann.open("e/.syncignore")
        try simulation.live()
        #expect(try share["e/sub/a"] == before["a"] && share["a"] == nil && share["e/new"] != nil)
    }

    @Test func `while a directory there cannot be listed, anything may lie in it`() throws {
        try closeList { for name in ["a", "b"] { try ann.write(name, name) } }
        let before = try share
        try ann.close("d/sub")
        try ann.move("a", "d/sub/a")
        try ann.delete("b")
        try simulation.live()
        #expect(try share == before)
        try ann.open("d/sub")
        try simulation.live()
        #expect(try Set(share.keys) == Set(before.keys).subtracting(["b"]))
    }

    /// Whether its bytes were read before it went away, and whether they would travel ahead.
    @Test(arguments: [false, true], [Int64.max, 3])
    func `an edit that nobody was told of waits with its directory, and nobody asks the hub for nothing`(
        isRead: Bool, ahead: Int64
    ) throws {
        agent.folder.ahead.from = ahead
        try closeList {
            try ann.makeDirectory("photos")
            try ann.write("photos/a", "before")
        }
        let before = try share
        agent.isConnected = false
        try ann.write("photos/a", "after")
        try ann.write("photos/new", "new")
        if isRead { try simulation.pass(agent) } else { try agent.lookAll() }
        try ann.move("photos", "d/photos")
        try simulation.pass(agent)
        agent.isConnected = true
        try simulation.live()
        try Machine(simulation.agents[1]).write("photos/theirs", "theirs")
        try simulation.live()
        #expect(try agent.folder.nextCommit() == nil)
        #expect(try agent.folder.firstTravelling { _, _ in true } == nil)
        #expect(try !agent.folder.hasSomethingToSend())
        #expect(try agent.folder.fetches(limit: 9).isEmpty)
        #expect(try Set(share.keys) == Set(before.keys).union(["photos/theirs"]))
        try ann.open("d/.syncignore")
        try agent.lookAgain()
        try simulation.quiesce()
        let after = try share
        #expect(after["d/photos/a"] == before["photos/a"] && after["d/photos"] == before["photos"])
        #expect(after["d/photos/new"] != nil && after["d/photos/theirs"] != nil && after["photos"] == nil)
        #expect(simulation.hub.share.hasFile(simulation.hub.contents.digest(of: Array("after".utf8))))
    }

    @Test func `the disk is asked where a list cannot be read, and only so often where much lies there`() throws {
        try closeList { for name in ["a", "b", "c"] { try ann.write(name, name) } }
        #expect(agent.folder.walked == 0)
        try ann.delete("a")
        try simulation.pass(agent)
        #expect(try share["a"] == nil)
        #expect(agent.folder.walked > 0)
        agent.folder.walked = 60_000
        try ann.delete("b")
        try simulation.pass(agent)
        #expect(try share["b"] != nil && agent.folder.walked == 60_000)
        try simulation.live()
        #expect(try share["b"] == nil)
        try ann.open("d/.syncignore")
        try simulation.live()
        agent.folder.walked = 0
        try ann.delete("c")
        try simulation.live()
        #expect(try share["c"] == nil && agent.folder.walked == 0)
    }
}
