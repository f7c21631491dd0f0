internal import SQLite
import SyncCore

/// The columns of a node, which `node` and `history` have in common.
enum NodeColumns {
    /// For a SELECT on `node`, in the order that ``read(_:from:)`` expects.
    static let list = list(of: "node")

    /// The same with a table's name or alias before each.
    static func list(of table: String, id: String = "id") -> String {
        ([id] + shared + ["seq"]).map { "\(table).\($0)" }.joined(separator: ", ")
    }

    /// All but the id and the seq.
    static let shared = [
        "parent", "name", "kind", "sha256", "size", "mode", "mtime_ns", "target", "extras",
        "content_version", "location_version", "deleted",
    ]
    /// How many columns ``list`` has.
    static let count = shared.count + 2

    /// The values for ``shared``, in order.
    static func bindings(_ node: Node) -> [(any Bindable)?] {
        [node.parent, node.name] + bindings(node.content)
            + [node.contentVersion, node.locationVersion, node.isDeleted]
    }

    private static func bindings(_ content: Content) -> [(any Bindable)?] {
        let kind = Int(content.kind.code)
        let extras = content.mode?.extras?.bytes
        return switch content {
        case .file(let file): [kind, file.digest, file.size, Int(file.mode.rawValue), file.mtime, nil, extras]
        case .directory(let mode): [kind, nil, nil, Int(mode.rawValue), nil, nil, extras]
        case .symlink(let target, let mtime): [kind, nil, nil, nil, mtime, target, nil]
        }
    }

    /// Reads ``list`` from the column on.
    static func read(_ row: borrowing Row, from first: Int = 0) throws -> Node {
        Node(
            id: NodeID(try row.int64(first)),
            location: Location(
                parent: NodeID(try row.int64(first + 1)), name: try storedName(try row.blob(first + 2))),
            content: try content(row, from: first + 3),
            contentVersion: Version(try row.int64(first + 10)), locationVersion: Version(try row.int64(first + 11)),
            seq: Sequence(try row.int64(first + 13)), isDeleted: try row.bool(first + 12))
    }

    /// Reads the columns from `kind` to `extras`.
    static func content(_ row: borrowing Row, from first: Int) throws -> Content {
        switch NodeKind(code: try row.int64(first)) {
        case .file:
            guard let digest = Digest(bytes: try row.blob(first + 1)) else {
                throw JournalError.damaged("a stored digest has not \(Digest.size) bytes")
            }
            return .file(
                FileContent(
                    digest: digest, size: try row.int64(first + 2), mode: try mode(row, first + 3),
                    mtime: try row.int64(first + 4)))
        case .directory: return .directory(try mode(row, first + 3))
        case .symlink: return .symlink(target: try row.blob(first + 5), mtime: try row.int64(first + 4))
        case nil: throw JournalError.damaged("a node of a kind that does not exist")
        }
    }

    private static func mode(_ row: borrowing Row, _ column: Int) throws -> Mode {
        let bits = UInt16(truncatingIfNeeded: try row.int64(column))
        return Mode(bits, extras: try row.optionalBlob(column + 3).map(storedExtras))
    }
}
