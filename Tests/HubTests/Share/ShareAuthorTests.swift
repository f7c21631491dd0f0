import ControlAPI
import Glibc
import Journal
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// Whose the changes are that devices make in the share, as sessions tell of them.
struct ShareAuthorTests {
    private let share: ShareHub
    private let phone: ToldSession
    private let tablet: ToldSession

    init() throws {
        // What was told is done by the time that something counts.
        share = try ShareHub(settle: Int(AuthorTable.patience) + 50, guardedBy: MassChangeGuard(percent: 30, least: 10))
        phone = try ToldSession(share)
        tablet = try ToldSession(share, as: "tablet")
        for name in ["old", "other"] { share.put(name, name) }
        try rest()
    }

    /// Everything is taken in, and what was told of it is forgotten.
    private func rest() throws {
        try share.settled()
        try eventually("the hub is at rest") { share.hub.core.inspect { $0.uploads.mark == nil } }
    }

    private func put(_ text: String, _ name: String, by session: ToldSession) {
        session.opens(name)
        share.put(text, name)
        session.closes(name, written: text.utf8.count)
    }

    /// The changes since `count` were made, without those whose order says nothing.
    private func story(after count: Int) throws -> [String] {
        try rest()
        return try share.story().dropFirst(count).sorted()
    }

    @Test func `each change has the name of the device that made it, and what nobody told of is the share's`() throws {
        let count = try share.story().count
        put("one", "a", by: phone)
        tablet.makesDirectory("d")
        share.makeDirectory("d")
        share.put("by hand", "b")
        phone.renames("other", "renamed")
        share.move("other", "renamed")
        tablet.removes("old")
        share.remove("old")
        #expect(
            try story(after: count) == [
                "phone create a", "phone move other -> renamed", "share create b", "tablet create d",
                "tablet delete old",
            ])
        // The other one goes on with it.
        put("two", "a", by: tablet)
        phone.setsMode("d")
        share.setMode("d", 0o700)
        share.put("by hand, again", "renamed")
        #expect(try story(after: count + 5) == ["phone edit d", "share edit renamed", "tablet edit a"])
    }

    @Test func `what two devices did under one name is the share's, and what each did elsewhere is its own`() throws {
        let count = try share.story().count
        phone.opens("a")
        put("the tablet's", "a", by: tablet)
        share.put("the phone's", "a")
        phone.closes("a", written: 5)
        put("one", "b", by: phone)
        put("two", "c", by: tablet)
        #expect(try story(after: count) == ["phone create b", "share create a", "tablet create c"])
        // It is over with that.
        put("the phone's, again", "a", by: phone)
        #expect(try story(after: count + 3) == ["phone edit a"])
    }

    @Test func `an agent's change that meets a device's lies beside it under the device's name`() throws {
        let laptop = try share.hub.join("laptop")
        let node = try #require(try laptop.create("a.txt", "one").applied)
        try rest()
        put("the phone's", "a.txt", by: phone)
        _ = try laptop.edit(node, "the laptop's")
        try rest()
        let conflict = try #require(try share.hub.journal().openConflicts().first)
        let (names, log) = (share.hub.shareNames(), try share.log())
        // Whoever was first has the name.
        if share.text("a.txt") == "the laptop's" {
            #expect(conflict.client == "phone" && names.contains { $0.hasSuffix(" phone).txt") })
        } else {
            #expect(conflict.client == "laptop" && names.contains { $0.hasSuffix(" laptop).txt") })
        }
        #expect(log.contains { $0.client == "phone" } && log.contains { $0.client == "laptop" })
    }

    @Test func `what a device deletes is held with the rest of the share's, and is its own when it was approved`()
        throws
    {
        let laptop = try share.hub.join("laptop")
        let names = (0..<20).map { "f\($0)" }
        for name in names { _ = try laptop.create(name, name) }
        try rest()
        let count = try share.story().count
        for session in [phone, tablet] { session.lists(".") }
        // Neither of the two deletes too much alone.
        for name in names.prefix(6) {
            phone.removes(name)
            share.remove(name)
        }
        for name in names.dropFirst(6).prefix(6) {
            tablet.removes(name)
            share.remove(name)
        }
        try eventually("they are held") {
            try share.hub.journal().heldBatches().first.map { $0.deletes + $0.passed.deletes } == 12
        }
        let held = try #require(try share.hub.journal().heldBatches().first)
        #expect(held.client == "share")
        // Something else goes on meanwhile.
        put("new", "new", by: tablet)
        try eventually("it is taken in") { try share.node("new") != nil }
        _ = try share.hub.post("/v1/approve", HeldRequest(id: held.id), as: HeldResponse.self)
        let wanted =
            names.prefix(6).map { "phone delete \($0)" } + names.dropFirst(6).prefix(6).map { "tablet delete \($0)" }
        #expect(try story(after: count) == (wanted + ["tablet create new"]).sorted())
    }
}
