import Engine
import Glibc
import Index
import SyncCore
import TestSupport
import Testing

@testable import Agent

/// A list of rules that the disk does not give, on a real one.
@Suite struct UnreadListTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.path + "/folder" }

    @Test func `a list that cannot be opened keeps its directory back until it can be`() throws {
        try Files.makeDirectories(path)
        try FolderMarker.write(folder: path, of: AgentLayout(home: directory.path))
        for (name, text) in [(".syncignore", "*.key"), ("a.key", "1"), ("a.txt", "1")] {
            directory.write(text, to: "folder/" + name)
        }
        let tree = try DiskTree(path: path, standIn: directory.path + "/absent", date: "2026-11-21") { _ in }
        defer { tree.stop() }
        let folder = Folder(index: try .memory(newGeneration: "g"), tree: tree)
        try folder.index.begin(epoch: "e")
        let lease = try Lease(of: path + "/.syncignore")
        try folder.lookAtEverything()
        try look(folder)
        #expect(try folder.index.children(of: .root).isEmpty)
        let told = try folder.pending(limit: 10)
        #expect(told.map { "\($0.path)" } == [".syncignore"])
        #expect(
            told.first?.reason.hasSuffix("; until it can be read, nothing in its directory and below is synced") == true
        )
        #expect(try folder.hasTroubles())
        lease.end()
        try folder.retryTroubles()
        try look(folder)
        #expect(try folder.index.children(of: .root).map { "\($0.name)" } == [".syncignore", "a.txt"])
        #expect(try !folder.hasTroubles())
    }

    @Test func `what went deep below it while the agent was stopped, with the directory where it was, is not deleted`()
        throws
    {
        try Files.makeDirectories(path)
        try FolderMarker.write(folder: path, of: AgentLayout(home: directory.path))
        let index = try FolderIndex.memory(newGeneration: "g")
        try index.begin(epoch: "e")
        try running(index) { folder in
            try folder.lookAtEverything()
            try look(folder)
            let mode = Content.directory(Mode(0o755))
            let nodes = try [
                node(2, mode, in: .root, "d"), node(3, mode, in: NodeID(2), "sub"), node(4, mode, in: .root, "from"),
                node(5, .symlink(target: [1], mtime: 0), in: NodeID(4), "a"),
            ]
            try index.receive(nodes, through: Sequence(5))
            #expect(try folder.placeAll() == 4)
        }
        directory.write("*.key", to: "folder/d/.syncignore")
        let lease = try Lease(of: path + "/d/.syncignore")
        try #require(rename(path + "/from/a", path + "/d/sub/a") == 0)
        try #require(rmdir(path + "/from") == 0)
        try running(index) { folder in
            try folder.lookAtEverything()
            try look(folder)
            #expect(try folder.nextCommit() == nil)
            lease.end()
            try folder.retryTroubles()
            try look(folder)
            let verbs = try folder.nextCommit()?.items.map { "\($0.inflight.verb) \($0.inflight.node?.rawValue ?? 0)" }
            #expect(verbs == ["move 5", "delete 4"])
        }
    }

    private func node(_ id: Int64, _ content: Content, in parent: NodeID, _ name: String) throws -> Node {
        Node(
            id: NodeID(id), location: Location(parent: parent, name: try Name(name)), content: content,
            contentVersion: .first, locationVersion: .first, seq: Sequence(id))
    }

    /// A process that looks at the folder.
    private func running(_ index: FolderIndex, _ body: (Folder<DiskTree>) throws -> Void) throws {
        let tree = try DiskTree(path: path, standIn: directory.path + "/absent", date: "2026-11-21") { _ in }
        defer { tree.stop() }
        try body(Folder(index: index, tree: tree))
    }

    private func look(_ folder: Folder<DiskTree>) throws {
        while folder.isLooking { try folder.lookOn() }
        try folder.finishLooking()
    }
}

/// Nobody else can open a file for as long as it is held (fcntl(2), F_SETLEASE): who does not want to wait is refused, root too.
private final class Lease {
    private let descriptor: Int32

    init(of path: String) throws {
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        // Who holds one is told by a signal when somebody comes: by one that nobody minds.
        try #require(fcntl(descriptor, Lease.setSignal, SIGURG) == 0)
        try #require(fcntl(descriptor, Lease.setLease, Int32(F_WRLCK)) == 0)
    }

    func end() { _ = fcntl(descriptor, Lease.setLease, Int32(F_UNLCK)) }
    deinit { close(descriptor) }

    // <fcntl.h> has them for GNU sources only.
    private static let setSignal: Int32 = 10
    private static let setLease: Int32 = 1_024
}
