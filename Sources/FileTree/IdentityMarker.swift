import Glibc
package import SyncCore

/// The file by which a directory tree is told from an empty mount point and from another disk (DESIGN §4.8): a text for
/// people, and a line with an id that whoever keeps the tree knows too. Calls block.
package struct IdentityMarker: Sendable {
    /// What is found under the marker's name.
    package enum Reading: Hashable, Sendable {
        /// No file, or one that cannot be read.
        case missing
        /// A file without an id: empty, or made before markers had ids.
        case unnamed
        case named(String)
    }

    /// Below the tree's top.
    package let path: RelativePath
    private let text: String

    /// - Parameter text: whole lines, for a person who finds the file.
    package init(path: RelativePath, text: String) {
        self.path = path
        self.text = text
    }

    private static let label = "id: "

    /// What the tree has.
    package func reading(in root: TreeRoot) -> Reading {
        guard let file = try? root.openFile(path), let bytes = try? file.read(at: 0, count: 4096) else {
            return .missing
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        let id = lines.first { $0.hasPrefix(Self.label) }?.dropFirst(Self.label.count) ?? ""
        return id.isEmpty ? .unnamed : .named(String(id))
    }

    /// Writes the marker with an id, durably, in the place of what may be there. Its directory must exist.
    /// - Parameter id: letters and digits.
    package func write(_ id: String, in root: TreeRoot) throws(FileTreeError) {
        guard let name = path.last else { preconditionFailure("a marker has a name") }
        let directory = try root.openDirectory(path.parent, "mark", flags: O_RDONLY)
        let target = "\(name)"
        let temporary = target + ".new"
        unlinkat(directory.raw, temporary, 0)
        let file = openat(directory.raw, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o444)
        guard file >= 0 else { throw FileTreeError("make", temporary) }
        defer { close(file) }
        let bytes = Array("\(text)\(Self.label)\(id)\n".utf8)
        // SAFETY: the array's own length goes along.
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard count == bytes.count, fsync(file) == 0, renameat(directory.raw, temporary, directory.raw, target) == 0
        else {
            let error = FileTreeError("write", path)
            unlinkat(directory.raw, temporary, 0)
            throw error
        }
        guard fsync(directory.raw) == 0 else { throw FileTreeError("sync", path) }
    }
}
