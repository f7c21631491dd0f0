import ControlAPI
import Glibc
import Journal
import SQLite
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Uploads that are under way, or broke off, as sessions tell of them. Nobody has a file open here, so no lease says anything.
struct ShareUploadTests {
    /// The phone's upload of a new file breaks off, and that is told.
    private func breakOff(_ name: String, in share: ShareHub) throws {
        let session = try ToldSession(share)
        session.opens(name)
        share.put("the ha", name)
        session.breaks(name, written: 6)
        try eventually("it is told") { try reason(share, name)?.contains("broke off") == true }
    }

    /// `a` with the bytes `old`, and an upload of a new one that broke off.
    private func broken(clock: HubClock = .system) throws -> ShareHub {
        let share = try ShareHub(clock: clock)
        share.put("old", "a")
        try share.expectSame()
        try breakOff("a", in: share)
        return share
    }

    /// `d/a` with the bytes `old`, and an upload of a new one that broke off.
    private func brokenBelow() throws -> ShareHub {
        let share = try ShareHub()
        share.makeDirectory("d")
        share.put("old", "d/a")
        try share.expectSame()
        try breakOff("d/a", in: share)
        return share
    }

    private func reason(_ share: ShareHub, _ path: String) throws -> String? {
        try share.hub.get("/v1/unsynced?client=share", as: [UnsyncedMessage].self).first { $0.path == path }?.reason
    }

    /// A close that a test tells is no event of the file system: it may be seen a moment later.
    private func expect(_ share: ShareHub, _ name: String, _ text: String) throws {
        try eventually("\(name) is taken in") {
            try share.node(name)?.content.file?.digest == content(text).digest
        }
        try share.expectSame()
    }

    private func expectOld(_ share: ShareHub, _ name: String = "a") throws {
        try share.settled()
        #expect(try share.node(name)?.content.file?.digest == content("old").digest)
        #expect(try reason(share, name)?.hasPrefix("phone's upload of it broke off") == true)
    }

    @Test func `a file that a session has open is no change, whatever the file system says`() throws {
        let share = try ShareHub()
        let session = try ToldSession(share)
        session.opens("a")
        share.put("the ha", "a")
        try share.settled()
        #expect(try share.node("a") == nil)
        #expect(try reason(share, "a") == "phone is writing it")
        session.closes("a", written: 6)
        session.end()
        try expect(share, "a", "the ha")
    }

    @Test func `a broken upload is no version, and the one that goes on with it is`() throws {
        let share = try broken()
        try expectOld(share)
        let why = try share.hub.post("/v1/why", PathRequest(path: "a"), as: WhyResponse.self)
        #expect(why.sentence.contains("phone's upload of it broke off") && !why.synced)
        let session = try ToldSession(share)
        session.opens("a", "WRITE")
        share.put("the half and half", "a")
        session.closes("a", written: 11)
        session.end()
        try expect(share, "a", "the half and half")
        #expect(try share.story() == ["share create a", "phone edit a"])
    }

    @Test func `it is a piece still when it was opened again, and nothing was written`() throws {
        let share = try broken()
        let session = try ToldSession(share, as: "tablet")
        session.opens("a", "WRITE")
        session.closes("a", written: 0)
        session.end()
        share.setMode("a", 0o600)
        try expectOld(share)
    }

    @Test func `it counts when it is renamed, and under a directory that is renamed it does not`() throws {
        let share = try brokenBelow()
        share.move("d", "e")
        try expectOld(share, "e/a")
        share.move("e/a", "e/b")
        try share.expectSame()
        #expect(try share.node("e/b")?.content.file?.digest == content("the ha").digest)
    }

    @Test func `it is a piece still after a start, and counts when it was removed and put there anew`() throws {
        let share = try broken()
        try share.hub.restart()
        try expectOld(share)
        share.remove("a")
        share.put("by hand", "a")
        try share.expectSame()
        #expect(share.text("a") == "by hand")
    }

    @Test func `an upload that is open when the hub ends is a piece after the start`() throws {
        let share = try ShareHub()
        share.put("old", "a")
        try share.expectSame()
        let session = try ToldSession(share)
        session.opens("a")
        share.put("the ha", "a")
        try share.hub.restart { session.end() }
        try expectOld(share)
    }

    @Test func `an upload that goes on for a while is written down, and a hub that was killed knows it`() throws {
        let share = try ShareHub()
        share.put("", "a")
        try share.settled()
        let session = try ToldSession(share)
        session.opens("a", "WRITE")
        try eventually("it is written down") { try !share.hub.journal().brokenUploads().isEmpty }
        let record = try #require(try share.hub.journal().brokenUploads().first)
        #expect(record.key == Location(parent: .root, name: try Name("a")))
        #expect(record.value.client == "phone" && record.value.seen == nil)
        session.closes("a", written: 1)
        try eventually("it is forgotten") { try share.hub.journal().brokenUploads().isEmpty }
        session.end()
    }

    @Test func `an upload that was closed just before the hub ends is none after the start`() throws {
        let share = try ShareHub()
        share.put("", "a")
        try share.settled()
        let session = try ToldSession(share)
        session.opens("a")
        share.put("all of it", "a")
        try eventually("it is written down") { try !share.hub.journal().brokenUploads().isEmpty }
        session.closes("a", written: 9)
        try share.hub.restart()
        session.end()
        try expect(share, "a", "all of it")
    }

    @Test func `it is taken in as it is when the hub has run for a day`() throws {
        let clock = MovedClock()
        let share = try broken(clock: clock.clock)
        clock.pass(86_300)
        share.hub.core.inspect { $0.share!.planTurn() }
        try expectOld(share)
        clock.pass(200)
        share.hub.core.inspect { $0.share!.planTurn() }
        try eventually("it is taken in") {
            try share.node("a")?.content.file?.digest == content("the ha").digest
        }
        #expect(try share.hub.journal().brokenUploads().isEmpty)
        #expect(try reason(share, "a") == nil)
        #expect(try share.story().last == "phone edit a")
    }

    @Test func `an agent's edit waits for it, and meets what it becomes`() throws {
        let share = try ShareHub()
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a.txt", "one").applied)
        let session = try ToldSession(share)
        session.opens("a.txt")
        share.put("the ha", "a.txt")
        session.breaks("a.txt", written: 6)
        _ = try laptop.edit(node, "laptop's")
        try share.settled()
        #expect(share.hub.shareNames() == ["a.txt"] && share.text("a.txt") == "the ha")
        let resumed = try ToldSession(share)
        resumed.opens("a.txt", "WRITE")
        share.put("the half and half", "a.txt")
        #expect(try share.hub.journal().pendingPlacements().count == 1)
        resumed.closes("a.txt", written: 11)
        resumed.end()
        try eventually("it is placed") { try share.hub.journal().pendingPlacements().isEmpty }
        try share.expectSame()
        #expect(share.text("a.txt") == "laptop's")
        let other = try #require(share.hub.shareNames().first { $0 != "a.txt" })
        #expect(share.text(other) == "the half and half")
        #expect(other.hasSuffix(" phone).txt"))
        #expect(try share.log().allSatisfy { $0.bytes != 6 })
    }

    @Test func `an agent's move takes it along, and it stays a piece`() throws {
        let share = try ShareHub()
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a", "old").applied)
        try breakOff("a", in: share)
        _ = try laptop.commit(laptop.operation(.move(node.id, base: .first, to: .node(.root), name: try Name("b"))))
        try eventually("it is told there") { try reason(share, "b")?.contains("broke off") == true }
        try expectOld(share, "b")
        #expect(share.text("b") == "the ha")
    }

    @Test func `an agent that deletes its directory takes no piece in, also after a start`() throws {
        let share = try brokenBelow()
        let laptop = try share.hub.join("laptop")
        let (directory, file) = (try #require(try share.node("d")), try #require(try share.node("d/a")))
        _ = try laptop.commit(
            laptop.operation(
                .delete(file.id, contentBase: file.contentVersion, locationBase: file.locationVersion)),
            laptop.operation(
                .delete(directory.id, contentBase: directory.contentVersion, locationBase: directory.locationVersion)))
        func expectPiece() throws {
            try share.hub.core.inspect { try $0.placer.retry() }
            #expect(try share.node("d/a") == nil && share.text("d/a") == "the ha")
            #expect(try share.hub.journal().pendingPlacements().count == 2)
            #expect(try share.log().allSatisfy { $0.bytes != 6 })
        }
        try expectPiece()
        try share.hub.restart()
        try expectPiece()
        let session = try ToldSession(share)
        session.opens("d/a", "WRITE")
        share.put("the half and half", "d/a")
        session.closes("d/a", written: 11)
        session.end()
        try expect(share, "d/a", "the half and half")
    }

    @Test func `it stays a piece when it is looked at while its directory is being moved`() throws {
        let share = try brokenBelow()
        let directory = try #require(try share.node("d"))
        try share.hub.core.inspect { desk in
            share.move("d", "e")
            var deeds: [ShareDeed] = []
            try desk.share!.examine(Spot(directory: directory.id, name: try Name("a")), &deeds)
        }
        try eventually("it is told there") { try reason(share, "e/a")?.contains("broke off") == true }
        try expectOld(share, "e/a")
    }

    @Test func `what could not be written down is when there is room again`() throws {
        let clock = MovedClock()
        let share = try ShareHub(clock: clock.clock)
        share.put("old", "a")
        try share.expectSame()
        let file = try Database(path: share.hub.layout.journal)
        try file.run(
            "CREATE TRIGGER full BEFORE INSERT ON upload BEGIN SELECT RAISE(ABORT, 'the disk is full'); END;")
        try breakOff("a", in: share)
        #expect(try share.hub.journal().brokenUploads().isEmpty)
        try file.run("DROP TRIGGER full")
        clock.pass(6)
        share.hub.core.inspect { $0.share!.planTurn() }
        try eventually("it is written down") { try !share.hub.journal().brokenUploads().isEmpty }
        try expectOld(share)
    }

    @Test func `the day of an upload that was open when the hub ended begins with the start`() throws {
        let clock = MovedClock()
        let share = try ShareHub(clock: clock.clock)
        share.put("old", "a")
        try share.expectSame()
        let session = try ToldSession(share)
        session.opens("a")
        share.put("the ha", "a")
        try eventually("it is written down") { try !share.hub.journal().brokenUploads().isEmpty }
        let opened = try #require(try share.hub.journal().brokenUploads().first).value.moment
        clock.pass(100_000)
        try share.hub.restart(clock: clock.clock) { session.end() }
        try expectOld(share)
        let record = try #require(try share.hub.journal().brokenUploads().first).value
        #expect(record.moment >= opened + 100_000 && record.seen?.size == 6)
    }

    @Test func `what broke off before the hub ends is kept as it is then`() throws {
        let share = try ShareHub()
        share.put("old", "a")
        try share.expectSame()
        let session = try ToldSession(share)
        session.opens("a")
        share.put("the ha", "a")
        // Nobody looks at it before the hub ends.
        let kept = try share.hub.core.inspect { desk in
            session.breaks("a", written: 6)
            desk.uploads.stop()
            return try desk.journal.brokenUploads()
        }
        let record = try #require(kept.first).value
        #expect(record.client == "phone" && record.seen?.size == 6)
        try share.hub.restart()
        try expectOld(share)
    }

    @Test func `what was gone on with and closed counts, though it looks as it did when it broke off`() throws {
        let share = try broken()
        var status = stat()
        #expect(stat(share.at("a"), &status) == 0)
        try share.hub.restart()
        let session = try ToldSession(share)
        session.opens("a", "WRITE")
        share.put("THE HA", "a")
        let times = [status.st_atim, status.st_mtim]
        #expect(utimensat(AT_FDCWD, share.at("a"), times, 0) == 0)
        session.closes("a", written: 6)
        session.end()
        try expect(share, "a", "THE HA")
    }
}
