import Engine
import FileTree
import Glibc
import Index
import SyncCore
import TestSupport
import Testing

@testable import Agent

/// The real folder under the engine: what a crash leaves in it, and whether it is there at all.
@Suite struct DiskTreeTests {
    /// A folder that was joined, with these files in its private area.
    private func folder(in directory: TemporaryDirectory, holding files: [String: String] = [:]) throws -> DiskTree {
        let path = directory.path + "/folder"
        try Files.makeDirectories(path)
        try FolderMarker.write(folder: path, of: AgentLayout(home: directory.path))
        try Files.makeDirectories(path + "/.synchub/private", mode: 0o700)
        for (name, text) in files { try write(text, to: path + "/.synchub/private/" + name) }
        return try DiskTree(path: path, standIn: directory.path + "/absent", date: "2026-11-21") { _ in }
    }

    private func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count)
    }

    private func names(_ tree: DiskTree, _ path: String = "") throws -> [String] {
        try tree.list(RelativePath(bytes: Array(path.utf8))).map(\.name.description)
    }

    @Test func `what a cut-off swap left in the private area gets a name in the folder`() throws {
        let directory = TemporaryDirectory()
        let tree = try folder(in: directory, holding: ["put-1": "the only copy"])
        defer { tree.stop() }
        #expect(try tree.recover { _ in false }.isEmpty)
        #expect(try names(tree) == [".synchub", "recovered (conflict 2026-11-21 kept)"])
        let path = directory.path + "/folder/recovered (conflict 2026-11-21 kept)"
        #expect(String(decoding: try Files.read(path), as: UTF8.self) == "the only copy")
    }

    @Test(arguments: ["gone", "a file", "a symlink", "below a file"])
    func `what was placed where something else is by now is durable all the same`(_ case: String) throws {
        let directory = TemporaryDirectory()
        let tree = try folder(in: directory)
        defer { tree.stop() }
        let path = directory.path + "/folder/d"
        switch `case` {
        case "a file", "below a file": try write("somebody's", to: path)
        case "a symlink": try #require(symlink("/tmp", path) == 0)
        default: break
        }
        let touched = try RelativePath(bytes: Array((`case` == "below a file" ? "d/e" : "d").utf8))
        try tree.makeDurable([.top, touched], everything: false)
    }

    @Test func `what the hub has, and what was only being fetched, is removed at a start`() throws {
        let directory = TemporaryDirectory()
        let tree = try folder(in: directory, holding: ["put-1": "known", "get-2": "half of so"])
        defer { tree.stop() }
        #expect(try tree.recover { content in content.size == 5 }.isEmpty)
        #expect(try names(tree) == [".synchub"])
        #expect(try names(tree, ".synchub/private") == [])
    }

    @Test func `bytes that waited are placed with the mode and time that the hub has by then`() throws {
        let directory = TemporaryDirectory()
        let tree = try folder(in: directory, holding: ["get-1": "bytes", "get-2": "others"])
        defer { tree.stop() }
        let digest = try tree.root.hash(RelativePath(bytes: Array(".synchub/private/get-1".utf8))).digest
        let path = try RelativePath(bytes: Array("f".utf8))
        let first = FileContent(digest: digest, size: 5, mode: Mode(0o640), mtime: 1_234_567_890_000_000_007)
        let staged = StagedContent(name: "get-1", digest: digest, isDurable: true)
        guard case .done(let placed) = try tree.place(staged, as: first, at: path) else {
            Issue.record("not placed")
            return
        }
        #expect(placed.mode == Mode(0o640) && placed.stamp.mtime == 1_234_567_890_000_000_007)
        var second = first
        (second.mode, second.mtime) = (Mode(0o600), -1)
        let other = StagedContent(name: "get-2", digest: digest, isDurable: true)
        guard case .done(let replaced) = try tree.replace(path, Known(.file, placed.stamp), by: other, as: second)
        else {
            Issue.record("not replaced")
            return
        }
        #expect(replaced.mode == Mode(0o600) && replaced.stamp.mtime == -1)
    }

    @Test func `a directory made in the inode of a file that was deleted is not taken for that file`() throws {
        let directory = TemporaryDirectory()
        let tree = try folder(in: directory, holding: ["put-1": "bytes"])
        defer { tree.stop() }
        let path = try RelativePath(bytes: Array("f".utf8))
        try Files.makeDirectories(directory.path + "/folder/f")
        try write("the only copy", to: directory.path + "/folder/f/inside")
        let found = try #require(try tree.status(of: path)).stamp
        // As the index has the file: the same inode, and all else of another time.
        let stamp = Stamp(
            device: found.device, inode: found.inode, size: 5, mtime: found.mtime - 1, ctime: found.ctime - 1,
            born: found.born == 0 ? 0 : found.born - 1)
        let known = Known(.file, stamp)
        let digest = try tree.root.hash(RelativePath(bytes: Array(".synchub/private/put-1".utf8))).digest
        let staged = StagedContent(name: "put-1", digest: digest, isDurable: true)
        let file = FileContent(digest: digest, size: 5, mode: Mode(0o644), mtime: 7)
        #expect(try tree.replace(path, known, by: staged, as: file) == .unexpected)
        #expect(try !tree.remove(path, known))
        #expect(try !tree.trash(path, known))
        #expect(try tree.setAttributes(path, known, mode: Mode(0o600), mtime: 7) == .unexpected)
        #expect(try tree.move(path, known, to: RelativePath(bytes: Array("g".utf8))) == .unexpected)
        let inside = directory.path + "/folder/f/inside"
        #expect(String(decoding: try Files.read(inside), as: UTF8.self) == "the only copy")
    }

    @Test
    func `an edit with the same size and time, made before the stamp could be believed, is not replaced or removed`()
        throws
    {
        let directory = TemporaryDirectory()
        let tree = try folder(in: directory, holding: ["put-1": "new", "put-2": "bytes"])
        defer { tree.stop() }
        let path = try RelativePath(bytes: Array("f".utf8))
        try write("theirs", to: directory.path + "/folder/f")
        var stamp = try #require(try tree.status(of: path)).stamp
        stamp.ctime = Nanoseconds.min
        let hashed = try tree.root.hash(path).digest
        let digest = try tree.root.hash(RelativePath(bytes: Array(".synchub/private/put-1".utf8))).digest
        let other = try tree.root.hash(RelativePath(bytes: Array(".synchub/private/put-2".utf8))).digest
        let staged = StagedContent(name: "put-1", digest: digest, isDurable: true)
        let file = FileContent(digest: digest, size: 3, mode: Mode(0o644), mtime: 7)
        // Hashed as other bytes than those that are there now.
        let old = Known(.file, stamp, digest: other)
        #expect(try tree.replace(path, old, by: staged, as: file) == .unexpected)
        #expect(try !tree.remove(path, old))
        #expect(try !tree.trash(path, old))
        #expect(String(decoding: try Files.read(directory.path + "/folder/f"), as: UTF8.self) == "theirs")
        #expect(try names(tree, ".synchub/private") == ["put-1", "put-2"])
        guard case .done = try tree.replace(path, Known(.file, stamp, digest: hashed), by: staged, as: file) else {
            Issue.record("not replaced")
            return
        }
        #expect(String(decoding: try Files.read(directory.path + "/folder/f"), as: UTF8.self) == "new")
    }

    @Test func `a file that was edited and not looked at yet is not moved`() throws {
        let directory = TemporaryDirectory()
        let tree = try folder(in: directory)
        defer { tree.stop() }
        let path = try RelativePath(bytes: Array("f".utf8))
        try write("before", to: directory.path + "/folder/f")
        let known = Known(.file, try #require(try tree.status(of: path)).stamp)
        try write("edited", to: directory.path + "/folder/f")
        #expect(try tree.move(path, known, to: RelativePath(bytes: Array("g".utf8))) == .unexpected)
        #expect(try names(tree) == [".synchub", "f"])
    }

    @Test func `a folder without its marker is absent, and present again with it`() throws {
        let directory = TemporaryDirectory()
        let tree = try folder(in: directory)
        defer { tree.stop() }
        #expect(tree.isPresent())
        let marker = directory.path + "/folder/.synchub/folder"
        try #require(rename(marker, marker + ".away") == 0)
        #expect(!tree.isPresent())
        try #require(rename(marker + ".away", marker) == 0)
        #expect(tree.isPresent())
    }

    @Test func `another directory at the folder's path is not the folder, until it is taken for it`() throws {
        let directory = TemporaryDirectory()
        let tree = try folder(in: directory)
        defer { tree.stop() }
        let path = directory.path + "/folder"
        try #require(rename(path, path + ".moved") == 0)
        guard case .absent = tree.presence() else { Issue.record("nothing is there"); return }
        try Files.makeDirectories(path)
        guard case .absent = tree.presence() else { Issue.record("it has no marker"); return }
        try FolderMarker.write(folder: path, of: AgentLayout(home: directory.path))
        guard case .other(let root) = tree.presence() else { Issue.record("it is another one"); return }
        #expect(!tree.isPresent())
        try tree.adopt(root)
        #expect(tree.isPresent())
    }
}
