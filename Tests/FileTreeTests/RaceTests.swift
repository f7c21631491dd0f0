import FileTree
import Glibc
import SyncCore
import Synchronization
import TestSupport
import Testing

/// Somebody else acts between two of our system calls.
final class Intruder: Sendable {
    private let acts = Mutex<[Instant: @Sendable () -> Void]>([:])
    func act(at instant: Instant, _ act: @escaping @Sendable () -> Void) { acts.withLock { $0[instant] = act } }
    /// Once.
    func run(_ instant: Instant) { acts.withLock { $0.removeValue(forKey: instant) }?() }
}

struct ExchangeTests {
    let intruder: Intruder
    let play: Playground

    init() throws {
        let intruder = Intruder()
        self.intruder = intruder
        play = try Playground { intruder.run($0) }
        play.write("old", "file")
    }

    private func exchange(_ path: String = "file") throws -> Exchange<PrivateItem> {
        try play.tree.exchange(play.item("new"), with: at(path), expecting: play.fingerprint(path))
    }

    @Test func `what is expected is replaced, and kept`() throws {
        guard case .placed(let status, let displaced) = try exchange() else {
            Issue.record("not placed")
            return
        }
        #expect(play.text("file") == "new")
        #expect(status == (try play.tree.status(of: at("file"))))
        #expect(try play.text(of: displaced) == "old")
        #expect(displaced.status.fingerprint == (try play.area.item(named: displaced.name)?.status.fingerprint))
    }

    @Test func `what was edited since is not replaced`() throws {
        let expected = try play.fingerprint("file")
        play.write("edited", "file")
        let item = try play.item("new")
        guard case .unexpected(let found?) = try play.tree.exchange(item, with: at("file"), expecting: expected),
            case .unexpected(nil) = try play.tree.exchange(item, with: at("none"), expecting: expected)
        else {
            Issue.record("replaced")
            return
        }
        #expect(found.size == 6)
        #expect(play.text("file") == "edited")
        #expect(try play.text(of: item) == "new")
    }

    @Test func `what a program writes to is not replaced`() throws {
        let writer = OpenWriter(play.onDisk("file"))
        guard case .busy = try exchange() else {
            Issue.record("replaced")
            return
        }
        writer.write(" and more")
        #expect(play.text("file") == "old and more")
    }

    @Test func `a file is exchanged for a directory, a symlink and back`() throws {
        let directory = try play.area.newDirectory(mode: Mode(0o500))
        guard
            case .placed(let first, _) = try play.tree.exchange(
                directory, with: at("file"), expecting: play.fingerprint("file"))
        else { return _ = Issue.record("not placed") }
        #expect(first.kind == .directory && first.mode == Mode(0o500))
        let link = try play.area.newSymlink(target: Array("x".utf8), mtime: 3)
        guard
            case .placed(let second, let displaced) = try play.tree.exchange(
                link, with: at("file"), expecting: first.fingerprint)
        else { return _ = Issue.record("not placed") }
        #expect(second.kind == .symlink && second.mtime == 3)
        #expect(displaced.status.kind == .directory)
        guard case .placed = try exchange() else { return _ = Issue.record("not placed") }
        #expect(play.text("file") == "new")
    }

    @Test func `a directory with the inode of the file that was expected is not that file`() throws {
        // File systems give a new directory the inode of the file that was deleted before it, very often.
        let play = play
        try #require(mkdir(play.onDisk("d"), 0o755) == 0)
        let found = try play.fingerprint("d")
        let expected = Fingerprint(
            kind: .file, identity: found.identity, size: found.size, mtime: found.mtime, ctime: found.ctime)
        guard
            case .unexpected(let other?) = try play.tree.exchange(play.item("new"), with: at("d"), expecting: expected)
        else { return _ = Issue.record("replaced") }
        #expect(other.kind == .directory)
        guard case .unexpected = try play.tree.takeAway(at("d"), expecting: expected, into: play.area)
        else { return _ = Issue.record("taken") }
        guard case .unexpected = try play.tree.setAttributes(at("d"), mode: Mode(0o700), expecting: expected)
        else { return _ = Issue.record("changed") }
        #expect(try play.fingerprint("d") == found)
    }

    @Test func `a file that an editor replaced between look and swap stays`() throws {
        let play = play
        intruder.act(at: .looked) { play.replace("file", with: "theirs") }
        guard case .unexpected(let found?) = try exchange() else { return _ = Issue.record("replaced") }
        #expect(found.size == 6)
        #expect(play.text("file") == "theirs")
        #expect(try play.area.items().map { try play.text(of: $0) } == ["new"])
    }

    @Test func `a file that was removed between look and swap stays removed`() throws {
        let play = play
        intruder.act(at: .looked) { unlink(play.onDisk("file")) }
        guard case .unexpected(nil) = try exchange() else { return _ = Issue.record("replaced") }
        #expect(play.text("file") == nil)
        #expect(try play.area.items().map { try play.text(of: $0) } == ["new"])
    }

    @Test func `a writer that comes between look and swap gets its own file back, and waits for it`() throws {
        // The open waits for our lease, so it runs on a thread of its own.
        let play = play
        let opening = Opening(play.onDisk("file"))
        intruder.act(at: .looked) { opening.startAndAwaitLeaseBreak() }
        guard case .unexpected = try exchange() else { return _ = Issue.record("replaced") }
        opening.write(" edited")
        #expect(play.text("file") == "old edited")
        #expect(try play.area.items().map { try play.text(of: $0) } == ["new"])
    }

    @Test func `replaced twice, both are kept`() throws {
        let play = play
        intruder.act(at: .looked) { play.replace("file", with: "first") }
        intruder.act(at: .puttingBack) { play.replace("file", with: "second") }
        guard case .stranded(let there?, let kept) = try exchange() else { return _ = Issue.record("not stranded") }
        #expect(there.size == 5)
        #expect(play.text("file") == "first")
        #expect(try play.text(of: kept) == "second")
    }

    @Test func `replaced, and then our file edited, both are kept`() throws {
        let play = play
        intruder.act(at: .looked) { play.replace("file", with: "first") }
        intruder.act(at: .puttingBack) { OpenWriter(play.onDisk("file")).write(" edited") }
        guard case .stranded(_, let kept) = try exchange() else { return _ = Issue.record("not stranded") }
        #expect(play.text("file") == "first")
        #expect(try play.text(of: kept) == "new edited")
    }

    @Test func `replaced, and then our file removed, the replacement gets its name back`() throws {
        let play = play
        intruder.act(at: .looked) { play.replace("file", with: "first") }
        intruder.act(at: .puttingBack) { unlink(play.onDisk("file")) }
        guard case .unexpected = try exchange() else { return _ = Issue.record("replaced") }
        #expect(play.text("file") == "first")
    }

    @Test func `an edit right after the swap is seen as a change later`() throws {
        let play = play
        intruder.act(at: .renamed) { OpenWriter(play.onDisk("file")).write(" edited") }
        guard case .placed(let status, let displaced) = try exchange() else { return _ = Issue.record("not placed") }
        #expect(play.text("file") == "new edited")
        #expect(try play.text(of: displaced) == "old")
        #expect(status.fingerprint != (try play.fingerprint("file")))
    }

    @Test func `with an owner whose leases we may not have, the times tell`() throws {
        chmod(play.directory.path, 0o755)
        let base = play.directory.makeDirectory("tree/base")
        play.write("old", "base/file")
        chown(base, ordinaryUser, ordinaryUser)
        let placed = try asOrdinaryUser {
            let tree = try TreeRoot(path: base)
            let area = try PrivateArea(path: base + "/private")
            let item = try area.newFile().finish(mode: Mode(0o600), mtime: 0, expecting: nil, sync: false)
            let status = try tree.status(of: at("file"))
            if case .placed = try tree.exchange(item, with: at("file"), expecting: status?.fingerprint) { return true }
            return false
        }
        #expect(placed)
        #expect(play.text("base/file") == "")
    }

    @Test func `a hundred editors and exchanges lose nothing that was closed`() throws {
        let play = play
        let rounds = 300
        let editor = Editor(play, rounds: rounds)
        editor.start()
        var kept: Set<String> = []
        while !editor.isDone {
            guard let status = try play.tree.status(of: at("file")) else { continue }
            let item = try play.item("ours")
            switch try play.tree.exchange(item, with: at("file"), expecting: status.fingerprint) {
            case .placed(_, let displaced): kept.insert(try play.text(of: displaced))
            case .stranded(_, let item): kept.insert(try play.text(of: item))
            case .unexpected, .busy: try item.remove()
            }
        }
        for item in try play.area.items() { kept.insert(try play.text(of: item)) }
        kept.insert(try #require(play.text("file")))
        // Whatever the editor did not itself take away again is somewhere.
        #expect(editor.unaccounted(kept) == [])
    }
}

struct MoveTests {
    let intruder: Intruder
    let play: Playground

    init() throws {
        let intruder = Intruder()
        self.intruder = intruder
        play = try Playground { intruder.run($0) }
        play.write("text", "file")
        play.directory.makeDirectory("tree/d")
    }

    private func move() throws -> Move {
        try play.tree.move(at("file"), to: at("d/moved"), expecting: play.fingerprint("file").identity)
    }

    @Test func `what is expected moves, a directory with all that is inside`() throws {
        guard case .moved(let status) = try move() else { return _ = Issue.record("not moved") }
        #expect(status == (try play.tree.status(of: at("d/moved"))))
        guard case .moved = try play.tree.move(at("d"), to: at("e"), expecting: play.fingerprint("d").identity)
        else { return _ = Issue.record("not moved") }
        #expect(play.text("e/moved") == "text")
        #expect(
            reason { _ = try play.tree.move(at("e"), to: at("e/f"), expecting: play.fingerprint("e").identity) }
                == .cycle)
    }

    @Test func `a taken name, another inode and nothing are told`() throws {
        play.write("other", "d/moved")
        guard case .occupied(let other) = try move() else { return _ = Issue.record("moved") }
        #expect(other.size == 5)
        guard case .unexpected(_?) = try play.tree.move(at("file"), to: at("new"), expecting: other.identity),
            case .unexpected(nil) = try play.tree.move(at("none"), to: at("new"), expecting: other.identity)
        else { return _ = Issue.record("moved") }
        #expect(play.text("file") == "text")
    }

    @Test func `what was replaced between look and move gets its name back`() throws {
        let play = play
        intruder.act(at: .looked) { play.replace("file", with: "theirs") }
        guard case .unexpected(_?) = try move() else { return _ = Issue.record("moved") }
        #expect(play.text("file") == "theirs")
        #expect(play.text("d/moved") == nil)
    }

    @Test func `what cannot get its name back is told under the new one`() throws {
        let play = play
        intruder.act(at: .looked) { play.replace("file", with: "theirs") }
        intruder.act(at: .puttingBack) { play.write("third", "file") }
        guard case .misplaced = try move() else { return _ = Issue.record("not misplaced") }
        #expect(play.text("file") == "third")
        #expect(play.text("d/moved") == "theirs")
    }
}

struct TakeAwayTests {
    let intruder: Intruder
    let play: Playground

    init() throws {
        let intruder = Intruder()
        self.intruder = intruder
        play = try Playground { intruder.run($0) }
        play.write("text", "file")
    }

    private func takeAway() throws -> Removal<PrivateItem> {
        try play.tree.takeAway(at("file"), expecting: play.fingerprint("file"), into: play.area)
    }

    @Test func `what is expected is taken, and whole`() throws {
        guard case .taken(let item) = try takeAway() else { return _ = Issue.record("not taken") }
        #expect(try play.text(of: item) == "text")
        #expect(play.text("file") == nil)
        play.directory.makeDirectory("tree/d/e")
        play.write("x", "d/e/f")
        guard case .taken(let directory) = try play.tree.takeAway(at("d"), expecting: nil, into: play.area)
        else { return _ = Issue.record("not taken") }
        #expect(play.directory.text("private/\(directory.name)/e/f") == "x")
    }

    @Test func `an edit, a writer and nothing are told`() throws {
        let expected = try play.fingerprint("file")
        play.write("edited", "file")
        guard case .unexpected(_?) = try play.tree.takeAway(at("file"), expecting: expected, into: play.area),
            case .unexpected(nil) = try play.tree.takeAway(at("none"), expecting: expected, into: play.area)
        else { return _ = Issue.record("taken") }
        let writer = OpenWriter(play.onDisk("file"))
        guard case .busy = try takeAway() else { return _ = Issue.record("taken") }
        withExtendedLifetime(writer) {}
        #expect(play.text("file") == "edited")
    }

    @Test func `what was replaced between look and taking is put back, or kept if its name is taken again`() throws {
        let play = play
        intruder.act(at: .looked) { play.replace("file", with: "theirs") }
        guard case .unexpected(_?) = try takeAway() else { return _ = Issue.record("taken") }
        #expect(play.text("file") == "theirs")
        intruder.act(at: .looked) { play.replace("file", with: "again") }
        intruder.act(at: .puttingBack) { play.write("third", "file") }
        guard case .stranded(_?, let item) = try takeAway() else { return _ = Issue.record("not stranded") }
        #expect(try play.text(of: item) == "again")
        #expect(play.text("file") == "third")
    }
}
