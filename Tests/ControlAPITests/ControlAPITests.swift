import ControlAPI
import SyncCore
import Testing

@Suite struct WireFormatTests {
    @Test func `keys on the wire are the ones that scripts rely on`() throws {
        let message = UnsyncedMessage(
            client: "a", path: "p", pathB64: "cA==", direction: .up, bytes: 1, reason: "r")
        #expect(
            String(decoding: WireFormat.encode(message), as: UTF8.self)
                == #"{"bytes":1,"client":"a","direction":"up","path":"p","path_b64":"cA==","reason":"r"}"#)
        #expect(try WireFormat.decode(UnsyncedMessage.self, from: WireFormat.encode(message)) == message)
    }

    /// A field that is missing in a message's `CodingKeys` would silently not be sent.
    @Test func `messages that spell out their keys send every field`() throws {
        let pause = PauseMessage(until: "t")
        let key = ContentKey(sha256: "s", size: 1)
        let limits = LimitsMessage(up: try Timetable("1k"), down: try Timetable("1k"))
        var burst = Progress()
        burst.observe(total: Amount(files: 1), left: Amount(files: 1), at: 0)
        let progress = ProgressMessage(burst)
        let coming = ComingMessage(sha256: "s", size: 2, through: 1, parent: 1, path: "p", file: "f")
        var changes = ChangesResponse(
            epoch: "e", through: 1, chain: "c", head: 2, nodes: [], contents: [], paused: pause, barrier: 3, late: [],
            wanted: [key],
            wantedMark: 4, subtree: "s")
        (changes.limits, changes.behind) = (limits, [0])
        (changes.coming, changes.comingMark) = ([coming], 5)
        var hello = HelloResponse(
            hub: "h", version: "v", client: "c", epoch: "e", head: 1, known: true, setBack: true, collected: 2,
            staging: "s", share: "s", maxOperations: 3, paused: pause, subtree: "s", otherIndex: true)
        (hello.limits, hello.inline, hello.behind, hello.pack, hello.staged) = (limits, 1, 2, 3, true)
        hello.quota = 4
        var client = StatusResponse.Client(
            name: "n", kind: .agent, state: .inSync, reason: "r", refused: "r", cursor: 1, behind: 2,
            unsynced: .init(up: 1, down: 2, bytes: 3), lastSeen: "t", pausedUntil: "t", pausedSince: "t", mode: "m",
            progress: progress)
        client.limits = limits
        let report = ReportRequest(
            epoch: "e", cursor: 1, barrier: 2, pending: [], upCount: 3, downCount: 4, bytes: 5, blocked: "b",
            merging: "m", mode: "m", progress: progress)
        for message in [changes, hello, client, report] as [any Encodable] {
            let fields = Mirror(reflecting: message).children.map { label, value -> String in
                #expect("\(value)" != "nil", "\(type(of: message)).\(label ?? "") is to be set here")
                return label ?? ""
            }
            let json = String(decoding: WireFormat.encode(message), as: UTF8.self)
            for field in fields {
                let key = field.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
                #expect(json.contains("\"\(key)\":"), "\(type(of: message)) does not send \(field)")
            }
        }
    }

    @Test func `every kind of content survives the wire`() throws {
        let contents: [Content] = [
            .file(FileContent(digest: .empty, size: 0, mode: Mode(0o640), mtime: -1)),
            .directory(Mode(0o755)),
            .symlink(target: [0xFF, 0x2F, 0x5C], mtime: 5_000_000_000_000_000_001),
        ]
        for content in contents {
            let node = Node(
                id: NodeID(7), location: Location(parent: .root, name: try Name([0xFF, 0x5C])), content: content,
                contentVersion: Version(2), locationVersion: Version(3), seq: Sequence(9), isDeleted: true)
            let bytes = WireFormat.encode(NodeMessage(node))
            #expect(try WireFormat.decode(NodeMessage.self, from: bytes).node() == node)
        }
    }

    @Test func `every change survives the wire`() throws {
        let file = Content.file(FileContent(digest: .empty, size: 0, mode: Mode(0o600), mtime: 1))
        let changes: [Change] = [
            .create(in: .created(by: OperationID(generation: "g", number: 3)), name: try Name("n"), content: file),
            .edit(NodeID(5), base: Version(4), content: file),
            .move(NodeID(5), base: Version(2), to: .node(NodeID(6)), name: try Name("m")),
            .delete(NodeID(5), contentBase: Version(1), locationBase: Version(2)),
        ]
        for change in changes {
            let operation = Operation(id: OperationID(generation: "g", number: 8), change: change)
            let bytes = WireFormat.encode(OperationMessage(operation, source: .staged(file: "p", offset: 7)))
            let message = try WireFormat.decode(OperationMessage.self, from: bytes)
            #expect(try message.operation(generation: "g") == operation)
            #expect(try message.source?.source() == .staged(file: "p", offset: 7))
        }
    }

    @Test func `a missing field, a wrong type and bad JSON are named`() {
        func error(_ json: String) -> WireError? {
            do {
                let request = try WireFormat.decode(CommitRequest.self, from: Array(json.utf8))
                for operation in request.operations { _ = try operation.operation(generation: request.generation) }
                return nil
            } catch { return error }
        }
        #expect(error(#"{"generation":"g","acknowledged":0,"operations":[]}"#) == .missingField("epoch"))
        #expect(
            error(
                #"{"epoch":"e","generation":"g","acknowledged":0,"operations":[{"number":1,"verb":"delete","node":5}]}"#
            )
                == .missingField("content_base"))
        guard
            case .wrongType("acknowledged", _) = error(
                #"{"epoch":"e","generation":"g","acknowledged":"x","operations":[]}"#)
        else { Issue.record("expected a wrong type"); return }
        guard case .notJSON = error("{") else { Issue.record("expected bad JSON"); return }
    }

    @Test(arguments: ["a/b", "..", ".", "", "a\\x00b"])
    func `a name with a slash, NUL or dots is refused`(name: String) {
        #expect(throws: WireError.self) { try wireName(name, field: "name") }
    }

    @Test(arguments: ["a/b", "../x", ".hidden", "", "x\\x00"])
    func `a staged file is a plain name`(name: String) throws {
        let source = SourceMessage(.staged(file: name, offset: 0))
        #expect(throws: WireError.self) { try source.source() }
    }

    @Test func `routes are found by method and raw path`() throws {
        for route in Route.allCases {
            #expect(try Route.find(method: route.method, path: route.path).get() == route)
        }
        #expect(throws: ErrorMessage(.unknownRoute, "there is nothing at this path; the API begins at /v1/")) {
            try Route.find(method: "GET", path: "/v1/%73tatus").get()
        }
        do { _ = try Route.find(method: "PUT", path: "/v1/status").get() } catch {
            #expect((error as ErrorMessage).code == .wrongMethod)
        }
    }
}
