import FileTree
import Glibc
import SyncCore
import Testing

struct HardLinkTests {
    private let play = try! Playground()  // SAFETY: a test's own directory.

    @Test func `a file with another name can be replaced by a copy of itself`() throws {
        play.write("text", "a")
        #expect(link(play.onDisk("a"), play.onDisk("b")) == 0)
        let before = try play.fingerprint("a")
        let copied = try play.tree.copyOfLinked(
            at("a"), mode: Mode(0o600), mtime: -5, expecting: before, into: play.area)
        let copy = try #require(copied)
        #expect(try play.text(of: copy) == "text")
        guard case .placed(let status, let old) = try play.tree.exchange(copy, with: at("a"), expecting: before) else {
            Issue.record("not placed")
            return
        }
        try old.remove()
        #expect(status.links == 1 && status.mode == Mode(0o600) && status.mtime == -5)
        let other = try #require(try play.tree.status(of: at("b")))
        #expect(other.links == 1 && other.mode != Mode(0o600) && other.mtime == before.mtime)
        #expect(play.text("a") == "text" && play.text("b") == "text")
    }

    @Test func `a copy of a file with other names lies among unfinished things until it is whole`() throws {
        play.write("text", "a")
        #expect(link(play.onDisk("a"), play.onDisk("b")) == 0)
        let name = try Name("get-1")
        let copy = try play.tree.copyOfLinked(
            at("a"), expecting: play.fingerprint("a"), into: play.area, named: name)
        #expect(copy?.name == name)
        #expect(try play.area.items().map(\.name) == [name])
    }

    @Test func `nothing is copied of what has one name, or has changed`() throws {
        play.write("text", "a")
        #expect(try play.tree.copyOfLinked(at("a"), expecting: play.fingerprint("a"), into: play.area) == nil)
        let before = try play.fingerprint("a")
        #expect(link(play.onDisk("a"), play.onDisk("b")) == 0)
        play.write("other text", "a")
        #expect(try play.tree.copyOfLinked(at("a"), expecting: before, into: play.area) == nil)
        #expect(try play.area.items().isEmpty)
    }
}
