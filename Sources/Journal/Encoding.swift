import SyncCore

/// Values as bytes: each field of fixed width or with its length before it, so that equal bytes mean equal values.
/// What is stored in this form is only ever read by ``Decoder``; a change of it needs a migration.
struct Encoder {
    private(set) var data: [UInt8] = []
    /// Stands in a content's first byte, beside the kind.
    static let withExtras: UInt8 = 0x10

    mutating func byte(_ value: UInt8) { data.append(value) }

    mutating func integer(_ value: Int64) {
        let bits = UInt64(bitPattern: value)
        for shift in stride(from: 56, through: 0, by: -8) { data.append(UInt8(truncatingIfNeeded: bits >> shift)) }
    }

    mutating func bytes(_ value: [UInt8]) {
        integer(Int64(value.count))
        data += value
    }

    mutating func location(_ value: Location) {
        integer(value.parent.rawValue)
        bytes(value.name.bytes)
    }

    mutating func content(_ value: Content) {
        let extras = value.mode?.extras
        byte(value.kind.code | (extras == nil ? 0 : Self.withExtras))
        if let extras { bytes(extras.bytes) }
        switch value {
        case .file(let file):
            data += file.digest.bytes
            integer(file.size)
            integer(Int64(file.mode.rawValue))
            integer(file.mtime)
        case .directory(let mode):
            integer(Int64(mode.rawValue))
        case .symlink(let target, let mtime):
            bytes(target)
            integer(mtime)
        }
    }

    mutating func node(_ value: Node) {
        integer(value.id.rawValue)
        location(value.location)
        content(value.content)
        integer(value.contentVersion.rawValue)
        integer(value.locationVersion.rawValue)
        integer(value.seq.rawValue)
        byte(value.isDeleted ? 1 : 0)
    }

    mutating func optional(_ value: Node?) {
        byte(value == nil ? 0 : 1)
        if let value { node(value) }
    }

    mutating func change(_ value: Change) {
        switch value {
        case .create(let parent, let name, let content):
            byte(0)
            self.parent(parent)
            bytes(name.bytes)
            self.content(content)
        case .edit(let node, let base, let content):
            byte(1)
            integer(node.rawValue)
            integer(base.rawValue)
            self.content(content)
        case .move(let node, let base, let parent, let name):
            byte(2)
            integer(node.rawValue)
            integer(base.rawValue)
            self.parent(parent)
            bytes(name.bytes)
        case .delete(let node, let contentBase, let locationBase):
            byte(3)
            integer(node.rawValue)
            integer(contentBase.rawValue)
            integer(locationBase.rawValue)
        }
    }

    private mutating func parent(_ value: ParentReference) {
        switch value {
        case .node(let id):
            byte(0)
            integer(id.rawValue)
        case .created(let operation):
            byte(1)
            bytes(Array(operation.generation.utf8))
            integer(operation.number)
        }
    }

    mutating func record(_ value: HistoryRecord) {
        node(value.node)
        byte(value.change.code)
        bytes(Array(value.client.utf8))
        integer(value.at)
        bytes(value.path.bytes)
        byte(value.from == nil ? 0 : 1)
        if let from = value.from { location(from) }
        byte(value.fromPath == nil ? 0 : 1)
        if let path = value.fromPath { bytes(path.bytes) }
        // Those of before devices were known have nothing here, too.
        if let device = value.device { bytes(Array(device.utf8)) }
    }

    mutating func outcome(_ value: Outcome) {
        switch value {
        case .applied(let node):
            byte(0)
            self.node(node)
        case .merged(let node):
            byte(1)
            self.node(node)
        case .conflict(let current, let copy):
            byte(2)
            node(current)
            node(copy)
        case .refused(let reason, let current):
            byte(3)
            bytes(Array(reason.rawValue.utf8))
            optional(current)
        case .contentMissing:
            byte(4)
        case .held(let batch):
            byte(5)
            integer(batch)
        }
    }
}

/// Reads what ``Encoder`` wrote. Bytes that it cannot have written are ``JournalError/damaged(_:)``.
struct Decoder {
    private var rest: ArraySlice<UInt8>

    init(_ data: [UInt8]) { rest = data[...] }

    mutating func byte() throws -> UInt8 {
        guard let byte = rest.popFirst() else { throw Decoder.damaged }
        return byte
    }

    mutating func integer() throws -> Int64 {
        Int64(bitPattern: try take(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    mutating func bytes() throws -> [UInt8] { Array(try take(Int(try integer()))) }

    private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw Decoder.damaged }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func location() throws -> Location {
        Location(parent: NodeID(try integer()), name: try storedName(try bytes()))
    }

    mutating func content() throws -> Content {
        let first = try byte()
        if first & Encoder.withExtras != 0 {
            let extras = try storedExtras(bytes())
            return try content(first & ~Encoder.withExtras).changingMode { Mode($0.rawValue, extras: extras) }
        }
        return try content(first)
    }

    private mutating func content(_ kind: UInt8) throws -> Content {
        switch NodeKind(code: Int64(kind)) {
        case .file:
            guard let digest = Digest(bytes: try take(Digest.size)) else { throw Decoder.damaged }
            return .file(
                FileContent(digest: digest, size: try integer(), mode: try mode(), mtime: try integer()))
        case .directory: return .directory(try mode())
        case .symlink: return .symlink(target: try bytes(), mtime: try integer())
        case nil: throw Decoder.damaged
        }
    }

    private mutating func mode() throws -> Mode { Mode(UInt16(truncatingIfNeeded: try integer())) }

    mutating func node() throws -> Node {
        Node(
            id: NodeID(try integer()), location: try location(), content: try content(),
            contentVersion: Version(try integer()), locationVersion: Version(try integer()),
            seq: Sequence(try integer()), isDeleted: try byte() != 0)
    }

    mutating func outcome() throws -> Outcome {
        switch try byte() {
        case 0: return .applied(try node())
        case 1: return .merged(try node())
        case 2: return .conflict(current: try node(), copy: try node())
        case 3:
            guard let reason = Refusal(rawValue: String(decoding: try bytes(), as: UTF8.self)) else {
                throw Decoder.damaged
            }
            return .refused(reason, current: try byte() == 0 ? nil : try node())
        case 4: return .contentMissing
        case 5: return .held(batch: try integer())
        default: throw Decoder.damaged
        }
    }

    mutating func change() throws -> Change {
        switch try byte() {
        case 0: return .create(in: try parent(), name: try storedName(try bytes()), content: try content())
        case 1: return .edit(NodeID(try integer()), base: Version(try integer()), content: try content())
        case 2:
            return .move(
                NodeID(try integer()), base: Version(try integer()), to: try parent(),
                name: try storedName(try bytes()))
        case 3:
            return .delete(
                NodeID(try integer()), contentBase: Version(try integer()), locationBase: Version(try integer()))
        default: throw Decoder.damaged
        }
    }

    private mutating func parent() throws -> ParentReference {
        if try byte() == 0 { return .node(NodeID(try integer())) }
        let generation = String(decoding: try bytes(), as: UTF8.self)
        return .created(by: OperationID(generation: generation, number: try integer()))
    }

    static let damaged = JournalError.damaged("a stored outcome or placement cannot be read")
}

extension NodeKind {
    /// As it is stored.
    var code: UInt8 {
        switch self {
        case .file: 0
        case .directory: 1
        case .symlink: 2
        }
    }

    init?(code: Int64) {
        switch code {
        case 0: self = .file
        case 1: self = .directory
        case 2: self = .symlink
        default: return nil
        }
    }
}

extension HistoryRecord.Change {
    private static let codes: [HistoryRecord.Change] = [.create, .edit, .move, .delete, .revive]

    /// As it is stored.
    var code: UInt8 {
        switch self {
        case .create: 0
        case .edit: 1
        case .move: 2
        case .delete: 3
        case .revive: 4
        }
    }

    init?(code: Int64) {
        guard let change = Self.codes.first(where: { Int64($0.code) == code }) else { return nil }
        self = change
    }
}

/// Extras read from a table.
func storedExtras(_ bytes: [UInt8]) throws -> Extras {
    guard let extras = Extras(bytes: bytes) else { throw JournalError.damaged("stored extras cannot be read") }
    return extras
}

/// A name read from a table.
func storedName(_ bytes: [UInt8]) throws -> Name {
    do { return try Name(bytes) } catch { throw JournalError.damaged("a stored name: \(error)") }
}

/// A path read from a table.
func storedPath(_ bytes: [UInt8]) throws -> RelativePath {
    do { return try RelativePath(bytes: bytes) } catch { throw JournalError.damaged("a stored path: \(error)") }
}
