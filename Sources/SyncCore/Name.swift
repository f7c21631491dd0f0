/// One component of a path, as bytes. Compares and orders by bytes: `café` in NFC and in NFD are two names.
package struct Name: Hashable, Comparable, Sendable {
    /// 1 to ``limit``, without `/` and NUL.
    package let bytes: [UInt8]

    /// Accepts what Linux accepts as the name of a directory entry: 1 to 255 bytes, no `/`, no NUL, not `.` or `..`.
    package init(_ bytes: [UInt8]) throws(NameError) {
        if bytes.isEmpty { throw .empty }
        if bytes.count > Name.limit { throw .tooLong(bytes.count) }
        if bytes.contains(UInt8(ascii: "/")) { throw .slash }
        if bytes.contains(0) { throw .nul }
        if bytes == [0x2E] || bytes == [0x2E, 0x2E] { throw .dots }
        self.bytes = bytes
    }

    /// The bytes of the text as UTF-8, without normalization.
    package init(_ string: String) throws(NameError) {
        try self.init(Array(string.utf8))
    }

    /// NAME_MAX of Linux, in bytes.
    package static let limit = 255

    /// Names that begin with `.synchub` are ours; users' names may not.
    package var isReserved: Bool { bytes.starts(with: Name.reservedPrefix) }
    /// The names of ours: markers, private areas, parked nodes.
    package static let reservedPrefix = Array(".synchub".utf8)

    package static func < (a: Name, b: Name) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

extension Name: CustomStringConvertible {
    /// For display: see ``Escaping/text(_:)``.
    package var description: String { Escaping.text(bytes) }
}

/// Why bytes are not a name.
package enum NameError: Error, Equatable, Sendable, CustomStringConvertible {
    case empty, slash, nul, dots, reserved
    case tooLong(Int)
    case badEscape

    package var description: String {
        switch self {
        case .empty: "a name must not be empty"
        case .slash: "a name must not contain '/'"
        case .nul: "a name must not contain a NUL byte"
        case .dots: "'.' and '..' are not names"
        case .reserved: "names that begin with '.synchub' are reserved"
        case .tooLong(let count): "a name has at most \(Name.limit) bytes, this one has \(count)"
        case .badEscape: "a backslash in a name must be followed by another backslash or by xHH"
        }
    }
}
