import ControlAPI
import Glibc
import SyncCore
import TestSupport
import Testing

@testable import Hub

/// A file with two names in the share is two nodes.
struct ShareHardLinkTests {
    private let share = try! ShareHub()  // SAFETY: a test's own directory.

    private func linked() throws {
        share.put("one", "a")
        try share.settled()
        share.hardLink("b", to: "a")
        try share.expectSame()
    }

    private func inode(_ name: String) -> ino_t {
        var status = stat()
        return lstat(share.at(name), &status) == 0 ? status.st_ino : 0
    }

    @Test func `a second name is a new node, and one that goes is a deletion`() throws {
        try linked()
        let (a, b) = (try share.node("a"), try share.node("b"))
        #expect(a != nil && b != nil && a?.id != b?.id)
        share.remove("a")
        try share.expectSame()
        #expect(try share.node("a") == nil && share.node("b")?.id == b?.id)
    }

    @Test func `what is written through one name is an edit of both`() throws {
        try linked()
        share.put("two, longer", "b")
        try share.expectSame()
        #expect(try share.node("a")?.content.file?.digest == content("two, longer").digest)
        #expect(try share.node("b")?.content.file?.digest == content("two, longer").digest)
        let count = try share.log().count
        try share.expectSame()
        #expect(try share.log().count == count)
    }

    @Test func `a mode that is set through one name is one of both`() throws {
        try linked()
        share.setMode("a", 0o600)
        try share.expectSame()
        #expect(try share.node("b")?.content.file?.mode == Mode(0o600))
    }

    @Test func `an agent's edit of one name leaves the other, and what is written there then is in no version`() throws
    {
        try linked()
        let laptop = try share.hub.join("laptop")
        _ = try laptop.edit(try #require(try share.node("a")), "two")
        try share.expectSame()
        #expect(share.text("a") == "two" && share.text("b") == "one")
        #expect(inode("a") != inode("b"))
        share.put("six", "b")
        try share.expectSame()
        let hex = content("one").digest.hex
        #expect(share.hub.directory.text("versions/\(hex.prefix(2))/\(hex)") == "one")
        #expect(share.text("a") == "two" && share.text("b") == "six")
    }

    @Test func `an agent's mode for one name leaves the other`() throws {
        try linked()
        let laptop = try share.hub.join("laptop")
        let node = try #require(try share.node("a"))
        var file = try #require(node.content.file)
        file.mode = Mode(0o600)
        _ = try laptop.commit(
            laptop.operation(.edit(node.id, base: node.contentVersion, content: .file(file)), .known))
        try share.expectSame()
        #expect(try share.node("a")?.content.file?.mode == Mode(0o600))
        #expect(try share.node("b")?.content.file?.mode == Mode(0o644))
        #expect(inode("a") != inode("b") && share.text("b") == "one")
    }
}
