import Glibc
import Processes
import SyncCore
import TestSupport
import Testing

@testable import FileTree

/// Collects what a watcher delivers.
private final class Log: Sendable {
    private let batches = Monitor<[WatchBatch]>([])
    /// Locked by a test to keep the watcher's thread in its callback.
    let gate = Monitor(true)
    let isInside = Monitor(false)

    func take(_ batch: WatchBatch) {
        isInside.withLock { $0 = true }
        _ = gate.wait { $0 ? true : nil }
        batches.withLock { $0.append(batch) }
    }

    var all: [WatchEvent] { batches.withLock { $0.flatMap(\.events) } }
    var overflowed: Bool { batches.withLock { $0.contains(where: \.overflowed) } }
    func reset() { batches.withLock { $0 = [] } }

    /// `token name kinds` without the noise of attributes.
    var lines: [String] {
        all.filter { $0.what != .attributes }.map { event in
            "\(event.token) \(event.name?.description ?? "-") \(words(event.what))"
        }
    }

    private func words(_ what: WatchEvent.Kinds) -> String {
        let all: [(WatchEvent.Kinds, String)] = [
            (.created, "created"), (.deleted, "deleted"), (.movedFrom, "from"), (.movedTo, "to"),
            (.modified, "modified"),
            (.closed, "closed"), (.gone, "gone"), (.renamed, "renamed"), (.isDirectory, "directory"),
        ]
        return all.filter { what.contains($0.0) }.map(\.1).joined(separator: "+")
    }
}

struct WatcherTests {
    private let play: Playground
    private let log: Log
    private let watcher: Watcher

    init() throws {
        play = try Playground()
        let log = Log()
        self.log = log
        watcher = try Watcher { log.take($0) }
        try watcher.watch(.top, in: play.tree, token: 1)
    }

    @Test func `what happens to a file is told in order, all of it after a drain`() {
        play.write("x", "file")
        rename(play.onDisk("file"), play.onDisk("other"))
        unlink(play.onDisk("other"))
        watcher.drain()
        #expect(
            log.lines == [
                "1 file created", "1 file modified", "1 file closed", "1 file from", "1 other to", "1 other deleted",
            ])
        let cookies = log.all.filter { $0.cookie != 0 }.map(\.cookie)
        #expect(cookies.count == 2 && Set(cookies).count == 1)
    }

    @Test func `a time that is set is told as one, and not as a write after which no close comes`() throws {
        play.write("x", "file")
        let path = try RelativePath(bytes: Array("file".utf8))
        let before = try #require(try play.tree.status(of: path))
        watcher.drain()
        log.reset()
        let change = try play.tree.setAttributes(path, mtime: 1_000_000_007, expecting: before.fingerprint)
        watcher.drain()
        guard case .set(let after) = change else { throw FileTreeError("set the time of", path, .busy) }
        #expect(after.mtime == 1_000_000_007)
        #expect(!log.all.isEmpty && log.all.allSatisfy { $0.what == .attributes })
    }

    @Test func `files made in a new directory are found by watching, then listing`() throws {
        play.directory.makeDirectory("tree/a/b/c")
        play.write("x", "a/b/c/f")
        watcher.drain()
        #expect(log.lines == ["1 a created+directory"])
        var token: Int64 = 2
        var found: [String] = []
        func enter(_ directory: RelativePath) throws {
            try watcher.watch(directory, in: play.tree, token: token)
            token += 1
            for entry in try play.tree.list(directory) {
                let path = directory.appending(entry.name)
                found.append(path.description)
                if entry.status.kind == .directory { try enter(path) }
            }
        }
        try enter(at("a"))
        #expect(found == ["a/b", "a/b/c", "a/b/c/f"])
        play.write("y", "a/b/c/g")
        watcher.drain()
        #expect(log.lines.contains("4 g created"))
        #expect(watcher.count == 4)
    }

    @Test func `a watch goes along with a renamed directory`() throws {
        play.directory.makeDirectory("tree/d")
        try watcher.watch(at("d"), in: play.tree, token: 7)
        rename(play.onDisk("d"), play.onDisk("e"))
        play.write("x", "e/file")
        watcher.drain()
        #expect(log.lines.contains("7 - renamed"))
        #expect(log.lines.contains("7 file created"))
    }

    @Test func `a removed directory says that it is gone, and its token is free`() throws {
        play.directory.makeDirectory("tree/d")
        try watcher.watch(at("d"), in: play.tree, token: 7)
        rmdir(play.onDisk("d"))
        watcher.drain()
        #expect(log.lines.last == "1 d deleted+directory" || log.lines.contains("7 - gone"))
        #expect(log.lines.filter { $0 == "7 - gone" }.count == 1)
        #expect(watcher.count == 1)
        play.directory.makeDirectory("tree/d")
        try watcher.watch(at("d"), in: play.tree, token: 7)
        play.write("x", "d/file")
        watcher.drain()
        #expect(log.lines.contains("7 file created"))
    }

    @Test func `nothing more is told of a directory that is no longer watched`() throws {
        play.directory.makeDirectory("tree/d")
        try watcher.watch(at("d"), in: play.tree, token: 7)
        play.write("x", "d/before")
        watcher.drain()
        watcher.unwatch(7)
        watcher.unwatch(8)
        play.write("x", "d/after")
        watcher.drain()
        #expect(log.lines.contains("7 before created"))
        #expect(!log.lines.contains { $0.contains("after") || $0.contains("gone") })
    }

    @Test func `one directory under two tokens keeps the later one, and tells the other`() throws {
        #expect(try watcher.watch(.top, in: play.tree, token: 2) == 1)
        #expect(try watcher.watch(.top, in: play.tree, token: 2) == nil)
        play.write("x", "file")
        watcher.drain()
        #expect(log.lines.first == "2 file created")
        #expect(watcher.count == 1)
    }

    @Test func `a token that is given another directory leaves the first`() throws {
        play.directory.makeDirectory("tree/d")
        try watcher.watch(at("d"), in: play.tree, token: 1)
        watcher.drain()
        log.reset()
        play.write("x", "file")
        play.write("x", "d/inner")
        watcher.drain()
        #expect(log.lines.filter { $0.contains("created") } == ["1 inner created"])
    }

    @Test func `names are bytes, paths may be longer than PATH_MAX`() throws {
        var path = RelativePath.top
        let name = try Name([UInt8](repeating: 0x64, count: 250))
        for _ in 0..<20 {
            path = path.appending(name)
            _ = try play.tree.makeDirectory(path, mode: Mode(0o755))
        }
        try watcher.watch(path, in: play.tree, token: 9)
        _ = try play.tree.placeNew(play.item("x"), at: path.appending(Name([0xFF])))
        watcher.drain()
        #expect(log.lines.contains("9 \\xff to"))
    }

    @Test func `only directories in the tree are watched`() throws {
        play.write("x", "file")
        symlink("/tmp", play.onDisk("link"))
        for path in ["file", "link", "none"] {
            #expect(throws: WatchError.self) { try watcher.watch(at(path), in: play.tree, token: 5) }
        }
        #expect(watcher.count == 1)
    }

    @Test func `after a drain, nothing that happened before it is missing, with many at once`() {
        let threads = 4
        let failures = Monitor<(done: Int, missing: [String])>((0, []))
        for thread in 0..<threads {
            let (play, log, watcher) = (play, log, watcher)
            startThread("drain \(thread)") {
                var missing: [String] = []
                for round in 0..<100 {
                    let name = "t\(thread)-\(round)"
                    play.write("", name)
                    watcher.drain()
                    if !log.all.contains(where: { $0.name?.description == name && $0.what.contains(.created) }) {
                        missing.append(name)
                    }
                }
                failures.withLock { $0 = ($0.done + 1, $0.missing + missing) }
            }
        }
        let missing = failures.wait(timeout: .seconds(60)) { $0.done == threads ? $0.missing : nil }
        #expect(missing == [])
    }

    @Test func `an overflow is told, a drain still ends, and what comes later is seen`() throws {
        log.gate.withLock { $0 = false }
        play.write("x", "first")
        _ = log.isInside.wait { $0 ? true : nil }
        let limit = try #require(Int(DiskText.read("/proc/sys/fs/inotify/max_queued_events").dropLast()))
        for index in 0...(limit / 2) {
            let path = play.onDisk("f\(index % 7)")
            close(open(path, O_CREAT | O_RDONLY, 0o600))
            unlink(path)
        }
        let drained = Monitor(false)
        let watcher = watcher
        startThread("drain") {
            watcher.drain()
            drained.withLock { $0 = true }
        }
        log.gate.withLock { $0 = true }
        #expect(drained.wait(timeout: .seconds(60)) { $0 ? true : nil } == true)
        #expect(log.overflowed)
        log.reset()
        play.write("x", "later")
        watcher.drain()
        #expect(log.lines.contains("1 later created"))
    }

    @Test func `after a stop nothing is delivered, and a drain returns`() {
        watcher.stop()
        watcher.stop()
        play.write("x", "file")
        watcher.drain()
        #expect(log.all.isEmpty)
    }

    @Test func `the sentences of the limits name the setting, its value and what to type`() {
        let watches = WatchError(errno: ENOSPC, path: "d")
        guard case .limitReached(let current?) = watches else { return _ = Issue.record("not the limit") }
        #expect(watches.description.contains("fs.inotify.max_user_watches is \(current)"))
        #expect(watches.description.contains("sudo sysctl --system"))
        let instances = WatchError(errno: EMFILE, path: "d")
        #expect(instances.description.contains("fs.inotify.max_user_instances"))
        #expect(WatchError(errno: ENOENT, path: "d") == .directory(FileTreeError("watch", "d", errno: ENOENT)))
    }
}
