/// A path below the share or a folder: names from the top down. Empty is the top itself. Never absolute, never `..`.
package struct RelativePath: Hashable, Comparable, Sendable {
    /// From the top down.
    package var names: [Name]

    package init(_ names: [Name] = []) { self.names = names }

    /// Parses `a/b/c`; empty bytes are the top. One trailing slash is allowed, a leading or doubled one is not.
    package init(bytes: [UInt8]) throws(NameError) {
        var bytes = bytes[...]
        if bytes.last == RelativePath.separator { bytes = bytes.dropLast() }
        var names: [Name] = []
        if !bytes.isEmpty {
            for part in bytes.split(separator: RelativePath.separator, omittingEmptySubsequences: false) {
                names.append(try Name(Array(part)))
            }
        }
        self.names = names
    }

    /// The share or the folder itself.
    package static let top = RelativePath()
    private static let separator = UInt8(ascii: "/")

    /// Joined by `/`, without one at either end.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for name in names {
            if !bytes.isEmpty { bytes.append(RelativePath.separator) }
            bytes += name.bytes
        }
        return bytes
    }
    /// Whether it is the share or the folder itself.
    package var isTop: Bool { names.isEmpty }
    /// Its own name; nil for the top.
    package var last: Name? { names.last }

    /// The directory that holds this path; the top's parent is the top.
    package var parent: RelativePath { RelativePath(Array(names.dropLast())) }

    /// What has this name in the directory of this path.
    package func appending(_ name: Name) -> RelativePath { RelativePath(names + [name]) }

    /// What `path` is called when it is relative to this one.
    package func appending(_ path: RelativePath) -> RelativePath { RelativePath(names + path.names) }

    /// True for the path itself and everything below it.
    package func contains(_ other: RelativePath) -> Bool { other.names.starts(with: names) }

    package static func < (a: RelativePath, b: RelativePath) -> Bool {
        a.names.lexicographicallyPrecedes(b.names)
    }
}

extension RelativePath: CustomStringConvertible {
    /// For display: see ``Escaping/text(_:)``.
    package var description: String { Escaping.text(bytes) }
}
