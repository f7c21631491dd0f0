import Engine
import Index
@testable import Simulator
import SyncCore
import Testing

/// Folders that send only or receive only, with the real engine, journal and merge rules over trees in memory.
struct ModesTests {
    /// Somebody in two-way mode, and a folder of the mode that is looked at.
    final class Pair {
        let clock = Clock(World())
        let contents = Contents()
        let hub: SimulatedHub
        let other: SimulatedAgent
        let mine: SimulatedAgent

        init(_ mode: SyncMode) throws {
            hub = try SimulatedHub(clock: clock, contents: contents)
            other = try SimulatedAgent(0, hub: hub, clock: clock, contents: contents)
            mine = try SimulatedAgent(1, hub: hub, clock: clock, contents: contents, mode: mode)
        }

        /// Passes until nothing happens any more.
        func settle() throws {
            for _ in 0..<6 {
                for agent in [other, mine] { try pass(agent) }
            }
        }

        func pass(_ agent: SimulatedAgent) throws {
            clock.now += 10_000_000_000
            try agent.lookAll()
            try agent.hashAgain()
            try agent.takeHashes()
            for _ in 0..<4 {
                try agent.hash(100)
                try agent.takeHashes()
                try agent.draft(100)
                try agent.send(loses: false)
                try agent.takeAnswer()
            }
            try agent.askForPage(100)
            try agent.takePage()
            for _ in 0..<3 {
                try agent.fetch(100)
                try agent.place()
            }
            try agent.lookAll()
        }

        /// What waits for nobody, as `unsynced` lists it.
        var skipped: [String] {
            get throws {
                try mine.folder.pending(limit: 100).filter { $0.isSkipped && !$0.isElsewhereOnly }.map {
                    "\($0.isUp ? "up" : "down") \($0.path)"
                }
            }
        }

        /// What is listed and somebody waits for.
        var open: Int { get throws { try mine.folder.pending(limit: 100).count { !$0.isSkipped } } }
    }

    func read(_ tree: MemoryTree) -> [String: String] {
        var found: [String: String] = [:]
        for thing in tree.things() {
            guard let inode = tree.inode(at: thing.path) else { continue }
            found["\(thing.path)"] = inode.kind == .directory ? "/" : String(decoding: inode.bytes, as: UTF8.self)
        }
        return found
    }

    func write(_ text: String, _ path: String, _ agent: SimulatedAgent) throws {
        let path = try RelativePath(bytes: Array(path.utf8))
        if let inode = agent.tree.inode(at: path) {
            inode.bytes = Array(text.utf8)
            inode.mtime = agent.tree.clock.tick()
            inode.ctime = inode.mtime
            return agent.tree.tell(path)
        }
        let file = agent.tree.newInode(.file, mode: Mode(0o644))
        file.bytes = Array(text.utf8)
        agent.tree.link(file, at: path)
    }

    func makeDirectory(_ path: String, _ agent: SimulatedAgent) throws {
        agent.tree.link(
            agent.tree.newInode(.directory, mode: Mode(0o755)), at: try RelativePath(bytes: Array(path.utf8)))
    }

    func remove(_ path: String, _ agent: SimulatedAgent) throws {
        agent.tree.unlink(try RelativePath(bytes: Array(path.utf8)))
    }

    func move(_ from: String, _ to: String, _ agent: SimulatedAgent) throws {
        if let inode = agent.tree.unlink(try RelativePath(bytes: Array(from.utf8))) {
            agent.tree.link(inode, at: try RelativePath(bytes: Array(to.utf8)))
        }
    }

    /// `keep`, `gone`, `edit` and `d/in` on both sides.
    func begin(_ pair: Pair) throws {
        try makeDirectory("d", pair.other)
        for name in ["keep", "gone", "edit", "d/in"] { try write(name, name, pair.other) }
        try pair.settle()
    }

    func joined(_ mode: SyncMode) throws -> Pair {
        // Agreed in two-way mode first, so that both have it.
        let pair = try Pair(.twoWay)
        try begin(pair)
        try pair.mine.restart(mode: mode)
        try pair.settle()
        return pair
    }

    private func reasons(_ pair: Pair) throws -> [String: String] {
        Dictionary(try pair.mine.folder.pending(limit: 100).map { ("\($0.path)", $0.reason) }) { $1 }
    }

    // MARK: - Send only

    @Test func `however much is only at the hub, what a source should know of is listed`() throws {
        let pair = try joined(.sendOnly(deletes: true))
        for number in 0..<30 { try write("new", "new \(number)", pair.other) }
        try pair.settle()
        try write("theirs", "keep", pair.other)
        try move("edit", "moved", pair.other)
        try write("again", "new 7", pair.mine)
        try pair.settle()
        let pending = try pair.mine.folder.pending(limit: 6)
        let listed = pending.filter { !$0.isElsewhereOnly }.map { "\($0.path): \($0.reason)" }
        #expect(
            listed == [
                "keep: changed at the hub; this folder is send-only, so that does not come",
                "moved: lies here as 'edit'; this folder is send-only, so it stays there",
                "new 7: the hub has another one under this name, and this folder is send-only, so that does not come; "
                    + "what lies here is 'new 7 (conflict D u1)' there",
                "new 7 (conflict D u1): lies here as 'new 7'; this folder is send-only, so it stays there",
            ])
        #expect(pending.count == 6 && pending.allSatisfy(\.isSkipped))
    }

    @Test func `a source sends what it has, takes nothing, and is in sync`() throws {
        let pair = try joined(.sendOnly(deletes: true))
        let before = read(pair.mine.tree)
        try write("theirs", "edit", pair.other)
        try write("new", "new", pair.other)
        try remove("gone", pair.other)
        try pair.settle()
        #expect(read(pair.mine.tree) == before)
        #expect(try pair.skipped == ["down edit", "down gone"] && pair.open == 0)
        #expect(try reasons(pair)["new"] == "only at the hub; this folder is send-only, so it does not come")
        #expect(try pair.mine.index.applied == pair.hub.journal.head)
        try write("mine", "mine", pair.mine)
        try write("kept", "keep", pair.mine)
        try remove("d/in", pair.mine)
        try pair.settle()
        let share = read(pair.hub.share)
        #expect(share == read(pair.other.tree))
        #expect(share == ["d": "/", "keep": "kept", "edit": "theirs", "new": "new", "mine": "mine"])
    }

    @Test func `an edit of the source that meets another is a copy at the hub, and stays what it is here`() throws {
        let pair = try joined(.sendOnly(deletes: true))
        try write("theirs", "edit", pair.other)
        try pair.pass(pair.other)
        try write("mine", "edit", pair.mine)
        try pair.settle()
        let share = read(pair.hub.share)
        #expect(share["edit"] == "theirs" && share["edit (conflict D u1)"] == "mine")
        #expect(read(pair.mine.tree)["edit"] == "mine" && read(pair.mine.tree).count == 5)
        #expect(
            try reasons(pair) == [
                "edit":
                    "the hub has another one under this name, and this folder is send-only, so that does not come; what "
                    + "lies here is 'edit (conflict D u1)' there",
                "edit (conflict D u1)": "lies here as 'edit'; this folder is send-only, so it stays there",
            ])
        #expect(try pair.skipped == ["down edit", "down edit (conflict D u1)"] && pair.open == 0)
        // It goes on with its own copy.
        try write("mine again", "edit", pair.mine)
        try pair.settle()
        #expect(read(pair.hub.share)["edit (conflict D u1)"] == "mine again")
        #expect(read(pair.hub.share)["edit"] == "theirs")
    }

    @Test func `a source that keeps: what is deleted stays at the hub, and made again it is an edit`() throws {
        let pair = try joined(.sendOnly(deletes: false))
        try remove("gone", pair.mine)
        try remove("d/in", pair.mine)
        try remove("d", pair.mine)
        try pair.settle()
        #expect(read(pair.hub.share)["gone"] == "gone" && read(pair.hub.share)["d/in"] == "d/in")
        #expect(try pair.skipped == ["up d", "up d/in", "up gone"] && pair.open == 0)
        try write("again", "gone", pair.mine)
        try makeDirectory("d", pair.mine)
        try write("again too", "d/in", pair.mine)
        try pair.settle()
        let share = read(pair.hub.share)
        #expect(share["gone"] == "again" && share["d/in"] == "again too" && share.count == 5)
        #expect(try pair.skipped.isEmpty)
    }

    @Test func `what a source makes under a name that its own file moved to at the hub does not cost it the file`()
        throws
    {
        let pair = try joined(.sendOnly(deletes: true))
        try move("edit", "moved", pair.other)
        try pair.pass(pair.other)
        try write("edit", "moved", pair.mine)
        try pair.settle()
        let mine = read(pair.mine.tree)
        #expect(mine["edit"] == "edit" && mine["moved"] == "edit")
        #expect(read(pair.hub.share)["edit"] == "edit" && read(pair.hub.share)["moved"] == "edit")
    }

    // MARK: - Receive only

    @Test func `a follower takes what others do and sends nothing`() throws {
        let pair = try joined(.receiveOnly)
        try write("mine", "mine", pair.mine)
        try write("changed", "keep", pair.mine)
        try remove("gone", pair.mine)
        try move("d/in", "moved", pair.mine)
        try write("theirs", "edit", pair.other)
        try write("new", "d/new", pair.other)
        try pair.settle()
        let share = read(pair.hub.share)
        #expect(share == ["d": "/", "d/in": "d/in", "d/new": "new", "edit": "theirs", "gone": "gone", "keep": "keep"])
        #expect(
            read(pair.mine.tree) == [
                "d": "/", "d/new": "new", "edit": "theirs", "keep": "changed", "mine": "mine", "moved": "d/in",
            ])
        #expect(try pair.skipped == ["up gone", "up keep", "up mine", "up moved"] && pair.open == 0)
        #expect(try pair.mine.index.applied == pair.hub.journal.head)
    }

    @Test func `where a local change stands in the way, the hub's version comes and the local one lies beside it`()
        throws
    {
        let pair = try joined(.receiveOnly)
        try write("mine", "edit", pair.mine)
        try write("my new", "new", pair.mine)
        try write("same", "same", pair.mine)
        try pair.settle()
        try write("theirs", "edit", pair.other)
        try write("their new", "new", pair.other)
        try write("same", "same", pair.other)
        try pair.settle()
        let mine = read(pair.mine.tree)
        #expect(mine["edit"] == "theirs" && mine["edit (conflict D u1)"] == "mine")
        #expect(mine["new"] == "their new" && mine["new (conflict D u1)"] == "my new")
        #expect(mine["same"] == "same" && mine.count == 9)
        #expect(try pair.skipped == ["up edit (conflict D u1)", "up new (conflict D u1)"] && pair.open == 0)
        #expect(read(pair.hub.share).count == 7)
    }

    @Test func `what the hub deletes goes, but what was changed or made here stays`() throws {
        let pair = try joined(.receiveOnly)
        try write("mine", "edit", pair.mine)
        try write("my own", "d/own", pair.mine)
        try move("gone", "elsewhere", pair.mine)
        try pair.settle()
        for path in ["edit", "gone", "keep", "d/in", "d"] { try remove(path, pair.other) }
        try pair.settle()
        #expect(read(pair.hub.share).isEmpty)
        #expect(read(pair.mine.tree) == ["edit": "mine", "d": "/", "d/own": "my own"])
        #expect(try pair.skipped == ["up d", "up d/own", "up edit"] && pair.open == 0)
        #expect(try pair.mine.index.applied == pair.hub.journal.head)
    }

    @Test func `what was deleted here comes back when the hub has something new for it`() throws {
        let pair = try joined(.receiveOnly)
        for path in ["gone", "d/in", "d"] { try remove(path, pair.mine) }
        try pair.settle()
        #expect(try pair.skipped == ["up d", "up d/in", "up gone"])
        try write("new", "d/new", pair.other)
        try write("changed", "gone", pair.other)
        try pair.settle()
        #expect(
            read(pair.mine.tree) == ["d": "/", "d/new": "new", "edit": "edit", "gone": "changed", "keep": "keep"])
        #expect(try pair.skipped == ["up d/in"] && pair.open == 0)
    }

    @Test func `the hub's move of a file that was changed here moves it, and its mode is not its business`() throws {
        let pair = try joined(.receiveOnly)
        try write("mine", "edit", pair.mine)
        try pair.settle()
        try move("edit", "moved", pair.other)
        let path = try RelativePath(bytes: Array("moved".utf8))
        pair.other.tree.inode(at: path)?.mode = Mode(0o600)
        try pair.settle()
        #expect(read(pair.mine.tree)["moved"] == "mine" && read(pair.mine.tree)["edit"] == nil)
        #expect(read(pair.hub.share)["moved"] == "edit")
        #expect(try pair.skipped == ["up moved"] && pair.open == 0)
    }

    @Test func `a directory in the place of a file gives way`() throws {
        let pair = try joined(.receiveOnly)
        try remove("edit", pair.mine)
        try makeDirectory("edit", pair.mine)
        try write("inside", "edit/inside", pair.mine)
        try pair.settle()
        try write("theirs", "edit", pair.other)
        try pair.settle()
        let mine = read(pair.mine.tree)
        #expect(mine["edit"] == "theirs" && mine["edit (conflict D u1)/inside"] == "inside")
        #expect(try pair.open == 0)
    }

    @Test func `a follower that joins with files of its own takes the same for the same`() throws {
        let pair = try Pair(.receiveOnly)
        try makeDirectory("d", pair.mine)
        try write("same", "d/same", pair.mine)
        try write("mine", "d/other", pair.mine)
        try makeDirectory("d", pair.other)
        try write("same", "d/same", pair.other)
        try write("theirs", "d/other", pair.other)
        try pair.settle()
        #expect(
            read(pair.mine.tree) == [
                "d": "/", "d/same": "same", "d/other": "theirs", "d/other (conflict D u1)": "mine",
            ])
        #expect(try pair.skipped == ["up d/other (conflict D u1)"] && pair.open == 0)
        #expect(read(pair.hub.share).count == 3)
    }

    // MARK: - Another mode

    @Test func `a follower that becomes two-way sends what is different and deletes nothing`() throws {
        let pair = try joined(.receiveOnly)
        try write("mine", "mine", pair.mine)
        try write("changed", "keep", pair.mine)
        try remove("gone", pair.mine)
        try pair.settle()
        // Deleted while nothing ran, before the mode was changed or after: nobody can tell.
        try remove("d/in", pair.mine)
        try pair.mine.restart(mode: .twoWay)
        try pair.settle()
        let expected = [
            "d": "/", "d/in": "d/in", "edit": "edit", "gone": "gone", "keep": "changed", "mine": "mine",
        ]
        #expect(read(pair.hub.share) == expected)
        #expect(read(pair.mine.tree) == expected && read(pair.other.tree) == expected)
        try remove("gone", pair.mine)
        try pair.settle()
        #expect(read(pair.other.tree)["gone"] == nil)
    }

    @Test func `a source that becomes two-way takes what others did, and what they deleted comes back`() throws {
        let pair = try joined(.sendOnly(deletes: true))
        try remove("gone", pair.other)
        try write("theirs", "edit", pair.other)
        try write("new", "new", pair.other)
        try pair.settle()
        try pair.mine.restart(mode: .twoWay)
        try pair.settle()
        let expected = ["d": "/", "d/in": "d/in", "edit": "theirs", "gone": "gone", "keep": "keep", "new": "new"]
        #expect(read(pair.mine.tree) == expected && read(pair.other.tree) == expected)
        #expect(read(pair.hub.share) == expected)
    }

    // MARK: - Overwriting

    @Test func `a source overwrites the hub with what it has, whatever others did`() throws {
        let pair = try joined(.sendOnly(deletes: true))
        try write("theirs", "edit", pair.other)
        try write("new", "new", pair.other)
        try remove("gone", pair.other)
        try move("keep", "moved", pair.other)
        try pair.pass(pair.other)
        try write("mine", "edit", pair.mine)
        try pair.settle()
        #expect(read(pair.hub.share)["edit (conflict D u1)"] == "mine")
        try pair.mine.folder.overwrite()
        try pair.settle()
        let expected = ["d": "/", "d/in": "d/in", "edit": "mine", "gone": "gone", "keep": "keep"]
        #expect(read(pair.mine.tree) == expected)
        #expect(read(pair.hub.share) == expected && read(pair.other.tree) == expected)
        #expect(pair.hub.holds(pair.contents.digest(of: Array("theirs".utf8))))
        #expect(try pair.skipped.isEmpty)
    }

    @Test func `a folder is overwritten with what the hub has, and its own goes into the trash`() throws {
        let pair = try joined(.receiveOnly)
        try write("mine", "edit", pair.mine)
        try makeDirectory("own", pair.mine)
        try write("own", "own/file", pair.mine)
        try remove("gone", pair.mine)
        try move("keep", "own/moved", pair.mine)
        try pair.settle()
        try pair.mine.folder.overwrite()
        try pair.settle()
        let expected = ["d": "/", "d/in": "d/in", "edit": "edit", "gone": "gone", "keep": "keep"]
        #expect(read(pair.mine.tree) == expected && read(pair.hub.share) == expected)
        let trash = pair.mine.tree.trashed.map { "\($0.0) \(String(decoding: $0.1, as: UTF8.self))" }
        #expect(Set(trash) == ["edit mine", "own/file own"])
        #expect(try pair.skipped.isEmpty && pair.open == 0)
    }
}
