import FileTree
import Glibc
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

    @Test func `what came there before the moment goes, and directories that hold nothing`() throws {
        directory.makeDirectory("d")
        for name in ["d/old", "d/new"] { directory.write(name, to: name) }
        #expect(try take("d/old"))
        try trash.makeDirectory(path("empty"))
        let between = try #require(try root.status(of: path(".synchub/trash/d/old"))).ctime + 1
        // Until the file system's clock has moved on.
        repeat { directory.write("now", to: "clock") } while try root.status(of: path("clock"))!.ctime <= between
        #expect(try take("d/new"))
        #expect(try trash.clean(before: between) == 1)
        #expect(names("/d") == ["new"] && names() == ["d"])
        #expect(try trash.clean(before: .max) == 1)
        #expect(names() == [])
    }
}
