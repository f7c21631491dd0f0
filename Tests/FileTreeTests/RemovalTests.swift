import FileTree
import Glibc
import SyncCore
import TestSupport
import Testing

/// Removing what somebody else has made.
struct RemovalTests {
    @Test func `a tree of any depth is removed, with what is closed in it`() throws {
        let play = try Playground()
        let item = play.directory.path("private/item")
        play.directory.makeDirectory("private/item/wide/closed")
        for number in 0..<20 { play.directory.write("text", to: "private/item/wide/closed/\(number)") }
        #expect(symlink("/etc", item + "/wide/link") == 0)
        makeDeepDirectory(in: item, levels: 20_000, file: "file")
        makeDeepDirectory(in: item + "/wide", levels: 300)
        #expect(chmod(item + "/wide/closed", 0o500) == 0 && chmod(item + "/wide/d/d", 0o500) == 0)
        play.directory.write("stays", to: "private/other")
        try play.area.remove(Name("item"))
        #expect(play.directory.names(in: "private") == ["other"])
        // Nothing is there any more, which is as good.
        try play.area.remove(Name("item"))
    }
}
