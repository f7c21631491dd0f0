import FileTree
import Glibc
import Index
import SyncCore
import TestSupport
import Testing

@testable import Agent

/// What goes into the folder's trash, and how long it stays.
struct TrashTests {
    private let directory = TemporaryDirectory()
    private let root: TreeRoot
    private let trash: Trash

    init() throws {
        root = try TreeRoot(path: directory.path)
        trash = Trash(in: root)
    }

    private func path(_ text: String) throws -> RelativePath { try RelativePath(bytes: Array(text.utf8)) }

    private func take(_ text: String) throws -> Bool {
        let status = try #require(try root.status(of: path(text)))
        guard case .taken = try trash.take(path(text), expecting: status.fingerprint) else { return false }
        return true
    }

    private func names(_ below: String = "") -> [String] { directory.names(in: ".synchub/trash" + below) }

    @Test func `it keeps its path, and replaces nothing there`() throws {
        directory.makeDirectory("d")
        for text in ["one", "two", "three"] {
            directory.write(text, to: "d/f.txt")
            #expect(try take("d/f.txt"))
        }
        #expect(names("/d") == ["f (2).txt", "f (3).txt", "f.txt"])
        #expect(directory.read(".synchub/trash/d/f.txt").map { String(decoding: $0, as: UTF8.self) } == "one")
        #expect(directory.names(in: "d") == [])
    }

    @Test func `a directory finds its place where a file has its name`() throws {
        directory.write("a file", to: "d")
        #expect(try take("d"))
        directory.makeDirectory("d")
        directory.write("inside", to: "d/f")
        #expect(try take("d/f"))
        try trash.makeDirectory(path("d"))
        #expect(names() == ["d", "d (2)"])
        #expect(names("/d (2)") == ["f"])
    }

    @Test func `what was changed since stays where it is`() throws {
        directory.write("one", to: "f")
        let status = try #require(try root.status(of: path("f")))
        directory.write("other", to: "f")
        guard case .unexpected = try trash.take(path("f"), expecting: status.fingerprint) else {
            Issue.record("it was taken")
            return
        }
        #expect(directory.names(in: "").contains("f") && names() == [])
    }

    @Test func `what is still as it was met goes, and directories that hold nothing`() throws {
        directory.makeDirectory("d")
        for name in ["d/old", "d/other"] { directory.write(name, to: name) }
        #expect(try take("d/old") && take("d/other"))
        try trash.makeDirectory(path("empty"))
        let met = try trash.contents()
        #expect(met.count == 2)
        directory.write("written in the trash", to: ".synchub/trash/d/other")
        #expect(try trash.clean(met) == [path(".synchub/trash/d/old")])
        #expect(names("/d") == ["other"] && names() == ["d"])
        #expect(try trash.clean(trash.contents()).count == 1)
        #expect(names() == [])
    }

    // MARK: - For how long

    /// A time that a test lets pass.
    private final class Uptime: @unchecked Sendable {
        // SAFETY: used on the one thread of its test.
        private var value: Nanoseconds = 5
        func pass(days: Int64) { value += days * 86_400_000_000_000 }
        var read: @Sendable () -> Nanoseconds { { self.value } }
    }

    private func look(_ keeper: inout TrashKeeper, _ index: FolderIndex) throws -> Int {
        try keeper.note(in: index)
        return try keeper.look(in: root, index)
    }

    @Test func `what has lain there for the days in which agents have run goes, over restarts too`() throws {
        let index = try FolderIndex.memory(newGeneration: "g"), uptime = Uptime()
        directory.write("one", to: "one")
        #expect(try take("one"))
        var keeper = try TrashKeeper(index, days: 30, uptime: uptime.read)
        #expect(try look(&keeper, index) == 0)
        uptime.pass(days: 20)
        // Looked at by the process before it ended; another one goes on.
        #expect(try look(&keeper, index) == 0)
        directory.write("two", to: "two")
        #expect(try take("two"))
        keeper = try TrashKeeper(index, days: 30, uptime: uptime.read)
        #expect(try look(&keeper, index) == 0)
        uptime.pass(days: 9)
        #expect(try look(&keeper, index) == 0)
        uptime.pass(days: 1)
        #expect(try look(&keeper, index) == 1)
        #expect(names() == ["two"])
        uptime.pass(days: 20)
        #expect(try look(&keeper, index) == 1)
        #expect(try names() == [] && index.trashAges().records.isEmpty)
    }

    @Test
    func
        `what no agent was there for does not count, and what lies there without a record counts from when it is found`()
        throws
    {
        directory.write("one", to: "one")
        #expect(try take("one"))
        let index = try FolderIndex.memory(newGeneration: "g"), uptime = Uptime()
        // 29 days are noted; the process dies, and the machine is off for a year.
        var keeper = try TrashKeeper(index, days: 30, uptime: uptime.read)
        #expect(try look(&keeper, index) == 0)
        uptime.pass(days: 29)
        try keeper.note(in: index)
        uptime.pass(days: 365)
        keeper = try TrashKeeper(index, days: 30, uptime: uptime.read)
        #expect(try look(&keeper, index) == 0)
        // The index is lost.
        let other = try FolderIndex.memory(newGeneration: "h")
        try other.noteRunning(1_000_000_000)
        keeper = try TrashKeeper(other, days: 30, uptime: uptime.read)
        #expect(try look(&keeper, other) == 0)
        uptime.pass(days: 30)
        #expect(try look(&keeper, other) == 1)
    }

    @Test func `another thing under the same name counts anew`() throws {
        let index = try FolderIndex.memory(newGeneration: "g"), uptime = Uptime()
        directory.write("one", to: "f")
        #expect(try take("f"))
        var keeper = try TrashKeeper(index, days: 30, uptime: uptime.read)
        _ = try look(&keeper, index)
        uptime.pass(days: 29)
        // Brought back by hand, and deleted once more.
        unlink(directory.path(".synchub/trash/f"))
        directory.write("the second one", to: "f")
        #expect(try take("f"))
        _ = try look(&keeper, index)
        uptime.pass(days: 29)
        #expect(try look(&keeper, index) == 0)
        uptime.pass(days: 1)
        #expect(try look(&keeper, index) == 1)
    }
}
