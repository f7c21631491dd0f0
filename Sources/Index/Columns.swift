internal import SQLite
internal import SyncCore

/// Content spread over columns, the same way in every table that holds one.
struct ContentColumns {
    var kind: String
    var size: Int64
    var mtime: Int64
    var mode: Int
    var sha256: [UInt8]?
    var target: [UInt8]?
    var extras: [UInt8]?

    init(_ content: Content) {
        kind = content.kind.rawValue
        size = content.size
        (mtime, mode, sha256, target) =
            switch content {
            case .file(let file): (file.mtime, Int(file.mode.rawValue), file.digest.bytes, nil)
            case .directory(let mode): (0, Int(mode.rawValue), nil, nil)
            case .symlink(let target, let mtime): (mtime, 0o777, nil, target)
            }
        extras = content.mode?.extras?.bytes
    }

    /// In the order kind, size, mtime, mode, sha256, target, extras.
    var bindings: [(any Bindable)?] { [kind, size, mtime, mode, sha256, target, extras] }

    /// Reads the same seven columns, beginning at `first`.
    static func content(_ row: borrowing Row, from first: Int) throws -> Content {
        let mode = try mode(row, first + 3, extras: first + 6)
        switch try row.text(first) {
        case NodeKind.directory.rawValue:
            return .directory(mode)
        case NodeKind.symlink.rawValue:
            return .symlink(target: try row.blob(first + 5), mtime: try row.int64(first + 2))
        default:
            return .file(
                FileContent(
                    digest: try digest(row.blob(first + 4)), size: try row.int64(first + 1), mode: mode,
                    mtime: try row.int64(first + 2)))
        }
    }

    /// Permission bits in one column, what comes with them in another.
    static func mode(_ row: borrowing Row, _ bits: Int, extras column: Int) throws -> Mode {
        let bits = UInt16(truncatingIfNeeded: try row.int(bits))
        guard !row.isNull(column) else { return Mode(bits) }
        guard let extras = Extras(bytes: try row.blob(column)) else { throw IndexError.damaged("extras of a file") }
        return Mode(bits, extras: extras)
    }

    static func digest(_ bytes: [UInt8]) throws -> Digest {
        guard let digest = Digest(bytes: bytes) else { throw IndexError.damaged("a digest of \(bytes.count) bytes") }
        return digest
    }
}

/// What is wrong with an index.
package enum IndexError: Error, Sendable, CustomStringConvertible {
    case damaged(String)

    package var description: String {
        switch self {
        case .damaged(let what):
            "the agent's index is damaged (\(what))"
        }
    }
}
