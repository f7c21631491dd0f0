import ControlAPI
import FileTree
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// What a phone does in the share becomes changes of the client `share`.
struct ShareTests {
    @Test func `new files, directories and symlinks become nodes, deep ones too`() throws {
        let share = try ShareHub()
        share.makeDirectory("a/b/c")
        share.put("deep", "a/b/c/deep")
        share.put("top", "top")
        share.makeSymlink("link", to: "/etc/shadow")
        try share.expectSame()
        #expect(try share.node("a/b/c/deep")?.content.file?.digest == content("deep").digest)
        #expect(try share.node("link")?.content.kind == .symlink)
        #expect(try Set(share.log().map(\.client)) == ["share"])
        #expect(try share.log().count == 6)
    }

    @Test func `why says that a program is still writing a file in the share`() throws {
        let share = try ShareHub()
        let file = open(share.at("busy"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        #expect(write(file, "half", 4) == 4)
        try eventually("the reason is told") {
            let why = try? share.hub.post("/v1/why", PathRequest(path: "busy"), as: WhyResponse.self)
            return why?.sentence == "busy is not at the hub: share: waits to be taken in: a program is writing it"
        }
        close(file)
        try share.expectSame()
        #expect(try share.hub.post("/v1/why", PathRequest(path: "busy"), as: WhyResponse.self).synced)
    }

    @Test func `a document does not wait for large files that are read at that time`() throws {
        let share = try ShareHub()
        // Minutes of reading for each.
        share.hub.core.inspect { _ in
            for name in ["film", "film 2", "film 3"] { share.putHole(1 << 40, name) }
            share.put("early", "document")
        }
        try eventually("the document is taken in") { try share.node("document") != nil }
        share.put("later", "document 2")
        try eventually("so is the next one") { try share.node("document 2") != nil }
        #expect(try share.node("film") == nil && share.node("film 2") == nil && share.node("film 3") == nil)
    }

    @Test func `while others write much, what was read is made durable by itself`() throws {
        let share = try ShareHub(protect: .copy, busyFrom: 0)
        share.makeDirectory("a/b/c")
        share.put("deep", "a/b/c/deep")
        share.put("top", "top")
        for number in 0..<30 { share.put("\(number)", "a/\(number)") }
        try share.expectSame()
        share.put("again", "a/b/c/deep")
        try share.expectSame()
        #expect(try share.node("a/b/c/deep")?.content.file?.digest == content("again").digest)
    }

    @Test func `what happens in a directory that was just moved is taken in`() throws {
        let share = try ShareHub()
        share.makeDirectory("a/deep")
        for name in ["a/known", "a/deep/known", "other", "third"] { share.put(name, name) }
        try share.settled()
        let known = try #require(try share.node("a/known"))
        // While the hub is busy: it hears of all this at once, and of what is inside in terms of a place that is no more.
        share.hub.core.inspect { _ in
            share.move("a", "b")
            share.relink("other", "b/other")
            share.move("third", "b/deep/third")
            share.makeSymlink("b/deep/link", to: "nowhere")
            share.put("edited", "b/known")
            share.put("edited too", "b/deep/known")
            share.makeDirectory("b/deep/new")
        }
        try share.expectSame()
        #expect(try share.node("b/known")?.id == known.id)
        #expect(try share.node("b/known")?.content.file?.digest == content("edited").digest)
    }

    @Test func `what comes and goes in a directory that is deleted leaves nothing to wait for`() throws {
        let share = try ShareHub()
        share.makeDirectory("a/deep")
        share.put("one", "a/one")
        try share.settled()
        share.hub.core.inspect { _ in
            share.put("two", "a/deep/two")
            share.remove("a/deep/two")
            share.remove("a/one")
            share.removeDirectory("a/deep")
            share.removeDirectory("a")
        }
        try share.expectSame()
        #expect(share.hub.core.inspect { $0.share!.astray.isEmpty && $0.share!.unfinished.isEmpty })
    }

    @Test func `a file that is written again is the same node`() throws {
        let share = try ShareHub()
        share.put("one", "a")
        try share.settled()
        let before = try #require(try share.node("a"))
        share.put("two", "a")
        try share.expectSame()
        let after = try #require(try share.node("a"))
        #expect(after.id == before.id)
        #expect(after.contentVersion == Version(2))
    }

    @Test func `another mode or time alone is an edit with the same bytes`() throws {
        let share = try ShareHub()
        share.put("one", "a")
        share.makeDirectory("d")
        try share.settled()
        share.setMode("a", 0o600)
        share.setMode("d", 0o700)
        try share.expectSame()
        #expect(try share.node("a")?.content.file?.mode == Mode(0o600))
        #expect(try share.node("d")?.content == .directory(Mode(0o700)))
        #expect(try share.node("a")?.content.file?.digest == content("one").digest)
    }

    @Test(arguments: [true, false])
    func `a renamed file is the same node, however it was renamed`(isLinked: Bool) throws {
        let share = try ShareHub()
        share.makeDirectory("d")
        share.put("one", "a")
        try share.settled()
        let before = try #require(try share.node("a"))
        if isLinked { share.relink("a", "d/b") } else { share.move("a", "d/b") }
        try share.expectSame()
        #expect(try share.node("d/b")?.id == before.id)
        #expect(try share.story().last == "share move a -> d/b")
    }

    @Test func `a moved directory is one move`() throws {
        let share = try ShareHub()
        share.makeDirectory("d/e")
        share.makeDirectory("other")
        for index in 0..<20 { share.put("\(index)", "d/e/\(index)") }
        try share.settled()
        let count = try share.log().count
        share.move("d", "other/f")
        share.put("new", "other/f/e/new")
        try share.expectSame()
        #expect(try share.story().dropFirst(count) == ["share move d -> other/f", "share create other/f/e/new"])
    }

    @Test func `what is removed with all in it is deleted`() throws {
        let share = try ShareHub()
        share.makeDirectory("d/e")
        share.put("one", "d/e/a")
        share.put("two", "d/b")
        try share.settled()
        for name in ["d/e/a", "d/b"] { share.remove(name) }
        for name in ["d/e", "d"] { share.removeDirectory(name) }
        try share.expectSame()
        #expect(try share.node("d") == nil)
        #expect(try share.log().filter { $0.change == "delete" }.count == 4)
    }

    @Test func `a directory that leaves the share is deleted with all in it`() throws {
        let share = try ShareHub()
        share.makeDirectory("d/e")
        share.put("one", "d/e/a")
        try share.settled()
        #expect(rename(share.at("d"), share.hub.directory.path("outside")) == 0)
        try share.expectSame()
        #expect(try share.node("d") == nil)
    }

    @Test func `an upload under another name replaces the file by a rename`() throws {
        let share = try ShareHub()
        share.put("one", "a")
        try share.settled()
        let before = try #require(try share.node("a"))
        share.put("two", "a.filepart")
        share.move("a.filepart", "a")
        try share.expectSame()
        #expect(try share.node("a")?.id == before.id)
        #expect(try share.story() == ["share create a", "share edit a"])
    }

    @Test func `an upload under another name that was quiet for long appears under the right one`() throws {
        let share = try ShareHub()
        share.put("two", "a.upload")
        try share.settled()
        share.relink("a.upload", "a")
        try share.expectSame()
        #expect(try share.story() == ["share create a.upload", "share move a.upload -> a"])
    }

    @Test func `an editor that keeps the old one as a backup has edited one node`() throws {
        let share = try ShareHub()
        share.put("one", "a")
        try share.settled()
        let before = try #require(try share.node("a"))
        share.move("a", "a.bak")
        share.put("two", "a")
        try share.expectSame()
        #expect(try share.node("a")?.id == before.id)
        #expect(try share.node("a.bak")?.content.file?.digest == content("one").digest)
    }

    @Test func `what is no node and what is the hub's own is left alone`() throws {
        let share = try ShareHub()
        #expect(mkfifo(share.at("pipe"), 0o644) == 0)
        share.put("mine", ".synchub-something")
        share.put("one", "a")
        try share.expectSame()
        #expect(try share.story() == ["share create a"])
        #expect(share.text(".synchub-something") == "mine")
    }

    @Test func `a name may change its kind`() throws {
        let share = try ShareHub()
        share.put("one", "a")
        share.makeDirectory("b")
        share.put("two", "b/inside")
        try share.settled()
        share.remove("a")
        share.makeDirectory("a")
        share.put("three", "a/inside")
        share.move("b", "c")
        share.put("four", "b")
        try share.expectSame()
        #expect(try share.node("b")?.content.kind == .file)
        #expect(try share.node("c/inside")?.content.file?.digest == content("two").digest)
        #expect(share.hub.shareNames() == ["a", "b", "c"])
    }

    @Test func `a file that somebody is writing is no change yet, and nobody waits for it`() throws {
        let share = try ShareHub()
        let file = open(share.at("large"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        #expect(write(file, "half", 4) == 4)
        try share.settled()
        #expect(try share.node("large") == nil)
        let waiting = try share.hub.get("/v1/unsynced?client=share", as: [UnsyncedMessage].self)
        #expect(waiting.map(\.path) == ["large"])
        #expect(waiting.map(\.reason) == ["a program is writing it"])
        let row = try share.hub.get("/v1/status", as: StatusResponse.self).clients.first { $0.name == "share" }
        #expect(row?.kind == .sftp && row?.state == .syncing && row?.unsynced.up == 1)
        #expect(write(file, " and half", 9) == 9)
        close(file)
        try share.expectSame()
        #expect(try share.node("large")?.content.file?.digest == content("half and half").digest)
        #expect(try share.log().count == 1)
        #expect(try share.hub.get("/v1/status", as: StatusResponse.self).clients.isEmpty)
    }

    @Test func `what the hub places itself is no change`() throws {
        let share = try ShareHub()
        let laptop = try share.hub.join("laptop")
        _ = try laptop.commit(
            laptop.operation(.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755)))))
        let directory = try #require(try share.node("d"))
        for index in 0..<20 { _ = try laptop.create("\(index)", "\(index)", in: directory.id) }
        let node = try #require(try share.node("d/3"))
        _ = try laptop.edit(node, "edited")
        _ = try laptop.commit(
            laptop.operation(.move(directory.id, base: .first, to: .node(.root), name: try Name("e"))))
        let count = try share.log().count
        try share.expectSame()
        #expect(try share.log().count == count)
        #expect(try Set(share.log().map(\.client)) == ["laptop"])
    }

    @Test func `what an agent made is watched`() throws {
        let share = try ShareHub()
        let laptop = try share.hub.join("laptop")
        _ = try laptop.commit(
            laptop.operation(.create(in: .node(.root), name: try Name("d"), content: .directory(Mode(0o755)))))
        share.put("phone's", "d/a")
        try share.expectSame()
        #expect(try share.node("d/a") != nil)
    }

    @Test func `a file replaced by one with the same size and time is an edit`() throws {
        let share = try ShareHub()
        share.put("one", "a")
        try share.settled()
        var status = stat()
        #expect(stat(share.at("a"), &status) == 0)
        share.put("two", "b")
        let times = [status.st_atim, status.st_mtim]
        #expect(utimensat(AT_FDCWD, share.at("b"), times, 0) == 0)
        share.move("b", "a")
        try share.expectSame()
        #expect(try share.story() == ["share create a", "share edit a"])
    }

    @Test func `two names of one file are two nodes, and the one that stays keeps its own`() throws {
        let share = try ShareHub()
        share.put("one", "a")
        try share.settled()
        #expect(link(share.at("a"), share.at("b")) == 0)
        try share.expectSame()
        let second = try #require(try share.node("b"))
        share.remove("a")
        try share.expectSame()
        #expect(try share.node("b")?.id == second.id)
        #expect(try share.node("a") == nil)
    }

    @Test func `two files that change places are two edits or two moves, and both are there`() throws {
        let share = try ShareHub()
        share.put("one", "a")
        share.put("two!", "b")
        try share.settled()
        share.move("a", "c")
        share.move("b", "a")
        share.move("c", "b")
        try share.expectSame()
        #expect(share.text("a") == "two!" && share.text("b") == "one")
    }

    @Test func `nobody is called as the share is`() throws {
        let share = try ShareHub()
        #expect(throws: ErrorMessage.self) { _ = try share.hub.join("share") }
    }

    @Test func `a directory that is made after another was removed is a new one, whatever its inode`() throws {
        let share = try ShareHub()
        for round in 0..<5 {
            share.makeDirectory("old \(round)")
            try share.settled()
            share.removeDirectory("old \(round)")
            share.makeDirectory("new \(round)")
            try share.expectSame()
        }
        #expect(try share.story().allSatisfy { !$0.contains("move") })
    }
}
