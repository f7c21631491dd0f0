import SyncCore
import Testing

@testable import Index

/// The short way of a file that is new: what it writes is what the long way writes.
@Suite struct ArrivalTests {
    private let index: FolderIndex
    private let stamp = Stamp(device: 1, inode: 77, size: 5, mtime: 1_000, ctime: 2_000, born: 3)

    init() throws {
        index = try FolderIndex.memory(newGeneration: "aa")
        try index.setRoot(stamp: Stamp(device: 1, inode: 2, size: 0, mtime: 0, ctime: 0))
    }

    private func file(mode: UInt16 = 0o644, mtime: Nanoseconds = 1_000, deleted: Bool = false) throws -> Node {
        Node(
            id: NodeID(7), location: Location(parent: .root, name: try Name("f")),
            content: .file(FileContent(digest: .empty, size: 5, mode: Mode(mode), mtime: mtime)),
            contentVersion: Version(3), locationVersion: Version(2), seq: Sequence(9), isDeleted: deleted)
    }

    @Test func `what the hub has, and nobody here knows, arrives`() throws {
        #expect(try index.arrival(NodeID(7)) == nil)
        try index.receive([file()], through: Sequence(9))
        #expect(try index.arrival(NodeID(7)) == file())
    }

    @Test func `what was deleted, was agreed on, or lies here does not arrive`() throws {
        try index.receive([file(deleted: true)], through: Sequence(9))
        #expect(try index.arrival(NodeID(7)) == nil)

        try index.receive([file()], through: Sequence(9))
        try index.transaction {
            try index.setSynced(NodeID(7), SyncedState(file(mtime: 1)))
            #expect(try index.arrival(NodeID(7)) == nil)
            try index.dropSynced(NodeID(7))
        }
        let entry = try index.insertLocal(
            parent: .root, name: try Name("g"), kind: .file, stamp: stamp, mode: Mode(0o644))
        var row = try #require(try index.local(entry))
        row.node = NodeID(7)
        try index.update(row)
        #expect(try index.arrival(NodeID(7)) == nil)
    }

    @Test func `a name is taken until it vanishes`() throws {
        let name = try Name("g")
        #expect(try !index.isTaken(name, in: .root))
        let entry = try index.insertLocal(parent: .root, name: name, kind: .file, stamp: stamp, mode: Mode(0o644))
        #expect(try index.isTaken(name, in: .root))
        #expect(try !index.isTaken(name, in: EntryID(9)))
        var row = try #require(try index.local(entry))
        row.isVanished = true
        try index.update(row)
        #expect(try !index.isTaken(name, in: .root))
    }

    @Test func `what has arrived is on the disk, agreed on and settled`() throws {
        try index.receive([file()], through: Sequence(9))
        try index.settleArrival(file(), in: .root, stamp: stamp, mode: Mode(0o644))
        let row = try #require(try index.local(of: NodeID(7)))
        #expect(try row.content == file().content)
        #expect(row.stamp == stamp && row.parent == .root && row.meantTime == nil)
        #expect(try row.name == Name("f"))
        #expect(try index.synced(NodeID(7)) == SyncedState(file()))
        #expect(try index.remote(NodeID(7)) == nil)
        #expect(try index.unsettledCount == 0)
        #expect(try index.subject(of: .node(NodeID(7)))?.verdict == .settled)
        #expect(try index.applied == Sequence(9))
    }

    @Test func `a time that the file system could only keep in part is no difference, a mode is one`() throws {
        try index.receive([file(mtime: 1_007)], through: Sequence(9))
        try index.settleArrival(file(mtime: 1_007), in: .root, stamp: stamp, mode: Mode(0o644))
        #expect(try index.local(of: NodeID(7))?.meantTime == 1_007)
        #expect(try index.unsettledCount == 0)

        let other = try FolderIndex.memory(newGeneration: "bb")
        try other.setRoot(stamp: stamp)
        try other.receive([file(mode: 0o666)], through: Sequence(9))
        try other.settleArrival(file(mode: 0o666), in: .root, stamp: stamp, mode: Mode(0o644))
        #expect(try other.unsettled(limit: 9) == [.node(NodeID(7))])
        guard case .send(.change) = try other.subject(of: .node(NodeID(7)))?.verdict else {
            Issue.record("the other mode is what is to be told")
            return
        }
    }

    @Test func `a commit in flight is known without its text`() throws {
        #expect(try !index.isInflight)
        try index.setInflight([], request: "{}")
        #expect(try index.isInflight)
        try index.clearInflight(acknowledged: 1)
        #expect(try !index.isInflight)
    }
}
