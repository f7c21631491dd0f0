import SyncCore
import TestSupport
import Testing

@testable import ControlAPI

/// Messages that are written and read without a coder are those that a coder writes and reads.
@Suite struct QuickTests {
    private struct Maker {
        var random: SeededRandom

        mutating func pick<Value>(_ values: [Value]) -> Value { values.randomElement(using: &random)! }

        mutating func maybe<Value>(_ value: (inout Maker) -> Value) -> Value? {
            Bool.random(using: &random) ? value(&self) : nil
        }

        mutating func number() -> Int64 {
            pick([0, 1, -1, 7, 4096, .max, .min, Int64.random(in: .min ... .max, using: &random)])
        }

        mutating func text() -> String {
            pick([
                "", "a", "report.txt", "ä ö", "\u{1F600}", "\"quoted\"", "a\\x00b", "tab\there", "\u{1}", "a/b",
                "\u{7F}",
            ])
        }

        mutating func content() -> ContentMessage {
            let digest = Digest(bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })!
            let size = number().magnitude >> 1
            var content = ContentMessage(
                pick([
                    .file(FileContent(digest: digest, size: Int64(size), mode: Mode(0o644), mtime: number())),
                    .directory(Mode(0o700)), .symlink(target: [0xFF, 0x2F, 0x5C], mtime: number()),
                ]))
            if let owner = maybe({ $0.text() }) {
                content.extras = ExtrasMessage(Extras())
                content.extras?.owner = owner
            }
            return content
        }

        mutating func node() -> NodeMessage {
            let node = Node(
                id: NodeID(number()), location: Location(parent: NodeID(number()), name: try! Name("n")),
                content: .directory(Mode(0o755)), contentVersion: Version(number()), locationVersion: Version(number()),
                seq: Sequence(number()), isDeleted: Bool.random(using: &random))
            var message = NodeMessage(node)
            message.content = content()
            message.name = text()
            return message
        }

        mutating func outcome() -> OutcomeMessage {
            var message = OutcomeMessage(number: number(), .contentMissing)
            message.result = pick([.applied, .merged, .conflict, .refused, .contentMissing, .held])
            message.node = maybe { $0.node() }
            message.copy = maybe { $0.node() }
            message.batch = maybe { $0.number() }
            message.reason = maybe { $0.pick([.moved, .notEmpty]) }
            return message
        }

        mutating func source() -> SourceMessage {
            var source = SourceMessage(.known)
            source.known = maybe { Bool.random(using: &$0.random) }
            source.inline = maybe { $0.text() }
            source.behind = maybe { $0.number() }
            source.staged = maybe { $0.text() }
            source.offset = maybe { $0.number() }
            return source
        }

        mutating func operation() -> OperationMessage {
            let id = OperationID(generation: "g", number: number())
            var message = OperationMessage(
                Operation(id: id, change: .delete(NodeID(1), contentBase: .first, locationBase: .first)))
            message.verb = pick([.create, .edit, .move, .delete])
            message.node = maybe { $0.number() }
            message.parent = maybe { $0.number() }
            message.parentOperation = maybe { $0.number() }
            message.name = maybe { $0.text() }
            message.contentBase = maybe { $0.number() }
            message.locationBase = maybe { $0.number() }
            message.content = maybe { $0.content() }
            message.source = maybe { $0.source() }
            return message
        }

        mutating func several<Value>(_ value: (inout Maker) -> Value) -> [Value] {
            (0..<Int.random(in: 0...3, using: &random)).map { _ in value(&self) }
        }

        mutating func changes() -> ChangesResponse {
            ChangesResponse(
                epoch: text(), through: number(), chain: maybe { $0.text() }, head: number(),
                nodes: several { $0.node() }, contents: maybe { _ in [] },
                behind: maybe { $0.several { $0.pick([0, 1, 12]) } },
                paused: maybe { PauseMessage(until: $0.text()) }, barrier: number(), late: maybe { _ in [] },
                wanted: maybe { _ in [] }, wantedMark: maybe { $0.number() }, subtree: maybe { $0.text() },
                limits: maybe { _ in LimitsMessage(up: .off, down: .off) }, coming: maybe { _ in [] },
                comingMark: maybe { $0.number() })
        }

        mutating func request() -> CommitRequest {
            var request = CommitRequest(
                epoch: text(), generation: text(), acknowledged: number(), operations: several { $0.operation() })
            request.deletes = maybe { $0.pick([1, 5]) }
            request.rewrites = maybe { $0.pick([1, 5]) }
            return request
        }

        mutating func response() -> CommitResponse {
            CommitResponse(outcomes: several { $0.outcome() }, head: number(), chain: maybe { $0.text() })
        }
    }

    private func check<Message: Codable & Hashable>(_ message: Message, _ maker: inout Maker) throws -> Bool {
        let bytes = WireFormat.encode(message)
        #expect(bytes == WireFormat.encodeByCoder(message))
        #expect(try WireFormat.decode(Message.self, from: bytes) == message)
        // Whatever is read quickly is what a coder reads.
        for _ in 0..<20 {
            var other = bytes
            let place = Int.random(in: 0..<other.count, using: &maker.random)
            switch Int.random(in: 0..<3, using: &maker.random) {
            case 0: other[place] = UInt8.random(in: 0...255, using: &maker.random)
            case 1: other.remove(at: place)
            default: other.insert(maker.pick(Array("0-{}[]\",:. e".utf8)), at: place)
            }
            if let quick = WireFormat.decodeQuickly(Message.self, from: other, other.indices) {
                #expect(
                    try WireFormat.decodeByCoder(Message.self, from: other) == quick,
                    "\(String(decoding: other, as: UTF8.self))")
            }
        }
        return WireFormat.decodeQuickly(Message.self, from: bytes, bytes.indices) != nil
    }

    /// Notes which fields of a message, and of those in it, were ever set.
    private func note(_ value: Any, in seen: inout [String: Bool]) {
        let mirror = Mirror(reflecting: value)
        for child in mirror.children {
            if value is any QuickMessage, let label = child.label {
                let name = "\(mirror.subjectType).\(label)"
                seen[name] = seen[name, default: false] || "\(child.value)" != "nil"
            }
            note(child.value, in: &seen)
        }
    }

    @Test func `without a coder they are the same, and whatever is read without one a coder reads so`() throws {
        let seed = SeededRandom.seedFromEnvironment()
        var maker = Maker(random: SeededRandom(seed: seed))
        var quick = 0
        var seen: [String: Bool] = [:]
        for round in 0..<300 {
            if round < 100 {
                note(maker.request(), in: &seen)
                note(maker.response(), in: &seen)
                note(maker.changes(), in: &seen)
            }
            if try check(maker.request(), &maker) { quick += 1 }
            if try check(maker.response(), &maker) { quick += 1 }
            if try check(maker.changes(), &maker) { quick += 1 }
        }
        #expect(quick > 20, "seed \(seed)")
        // A field that is new is to be made here, so that it is compared. Recipes are never read quickly.
        #expect(seen.filter { !$0.value }.keys.sorted() == ["SourceMessage.recipe"])
    }

    @Test func `a commit of files, its answer and a page are read without a coder`() throws {
        let file = Content.file(
            FileContent(digest: .empty, size: 3, mode: Mode(0o644), mtime: 1_700_000_000_000_000_001))
        let node = Node(
            id: NodeID(5), location: Location(parent: .root, name: try Name("ä.txt")), content: file,
            contentVersion: .first,
            locationVersion: .first, seq: Sequence(9))
        let operation = Operation(
            id: OperationID(generation: "g", number: 4),
            change: .create(in: .node(.root), name: node.name, content: file))
        let request = CommitRequest(
            epoch: "e", generation: "g", acknowledged: 3,
            operations: [
                OperationMessage(operation, source: .behind(offset: 17)), OperationMessage(operation, source: .known),
            ])
        let response = CommitResponse(outcomes: [OutcomeMessage(number: 4, .applied(node))], head: 9, chain: "c")
        let page = ChangesResponse(
            epoch: "e", through: 9, chain: "c", head: 9, nodes: [NodeMessage(node)], behind: [0], paused: nil,
            barrier: 0,
            wantedMark: 1)
        func quick<Message: Codable & Hashable>(_ message: Message) -> Message? {
            let bytes = WireFormat.encode(message)
            return WireFormat.decodeQuickly(Message.self, from: bytes, bytes.indices)
        }
        #expect(quick(request) == request)
        #expect(quick(response) == response)
        #expect(quick(page) == page)
    }
}
