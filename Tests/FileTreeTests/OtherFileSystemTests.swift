import FileTree
import Glibc
import Processes
import SyncCore
import TestSupport
import Testing

/// A small tmpfs below a directory of the test's own. Wants root.
private final class SmallDisk {
    let directory = TemporaryDirectory()
    let path: String

    init(options: String) throws {
        path = directory.makeDirectory("disk")
        let done = try run("/bin/mount", ["-t", "tmpfs", "-o", options, "tmpfs", path])
        try #require(done.status.isSuccess, Comment(rawValue: done.errorText))
    }

    deinit { _ = try? run("/bin/umount", ["-l", path]) }
}

struct OtherFileSystemTests {
    @Test func `what would have to be copied is not placed, moved or taken`() throws {
        let (here, there) = (try Playground(), try Playground(below: "/dev/shm"))
        here.write("x", "file")
        let crossed = try [here.tree.path, there.tree.path].map { try TreeRoot(path: $0).status(of: .top)?.device }
        try #require(crossed[0] != crossed[1])
        #expect(reason { _ = try here.tree.placeNew(there.item("y"), at: at("new")) } == .crossDevice)
        #expect(
            reason { _ = try here.tree.exchange(there.item("y"), with: at("file"), expecting: nil) } == .crossDevice)
        #expect(reason { _ = try here.tree.takeAway(at("file"), expecting: nil, into: there.area) } == .crossDevice)
        #expect(here.text("file") == "x")
    }

    @Test(.enabled(if: geteuid() == 0)) func `a full disk is told when room is reserved, and when it is written`()
        throws
    {
        let disk = try SmallDisk(options: "size=256k")
        let area = try PrivateArea(path: disk.path + "/private")
        let file = try area.newFile()
        #expect(reason { try file.reserve(1 << 20) } == .noSpace)
        #expect(reason { try file.append([UInt8](repeating: 1, count: 1 << 20)) } == .noSpace)
        #expect(try area.space().total == 256 << 10)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a disk without inodes is full too`() throws {
        let disk = try SmallDisk(options: "nr_inodes=4")
        let area = try PrivateArea(path: disk.path + "/private")
        let files = Array(0..<2).map { _ in try? area.newFile() }
        #expect(reason { _ = try area.newFile() } == .noSpace)
        #expect(try area.space().freeInodes == 0)
        withExtendedLifetime(files) {}
    }

    @Test(.enabled(if: geteuid() == 0)) func `a disk mounted inside is entered, and is not removed`() throws {
        let disk = try SmallDisk(options: "size=1m")
        let tree = try TreeRoot(path: disk.directory.path)
        guard case .placed = try tree.makeDirectory(at("disk/d"), mode: Mode(0o755)) else {
            Issue.record("not made")
            return
        }
        #expect(try tree.list(at("disk")).map(\.name.description) == ["d"])
        #expect(try tree.removeDirectory(at("disk/d")) == .removed)
        #expect(reason { _ = try tree.removeDirectory(at("disk")) } == .busy)
    }

    @Test(.enabled(if: geteuid() == 0)) func `a disk mounted for reading only says so`() throws {
        let disk = try SmallDisk(options: "size=1m")
        let tree = try TreeRoot(path: disk.path)
        #expect(try run("/bin/mount", ["-o", "remount,ro", disk.path]).status.isSuccess)
        #expect(reason { _ = try tree.makeDirectory(at("d"), mode: Mode(0o755)) } == .readOnly)
    }
}
