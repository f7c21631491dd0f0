internal import CLinux
import Glibc
internal import SyncCore

/// A directory tree on disk, held by a handle: an agent's folder, the hub's share. Paths are looked up beneath it and
/// never through a symlink, even if someone plants one in the middle of a step (`openat2`, RESOLVE_BENEATH). Mounted
/// file systems inside are entered. All calls block. Any thread; the handle never changes.
package final class TreeRoot: Sendable {
    let root: Descriptor
    /// As given, for display and for programs that need a path.
    package let path: String
    /// See ``Instant``.
    let onInstant: @Sendable (Instant) -> Void
    /// The errno with which a step fails; 0 if the kernel decides.
    let failing: @Sendable (DiskStep) -> Int32

    /// Creates nothing.
    /// - Parameters:
    ///   - onInstant: for tests: see ``Instant``.
    ///   - failing: for tests: the errno with which a step fails; 0 if the kernel decides.
    /// - Throws: ``FileTreeError``, `.notFound` when the directory is missing.
    package init(
        path: String, onInstant: @escaping @Sendable (Instant) -> Void = { _ in },
        failing: @escaping @Sendable (DiskStep) -> Int32 = { _ in 0 }
    ) throws(FileTreeError) {
        let raw = open(path, O_RDONLY | LINUX_O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw FileTreeError("open", path) }
        root = Descriptor(raw)
        self.path = path
        self.onInstant = onInstant
        self.failing = failing
    }

    /// A handle on a directory inside, whatever is later renamed.
    /// - Parameter flags: `O_PATH` needs no permission to read it.
    /// - Parameter subject: the path that errors name, if another.
    func openDirectory(
        _ path: RelativePath, _ operation: String, flags: Int32 = LINUX_O_PATH, for subject: RelativePath? = nil
    ) throws(FileTreeError) -> Descriptor {
        var pieces = TreeRoot.pieces(path)[...]
        let first = pieces.popFirst() ?? [UInt8(ascii: ".")]
        var directory = try step(root.raw, first, pieces.isEmpty ? flags : LINUX_O_PATH, operation, subject ?? path)
        while let piece = pieces.popFirst() {
            directory = try step(
                directory.raw, piece, pieces.isEmpty ? flags : LINUX_O_PATH, operation, subject ?? path)
        }
        return directory
    }

    /// The directory above a path, and the last name.
    /// - Precondition: not the top, which has no name in itself.
    func entry(_ path: RelativePath, _ operation: String) throws(FileTreeError) -> Entry {
        guard let name = path.last else { preconditionFailure("the top of a tree cannot be asked to \(operation)") }
        let directory = try openDirectory(path.parent, operation, for: path)
        return Entry(directory: directory, name: name.bytes, path: path.description)
    }

    private func step(
        _ from: Int32, _ piece: [UInt8], _ flags: Int32, _ operation: String, _ subject: RelativePath
    ) throws(FileTreeError) -> Descriptor {
        let resolve = LINUX_RESOLVE_BENEATH | LINUX_RESOLVE_NO_SYMLINKS | LINUX_RESOLVE_NO_MAGICLINKS
        let raw = withCString(piece) {
            linux_openat2(from, $0, flags | LINUX_O_DIRECTORY | O_CLOEXEC, 0, UInt64(resolve))
        }
        guard raw >= 0 else { throw FileTreeError(operation, subject) }
        return Descriptor(raw)
    }

    /// The path in parts that the kernel takes: below PATH_MAX (4096 bytes) each.
    private static func pieces(_ path: RelativePath) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        for name in path.names {
            if let last = pieces.last, last.count + 1 + name.bytes.count < pieceLimit {
                pieces[pieces.count - 1] += [UInt8(ascii: "/")] + name.bytes
            } else {
                pieces.append(name.bytes)
            }
        }
        return pieces
    }

    private static let pieceLimit = 4000

    /// Whether a test has this step fail; errno says how.
    func fails(_ step: DiskStep) -> Bool {
        let code = failing(step)
        if code != 0 { errno = code }
        return code != 0
    }
}

extension FileTreeError {
    /// Nothing is at such a path, be it that a directory above it is gone, or is a file or symlink now.
    package var meansAbsent: Bool { [.notFound, .notDirectory, .escapes].contains(reason) }
}
