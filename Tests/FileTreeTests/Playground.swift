import FileTree
import Glibc
import Hashing
import SyncCore
import TestSupport

/// A tree and a private area on one file system, gone with the value.
final class Playground: Sendable {
    let directory: TemporaryDirectory
    let tree: TreeRoot
    let area: PrivateArea

    init(
        below: String? = nil, onInstant: @escaping @Sendable (Instant) -> Void = { _ in },
        failing: @escaping @Sendable (DiskStep) -> Int32 = { _ in 0 }
    ) throws {
        directory = TemporaryDirectory(below: below)
        tree = try TreeRoot(path: directory.makeDirectory("tree"), onInstant: onInstant, failing: failing)
        area = try PrivateArea(path: directory.path("private"))
    }

    func write(_ text: String, _ path: String) { directory.write(text, to: "tree/" + path) }
    func text(_ path: String) -> String? { directory.text("tree/" + path) }
    func onDisk(_ path: String) -> String { directory.path("tree/" + path) }

    /// Replaces as an editor does, by a rename: a new inode.
    func replace(_ path: String, with text: String) {
        directory.write(text, to: "new")
        _ = Glibc.rename(directory.path("new"), onDisk(path))
    }

    func item(_ text: String, mode: Mode = Mode(0o644), mtime: Nanoseconds = 1_500_000_000_123_456_789) throws
        -> PrivateItem
    {
        let file = try area.newFile()
        try file.append(Array(text.utf8))
        return try file.finish(mode: mode, mtime: mtime, expecting: digest(text), sync: false)
    }

    func text(of item: PrivateItem) throws -> String {
        String(decoding: try item.open().read(at: 0, count: 1 << 20), as: UTF8.self)
    }

    func fingerprint(_ path: String) throws -> Fingerprint {
        guard let status = try tree.status(of: at(path)) else { throw FileTreeError("look at", path, .notFound) }
        return status.fingerprint
    }
}

func at(_ path: String) -> RelativePath {
    do { return try RelativePath(bytes: Array(path.utf8)) } catch { preconditionFailure("not a path: \(path)") }
}

func digest(_ text: String) -> Digest { Digest(bytes: sha256(Array(text.utf8)))! }

/// What a step threw; nil if it did not.
func reason(_ body: () throws -> Void) -> FileTreeError.Reason? {
    do {
        try body()
        return nil
    } catch {
        return (error as? FileTreeError)?.reason
    }
}

/// Keeps a file open for writing.
final class OpenWriter {
    let descriptor: Int32
    init(_ path: String) { descriptor = open(path, O_WRONLY | O_APPEND) }
    deinit { close(descriptor) }
    func write(_ text: String) { _ = Glibc.write(descriptor, text, text.utf8.count) }
}
