import Engine
import FileTree
import Glibc
import Index
import SyncCore
import TestSupport
import Testing

@testable import Agent

/// What cannot be done for now is told as long as it is so, and no longer: a reason that stays behind would keep everybody
/// waiting.
@Suite struct TroubleTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.path + "/folder" }

    /// An engine over a real folder that has been looked at; `name` is a symlink in the directory `a` that both sides have.
    private func folder(with name: String) throws -> Folder<DiskTree> {
        try Files.makeDirectories(path)
        try FolderMarker.write(folder: path, of: AgentLayout(home: directory.path))
        let tree = try DiskTree(path: path, standIn: directory.path + "/absent", date: "2026-11-21") { _ in }
        let folder = Folder(index: try .memory(newGeneration: "g"), tree: tree)
        try folder.index.begin(epoch: "e")
        try look(folder)
        try receive(folder, 2, .directory(Mode(0o755)), in: .root, "a", at: 2)
        try receive(folder, 3, .symlink(target: [1], mtime: 0), in: NodeID(2), name, at: 3)
        #expect(try folder.placeAll() == 2)
        return folder
    }

    private func receive(
        _ folder: Folder<DiskTree>, _ id: Int64, _ content: Content, in parent: NodeID, _ name: String, at seq: Int64
    ) throws {
        let location = Location(parent: parent, name: try Name(name))
        let before = try folder.index.remote(NodeID(id))
        let node = Node(
            id: NodeID(id), location: location, content: content,
            contentVersion: before?.contentVersion ?? .first, locationVersion: Version(seq),
            seq: Sequence(seq))
        try folder.index.receive([node], through: Sequence(seq))
    }

    private func look(_ folder: Folder<DiskTree>) throws {
        try folder.lookAtEverything()
        while folder.isLooking { try folder.lookOn() }
        try folder.finishLooking()
    }

    private func reasons(_ folder: Folder<DiskTree>) throws -> [String: String] {
        Dictionary(try folder.pending(limit: 100).map { ("\($0.path)", $0.reason) }) { $1 }
    }

    @Test func `what its user moved while the hub moved it, too, leaves no trouble behind`() throws {
        let folder = try folder(with: "x")
        defer { folder.tree.stop() }
        try receive(folder, 3, .symlink(target: [1], mtime: 0), in: .root, "y", at: 4)
        try #require(rename(path + "/a/x", path + "/a/z") == 0)
        #expect(try folder.placeAll() == 0)
        #expect(try !folder.hasTroubles())
        while folder.isLooking { try folder.lookOn() }
        try folder.finishLooking()
        #expect(try reasons(folder) == ["a/z": "moved here, waiting to be told"])
    }

    @Test func `a reason whose place is gone is forgotten`() throws {
        let folder = try folder(with: "x")
        defer { folder.tree.stop() }
        let gone = try RelativePath(bytes: Array("gone/x".utf8))
        let here = try RelativePath(bytes: Array("a/w".utf8))
        try folder.index.setTrouble(Trouble(path: gone, entry: EntryID(999), reason: "denied", isSkipped: false))
        try folder.index.setTrouble(Trouble(path: here, entry: nil, reason: "denied", isSkipped: false))
        #expect(try folder.hasTroubles())
        try folder.retryTroubles()
        #expect(try !folder.hasTroubles())
        #expect(try reasons(folder) == [:])
    }
}
