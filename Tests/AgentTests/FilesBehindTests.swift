import ControlAPI
import Engine
import FileTree
import Hashing
import Index
import SyncCore
import TestSupport
import Testing

@testable import Agent

/// Small new files that come behind the page that tells of them.
@Suite struct FilesBehindTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.path + "/folder" }

    /// An engine over a real, empty folder that has been looked at, and has heard everything.
    private func folder() throws -> Folder<DiskTree> {
        try Files.makeDirectories(path)
        try FolderMarker.write(folder: path, of: AgentLayout(home: directory.path))
        let tree = try DiskTree(path: path, standIn: directory.path + "/absent", date: "2026-11-21") { _ in }
        let folder = Folder(index: try .memory(newGeneration: "g"), tree: tree)
        try folder.index.begin(epoch: "e")
        try folder.lookAtEverything()
        while folder.isLooking { try folder.lookOn() }
        try folder.finishLooking()
        return folder
    }

    private func file(_ id: Int64, _ name: String, in parent: Int64, _ text: String) throws -> Node {
        let content = FileContent(
            digest: Digest(bytes: sha256(Array(text.utf8)))!, size: Int64(text.utf8.count), mode: Mode(0o640), mtime: 7)
        return try node(id, name, in: parent, .file(content))
    }

    private func node(_ id: Int64, _ name: String, in parent: Int64, _ content: Content) throws -> Node {
        Node(
            id: NodeID(id), location: Location(parent: NodeID(parent), name: try Name(name)), content: content,
            contentVersion: .first, locationVersion: .first, seq: Sequence(id))
    }

    /// Takes a page in as the receiver does.
    /// - Returns: how many files were brought, and how many placed.
    private func receive(
        _ nodes: [Node], behind places: [Int], _ bytes: String, _ folder: Folder<DiskTree>
    ) throws -> (brought: Int, placed: Int) {
        let page = ChangesResponse(
            epoch: "e", through: 100, head: 100, nodes: nodes.map(NodeMessage.init), behind: places, paused: nil,
            barrier: 0)
        let arrived = FilesBehind.stage(
            page, BytesBehind(body: Array(bytes.utf8), start: 0), nodes, in: folder.tree.area)
        try folder.index.receive(nodes, through: Sequence(100), isComplete: true)
        try folder.take(arrived)
        return (arrived.count, try folder.placeAll())
    }

    private func text(_ name: String) -> String? { directory.text("folder/\(name)") }

    @Test func `they are placed without being fetched, with the directory that comes with them`() throws {
        let folder = try folder()
        defer { folder.tree.stop() }
        let nodes = [
            try node(2, "new", in: 1, .directory(Mode(0o755))), try file(3, "a", in: 2, "one"),
            try file(4, "b", in: 1, "second"), try file(5, "twin", in: 2, "one"),
        ]
        let (brought, placed) = try receive(nodes, behind: [1, 2], "onesecond", folder)
        #expect(brought == 3 && placed == 4)
        #expect(text("new/a") == "one" && text("b") == "second" && text("new/twin") == "one")
        #expect(try folder.index.local(of: NodeID(3))?.content?.file?.mtime == 7)
    }

    @Test func `other bytes than were promised, and too few, are fetched`() throws {
        let folder = try folder()
        defer { folder.tree.stop() }
        let nodes = [try file(2, "a", in: 1, "one"), try file(3, "b", in: 1, "two"), try file(4, "c", in: 1, "three")]
        let (brought, placed) = try receive(nodes, behind: [0, 1], "oneTWO", folder)
        #expect(brought == 1 && placed == 1)
        #expect(try folder.fetches(limit: 10).map(\.node) == [NodeID(3), NodeID(4)])
    }

    @Test func `what stands here already is left as it is, and the bytes are dropped`() throws {
        let folder = try folder()
        defer { folder.tree.stop() }
        directory.write("mine", to: "folder/a")
        try folder.lookAtEverything()
        while folder.isLooking { try folder.lookOn() }
        try folder.finishLooking()
        let (brought, placed) = try receive([try file(2, "a", in: 1, "theirs")], behind: [0], "theirs", folder)
        #expect(brought == 1 && placed == 0)
        #expect(text("a") == "mine")
        #expect(folder.waiting(Digest(bytes: sha256(Array("theirs".utf8)))!) == nil)
    }

    @Test func `who merges as if new, or takes nothing, gets none`() throws {
        let folder = try folder()
        defer { folder.tree.stop() }
        #expect(try folder.takesNewFiles())
        try folder.index.setMergeCause(.indexDamaged)
        #expect(try !folder.takesNewFiles())
    }
}
