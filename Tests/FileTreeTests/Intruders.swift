import FileTree
import Glibc
import Processes
import TestSupport

/// A program that opens a file for writing while we hold a lease on it: its open(2) waits.
final class Opening: Sendable {
    private let path: String
    private let opened = Monitor<Int32?>(nil)

    init(_ path: String) { self.path = path }

    /// Returns once the kernel says that the lease is being broken, with the open still waiting.
    func startAndAwaitLeaseBreak() {
        var status = stat()
        stat(path, &status)
        let (path, opened) = (path, opened)
        startThread("opening") {
            let descriptor = open(path, O_WRONLY | O_APPEND)
            opened.withLock { $0 = descriptor }
        }
        while !isLeaseBreaking(status.st_ino) { sched_yield() }
    }

    /// proc(5), /proc/locks: `1: LEASE  BREAKING  READ  4711 fe:00:12345 0 EOF`.
    private func isLeaseBreaking(_ inode: UInt) -> Bool {
        DiskText.read("/proc/locks").split(separator: "\n").contains {
            $0.contains("BREAKING") && $0.contains(":\(inode) ")
        }
    }

    func write(_ text: String) {
        guard let descriptor = opened.wait(timeout: .seconds(20), { $0 }) else { return }
        _ = Glibc.write(descriptor, text, text.utf8.count)
        close(descriptor)
    }
}

enum DiskText {
    static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}

/// Keeps a file's name busy with new contents, each its own, as editors do: it takes the old one aside (as a backup) and
/// puts the new one in place, so that itself it removes nothing.
final class Editor: Sendable {
    private let play: Playground
    private let rounds: Int
    private let done = Monitor(false)

    init(_ play: Playground, rounds: Int) {
        self.play = play
        self.rounds = rounds
        play.directory.makeDirectory("backups")
    }

    var isDone: Bool { done.withLock { $0 } }

    func start() {
        let (play, rounds, done) = (play, rounds, done)
        startThread("editor") {
            for round in 0..<rounds {
                play.directory.write("edit \(round)", to: "edit")
                _ = Glibc.rename(play.onDisk("file"), play.directory.path("backups/\(round)"))
                // link(2) never replaces: where our exchange put something back meanwhile, the edit is made again.
                if link(play.directory.path("edit"), play.onDisk("file")) != 0 {
                    play.directory.write("edit \(round)", to: "backups/edit-\(round)")
                }
                unlink(play.directory.path("edit"))
                if round % 3 == 0 { sched_yield() }
            }
            done.withLock { $0 = true }
        }
    }

    /// The edits that are neither in `kept` nor in a backup.
    func unaccounted(_ kept: Set<String>) -> [String] {
        let backups = play.directory.names(in: "backups").compactMap { play.directory.text("backups/\($0)") }
        let all = kept.union(backups)
        return (0..<rounds).map { "edit \($0)" }.filter { !all.contains($0) }
    }
}
