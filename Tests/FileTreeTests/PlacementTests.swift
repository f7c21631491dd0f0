import FileTree
import Glibc
import SyncCore
import Synchronization
import TestSupport
import Testing

struct PlacementTests {
    let play: Playground
    init() throws { play = try Playground() }

    @Test func `a new file appears whole, with mode and time`() throws {
        let item = try play.item("new", mode: Mode(0o751))
        guard case .placed(let status) = try play.tree.placeNew(item, at: at("file")) else {
            Issue.record("not placed")
            return
        }
        #expect(play.text("file") == "new")
        #expect(status.mode == Mode(0o751) && status.mtime == item.status.mtime)
        #expect(status == (try play.tree.status(of: at("file"))))
        #expect(try play.area.items().isEmpty)
    }

    @Test func `a new file never replaces`() throws {
        play.write("mine", "file")
        let item = try play.item("theirs")
        guard case .occupied(let status) = try play.tree.placeNew(item, at: at("file")) else {
            Issue.record("placed")
            return
        }
        #expect(status.size == 4)
        #expect(play.text("file") == "mine")
        #expect(try play.text(of: item) == "theirs")
    }

    @Test func `directories and symlinks are made as told, or tell who has the name`() throws {
        let before = umask(0o077)
        defer { umask(before) }
        guard case .placed(let made) = try play.tree.makeDirectory(at("d"), mode: Mode(0o755)),
            case .placed(let link) = try play.tree.makeSymlink(
                target: [0xFF, 0x2F], mtime: 7_000_000_001, at: at("d/l"), through: play.area),
            case .occupied(let there) = try play.tree.makeDirectory(at("d"), mode: Mode(0o700)),
            case .occupied(let second) = try play.tree.makeSymlink(
                target: [0x78], mtime: 0, at: at("d/l"), through: play.area)
        else {
            Issue.record("not made")
            return
        }
        #expect(made.mode == Mode(0o755) && there.kind == .directory)
        #expect(link.kind == .symlink && link.mtime == 7_000_000_001 && second.inode == link.inode)
        #expect(try play.tree.readLink(at("d/l")) == [0xFF, 0x2F])
        #expect(try play.area.items().isEmpty)
        #expect(reason { _ = try play.tree.makeDirectory(at("none/d"), mode: Mode(0o755)) } == .notFound)
    }

    @Test func `only an empty directory is removed`() throws {
        play.directory.makeDirectory("tree/d")
        play.write("x", "d/file")
        play.write("x", "file")
        #expect(try play.tree.removeDirectory(at("d")) == .notEmpty)
        unlink(play.onDisk("d/file"))
        let other = FileIdentity(device: 0, inode: 0)
        #expect(try play.tree.removeDirectory(at("d"), expecting: other) == .absent)
        #expect(try play.tree.removeDirectory(at("d")) == .removed)
        #expect(try play.tree.removeDirectory(at("d")) == .absent)
        #expect(try play.tree.removeDirectory(at("file")) == .absent)
    }

    @Test func `attributes are set on what was expected only`() throws {
        play.write("x", "file")
        symlink("x", play.onDisk("link"))
        let expected = try play.fingerprint("file")
        guard
            case .set(let status) = try play.tree.setAttributes(
                at("file"), mode: Mode(0o640), mtime: -1, expecting: expected),
            case .set(let link) = try play.tree.setAttributes(
                at("link"), mode: Mode(0o600), mtime: 5, expecting: play.fingerprint("link"))
        else {
            Issue.record("not set")
            return
        }
        #expect(status.mode == Mode(0o640) && status.mtime == -1)
        #expect(link.mtime == 5)
        #expect(try play.tree.status(of: at("file")) == status)
        play.write("edited", "file")
        guard case .unexpected(let found?) = try play.tree.setAttributes(at("file"), mtime: 9, expecting: expected)
        else {
            Issue.record("set on something else")
            return
        }
        #expect(found.size == 6 && found.mtime != 9)
        let writer = OpenWriter(play.onDisk("file"))
        guard case .busy = try play.tree.setAttributes(at("file"), mtime: 9, expecting: found.fingerprint) else {
            Issue.record("set while a writer is active")
            return
        }
        withExtendedLifetime(writer) {}
    }

    @Test func `a directory keeps its setgid bit when its mode changes`() throws {
        play.directory.makeDirectory("tree/d")
        chmod(play.onDisk("d"), 0o2755)
        _ = try play.tree.setAttributes(at("d"), mode: Mode(0o700), expecting: play.fingerprint("d"))
        var status = stat()
        stat(play.onDisk("d"), &status)
        #expect(status.st_mode & 0o7777 == 0o2700)
    }

    @Test func `an open writer is told`() throws {
        play.write("x", "file")
        #expect(play.tree.isWriterActive(at("file")) == false)
        do {
            let writer = OpenWriter(play.onDisk("file"))
            #expect(play.tree.isWriterActive(at("file")) == true)
            withExtendedLifetime(writer) {}
        }
        #expect(play.tree.isWriterActive(at("file")) == false)
        #expect(play.tree.isWriterActive(at("none")) == nil)
    }

    @Test func `a closed directory of ours takes files and is closed again`() throws {
        let base = play.directory.makeDirectory("tree/base")
        chmod(play.directory.path, 0o755)
        chown(base, ordinaryUser, ordinaryUser)
        let outcome = try asOrdinaryUser {
            let tree = try TreeRoot(path: base)
            let area = try PrivateArea(path: base + "/private")
            _ = try tree.makeDirectory(at("closed"), mode: Mode(0o500))
            _ = try tree.makeDirectory(at("open"), mode: Mode(0o700))
            _ = try tree.makeDirectory(at("closed/inner"), mode: Mode(0o555))
            let item = try area.newFile().finish(mode: Mode(0o400), mtime: 0, expecting: nil, sync: false)
            _ = try tree.placeNew(item, at: at("closed/file"))
            let inner = try tree.status(of: at("closed/inner"))!
            _ = try tree.move(at("closed/inner"), to: at("open/inner"), expecting: inner.identity)
            let modes = try ["closed", "open/inner"].map { try tree.status(of: at($0))?.mode.rawValue }
            let names = try tree.list(at("closed")).map(\.name.description)
            guard case .taken(let taken) = try tree.takeAway(at("closed"), expecting: nil, into: area)
            else { return (modes, names, false) }
            try taken.remove()
            return (modes, names, try tree.status(of: at("closed")) == nil)
        }
        #expect(outcome.0 == [0o500, 0o555])
        #expect(outcome.1 == ["file"])
        #expect(outcome.2)
    }
}
