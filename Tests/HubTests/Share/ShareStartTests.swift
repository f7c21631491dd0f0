import ControlAPI
import FileTree
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// A start, lost events, a share that is not there, and directories without a watch.
struct ShareStartTests {
    private func filled() throws -> ShareHub {
        let share = try ShareHub()
        share.makeDirectory("d/e")
        share.put("one", "d/e/a")
        share.put("two", "b")
        try share.expectSame()
        return share
    }

    @Test func `what happened while the hub was down is taken in, and a move is a move`() throws {
        let share = try filled()
        let file = try #require(try share.node("b"))
        let directory = try #require(try share.node("d/e"))
        try share.hub.restart {
            share.relink("b", "d/b")
            share.move("d/e", "f")
            share.put("edited", "f/a")
            share.put("new", "f/new")
        }
        try share.expectSame()
        #expect(try share.node("d/b")?.id == file.id)
        #expect(try share.node("f")?.id == directory.id)
        try share.hub.restart {
            share.remove("f/a")
            share.remove("f/new")
            share.removeDirectory("f")
        }
        try share.expectSame()
        #expect(share.hub.shareNames() == ["d"])
    }

    @Test func `a start with nothing new changes nothing and reads nothing`() throws {
        let share = try filled()
        let count = try share.log().count
        try share.hub.restart()
        try share.settled()
        #expect(try share.log().count == count)
        share.hub.core.inspect { #expect($0.share?.hashedFiles == 0) }
    }

    @Test func `events that were lost are made up for`() throws {
        let share = try filled()
        share.hub.core.inspect { desk in
            let watcher = desk.share!
            share.put("edited", "d/e/a")
            share.remove("b")
            share.makeDirectory("new")
            share.put("three", "new/c")
            watcher.watcher?.drain()
            _ = watcher.mailbox.take()
            _ = watcher.mailbox.put(WatchBatch(overflowed: true))
            watcher.planTurn()
        }
        try share.expectSame()
        #expect(try share.node("new/c") != nil)
    }

    @Test func `directories that cannot be watched are looked at now and then`() throws {
        let share = try filled()
        let directory = try #require(try share.node("d/e")).id
        share.hub.core.inspect { desk in
            let watcher = desk.share!
            watcher.watcher?.unwatch(directory.rawValue)
            watcher.watched.remove(directory)
            watcher.unwatched.insert(directory)
            // As if the limit were still reached.
            watcher.watcher?.stop()
            watcher.watcher = nil
            share.put("edited", "d/e/a")
            watcher.planTurn()
        }
        let deadline = ContinuousClock.now + .seconds(20)
        while try share.node("d/e/a")?.contentVersion == .first, ContinuousClock.now < deadline { usleep(10_000) }
        #expect(try share.node("d/e/a")?.contentVersion == Version(2))
    }

    @Test func `without its marker nothing in the share counts as deleted`() throws {
        let share = try filled()
        let away = share.hub.directory.path("elsewhere")
        // As after an unmount: another directory is there.
        #expect(rename(share.path, away) == 0)
        share.hub.directory.makeDirectory("share")
        share.put("three", "c")
        // Whoever asks looks there.
        #expect(try share.hub.get("/v1/status", as: StatusResponse.self).hub.blocked?.contains("lacks") == true)
        let answer = try share.settle(within: 1)
        #expect(!answer.inSync)
        #expect(answer.waiting.map(\.client) == ["share"])
        #expect(try share.node("b") != nil)
        #expect(try share.node("c") == nil)
        let row = try share.hub.get("/v1/status", as: StatusResponse.self).clients.first { $0.name == "share" }
        #expect(row?.state == .blocked)
        #expect(share.hub.directory.names(in: "share") == ["c"])
        share.remove("c")
        #expect(rmdir(share.path) == 0 && rename(away, share.path) == 0)
        share.remove("b")
        share.put("four", "e")
        try share.expectSame()
        #expect(try share.node("b") == nil)
        #expect(try share.node("e") != nil)
    }

    /// What a phone can do to the marker in the directory that is the share.
    enum Mischief: CaseIterable {
        case removed, emptied, another, directory, link, hidden
    }

    @Test(arguments: Mischief.allCases)
    func `a marker that goes while its directory stays is written back, and only deletions wait`(_ deed: Mischief)
        throws
    {
        let share = try filled()
        let ann = try share.hub.join("ann")
        let marker = ".synchub-share"
        let id = try #require(share.text(marker))
        // The hub may be quicker than two steps.
        let other = ".synchub-other"
        switch deed {
        case .removed: share.remove(marker)
        case .emptied:
            share.put("", other)
            share.move(other, marker)
        case .another:
            share.put("id: 0123\n", other)
            share.move(other, marker)
        case .link:
            share.makeSymlink(other, to: "/etc/passwd")
            share.move(other, marker)
        case .directory:
            share.makeDirectory(other)
            share.put("inside", "\(other)/a")
            repeat { unlink(share.at(marker)) } while rename(share.at(other), share.at(marker)) != 0
        case .hidden:
            // Where it would be written first.
            share.makeDirectory("\(marker).new")
            share.put("inside", "\(marker).new/a")
            share.remove(marker)
        }
        share.remove("b")
        share.put("three", "c")
        #expect(try ann.create("new", "new").applied != nil)
        try eventually("what is missing besides is held, little as it is") { try held(share) == [1] }
        try eventually("what is new is taken in") { try share.node("c") != nil }
        #expect(share.text(marker) == id)
        #expect(try share.node("b") != nil)
        #expect(try share.hub.get("/v1/status", as: StatusResponse.self).hub.blocked == nil)
        try approve(share)
        try eventually("what a person has approved goes") { try share.node("b") == nil }
        try share.expectSame()
        #expect(share.text(marker) == id)
        #expect(try share.log().allSatisfy { !$0.path.contains("synchub") })
    }

    private func held(_ share: ShareHub) throws -> [Int] { try share.hub.journal().heldBatches().map(\.deletes) }

    private func approve(_ share: ShareHub) throws {
        for batch in try share.hub.journal().heldBatches() {
            _ = try share.hub.post("/v1/approve", HeldRequest(id: batch.id), as: HeldResponse.self)
        }
    }

    @Test func `a small share that is emptied with its marker deletes nothing before a person has said so`() throws {
        let share = try filled()
        for name in [".synchub-share", "d/e/a", "b"] { share.remove(name) }
        for name in ["d/e", "d"] { share.removeDirectory(name) }
        try eventually("all of it is held") { try held(share).reduce(0, +) == 4 }
        // The marker is back, and the hub knows all the same.
        try share.hub.restart()
        #expect(share.text(".synchub-share")?.contains("id: ") == true)
        share.put("text", "c")
        try eventually("what is new is taken in") { try share.node("c") != nil }
        share.remove("c")
        try eventually("what is made after that goes as it came") { try share.node("c") == nil }
        #expect(try share.node("d/e/a") != nil && share.node("b") != nil && held(share).reduce(0, +) == 4)
        try approve(share)
        try eventually("what a person has approved goes") { try share.node("b") == nil && share.node("d") == nil }
        #expect(try held(share).isEmpty)
    }

    @Test func `deletions pass again when nothing was missing for ten minutes after the marker`() throws {
        let clock = MovedClock()
        let share = try ShareHub(clock: clock.clock)
        share.put("two", "b")
        try share.expectSame()
        share.remove(".synchub-share")
        try eventually("it is written back") { share.text(".synchub-share")?.contains("id: ") == true }
        try share.settled()
        #expect(try share.hub.journal().isShareDoubted)
        clock.pass(601)
        share.put("three", "c")
        try share.settled()
        #expect(try !share.hub.journal().isShareDoubted)
        share.remove("b")
        try share.settled()
        #expect(try share.node("b") == nil && held(share).isEmpty)
    }

    @Test(arguments: [true, false])
    func `a marker that cannot be written back stops the hub, unless the disk is full`(isFull: Bool) throws {
        let share = try filled()
        share.hub.core.inspect { desk in
            desk.fence.write = { _, _ in throw FileTreeError("write", "the marker", isFull ? .noSpace : .disk) }
        }
        share.remove(".synchub-share")
        share.remove("b")
        if isFull {
            try eventually("what is missing is held") { try held(share) == [1] }
            #expect(try share.hub.get("/v1/status", as: StatusResponse.self).hub.blocked == nil)
        } else {
            let blocked = try share.hub.get("/v1/status", as: StatusResponse.self).hub.blocked
            #expect(blocked?.contains("cannot be written back") == true)
            #expect(try !share.settle(within: 1).inSync)
        }
        #expect(try share.node("b") != nil)
        share.hub.core.inspect { desk in desk.fence.write = { try ShareMarker.marker.write($0, in: $1) } }
        try eventually("the marker is back, and what is missing is held") {
            _ = try share.hub.get("/v1/status", as: StatusResponse.self)
            return try held(share) == [1] && share.text(".synchub-share") != nil
        }
        #expect(try share.node("b") != nil)
    }

    @Test func `who looked away does not know the directory again without its marker`() throws {
        let share = try filled()
        try share.hub.restart { share.remove(".synchub-share") }
        #expect(try share.hub.get("/v1/status", as: StatusResponse.self).hub.blocked?.contains("lacks") == true)
        #expect(share.text(".synchub-share") == nil)
    }

    @Test func `an emptied share deletes nothing after a start`() throws {
        let share = try filled()
        try share.hub.restart {
            for name in ["d/e/a", "b", ".synchub-share"] { share.remove(name) }
            for name in ["d/e", "d"] { share.removeDirectory(name) }
        }
        #expect(try !share.settle(within: 1).inSync)
        #expect(try share.log().allSatisfy { $0.change != "delete" })
    }

    @Test func `a hub starts without its share, refuses commits, and takes the share when it is back`() throws {
        let share = try filled()
        let ann = try share.hub.join("ann")
        let away = share.hub.directory.path("elsewhere")
        try share.hub.restart { #expect(rename(share.path, away) == 0) }
        let status = try share.hub.get("/v1/status", as: StatusResponse.self)
        #expect(status.hub.blocked?.contains("is not there") == true)
        do {
            _ = try ann.create("new", "new")
            Issue.record("a commit without a share")
        } catch let error as ErrorMessage { #expect(error.code == .shareAway) }
        #expect(rename(away, share.path) == 0)
        #expect(try ann.create("new", "new").applied != nil)
        #expect(share.text("new") == "new" && share.text("b") != nil)
        try share.expectSame()
        #expect(try share.hub.get("/v1/status", as: StatusResponse.self).hub.blocked == nil)
    }

    @Test func `another share's marker is noticed, and a share that was made again is opened anew`() throws {
        let share = try filled()
        let ann = try share.hub.join("ann")
        let away = share.hub.directory.path("elsewhere")
        #expect(rename(share.path, away) == 0)
        share.hub.directory.makeDirectory("share")
        share.put("id: 0123\n", ".synchub-share")
        let status = try share.hub.get("/v1/status", as: StatusResponse.self)
        #expect(status.hub.blocked?.contains("another share") == true)
        #expect(status.clients.first { $0.name == "share" }?.state == .blocked)
        #expect(throws: ErrorMessage.self) { try ann.create("new", "new") }
        // The same files on another disk, with the marker that belongs to them.
        share.put(share.hub.directory.text("elsewhere/.synchub-share") ?? "", ".synchub-share.new")
        share.makeDirectory("d")
        share.makeDirectory("d/e")
        for name in ["d/e/a", "b"] { share.put(share.hub.directory.text("elsewhere/\(name)") ?? "", name) }
        share.move(".synchub-share.new", ".synchub-share")
        #expect(try ann.create("new", "new").applied != nil)
        #expect(share.text("new") == "new")
        try share.expectSame()
        #expect(try share.log().allSatisfy { $0.change != "delete" })
    }

    @Test func `a marker from before markers had ids is given one`() throws {
        let share = try ShareHub { $0.directory.write("", to: "share/.synchub-share") }
        #expect(share.text(".synchub-share")?.contains("id: ") == true)
        #expect(try share.hub.get("/v1/status", as: StatusResponse.self).hub.blocked == nil)
        try share.hub.restart {
            share.remove(".synchub-share")
            share.put("", ".synchub-share")
        }
        #expect(try share.hub.get("/v1/status", as: StatusResponse.self).hub.blocked?.contains("empty") == true)
    }

    @Test func `an idle share takes no turns`() throws {
        let share = try filled()
        let before = share.hub.core.inspect { $0.share!.turns }
        usleep(400_000)
        let after = share.hub.core.inspect { $0.share!.turns }
        #expect(after - before <= 1)
    }
}
