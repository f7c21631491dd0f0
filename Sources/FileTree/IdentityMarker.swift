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
    private static let ownerLabel = "owner: "

    /// What the tree has.
    package func reading(in root: TreeRoot) -> Reading {
        guard let lines = lines(in: root) else { return .missing }
        return value(Self.label, lines).map { .named($0) } ?? .unnamed
    }

    /// Who wrote it, as ``write(_:owner:in:)`` was told; nil if it does not say.
    package func owner(in root: TreeRoot) -> String? { lines(in: root).flatMap { value(Self.ownerLabel, $0) } }

    private func lines(in root: TreeRoot) -> [Substring]? {
        guard let file = try? root.openFile(path), let bytes = try? file.read(at: 0, count: 8192) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    private func value(_ label: String, _ lines: [Substring]) -> String? {
        let value = lines.first { $0.hasPrefix(label) }?.dropFirst(label.count) ?? ""
        return value.isEmpty ? nil : String(value)
    }

    /// Writes the marker with an id, durably, in the place of what may be there. Its directory must exist.
    /// - Parameters:
    ///   - id: letters and digits.
    ///   - owner: a line that says who writes it; nil for nobody in particular.
    package func write(_ id: String, owner: String? = nil, in root: TreeRoot) throws(FileTreeError) {
        guard let name = path.last else { preconditionFailure("a marker has a name") }
        let directory = try root.openDirectory(path.parent, "mark", flags: O_RDONLY)
        let target = "\(name)"
        var temporary = target + ".new"
        unlinkat(directory.raw, temporary, 0)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        var file = openat(directory.raw, temporary, flags, 0o444)
        if file < 0, errno == EEXIST {
            // Somebody has put a directory there.
            temporary = "\(target).\(PrivateArea.randomName())"
            file = openat(directory.raw, temporary, flags, 0o444)
        }
        guard file >= 0 else { throw FileTreeError("make", temporary) }
        defer { close(file) }
        let owned = owner.map { "\(Self.ownerLabel)\($0)\n" } ?? ""
        let bytes = Array("\(text)\(Self.label)\(id)\n\(owned)".utf8)
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
