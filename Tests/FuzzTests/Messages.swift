import SyncCore

@testable import ControlAPI
@testable import Hub

// Bodies of requests and answers.

/// A body as a message, if it is one: read with a coder and without one it is the same, and what is written of it too.
func message<Message: Codable & Hashable>(_ type: Message.Type, _ bytes: [UInt8]) throws -> Message? {
    let read = try? WireFormat.decodeByCoder(type, from: bytes)
    if let quick = WireFormat.decodeQuickly(type, from: bytes, bytes.indices) {
        try promise(read == quick, "\(type): only without a coder it is \(quick)")
        // Texts are equal if they look equal.
        try promise(WireFormat.encode(read) == WireFormat.encode(quick), "\(type): other bytes without a coder")
    }
    guard let read else { return nil }
    let text = WireFormat.encode(read)
    try promise(text == WireFormat.encodeByCoder(read), "\(type): written in two ways")
    try promise(!text.contains(0x0A), "\(type): a line break, behind which bytes would begin")
    let again = try WireFormat.decode(type, from: text)
    try promise(WireFormat.encode(again) == text && again == read, "\(type): it is not what was written of it")
    return read
}

/// A message of some type, as a choice.
private typealias Reader = @Sendable ([UInt8]) throws -> Void

private func reader<Message: Codable & Hashable & Sendable>(
    _ type: Message.Type, _ look: @escaping @Sendable (Message) throws -> Void = { _ in }
) -> Reader {
    { bytes in if let read = try message(type, bytes) { try look(read) } }
}

extension FuzzTarget {
    /// `POST /v1/commit`, with bytes behind it.
    static let commit = FuzzTarget(name: "commit", seeds: Seeds.commits) { bytes in
        if let (request, start) = try? MessageWithBytes.decode(CommitRequest.self, from: bytes) {
            try promise((1...bytes.count).contains(start), "bytes begin outside of the body")
            let behind = BytesBehind(body: bytes, start: start)
            for operation in request.operations {
                guard let offset = operation.source?.behind else { continue }
                let size = operation.content?.size ?? 0
                let found = behind.bytes(at: offset, count: size)
                try promise(found.map { Int64($0.count) == size } ?? true, "fewer bytes than were asked for")
            }
        }
        guard let request = try message(CommitRequest.self, bytes) else { return }
        _ = request.problem
        try promise((0...1 << 40).contains(request.announced.deletes), "more to delete than there can be")
        if let parsed = try? SourcedOperation.parse(request) {
            try promise(parsed.count == request.operations.count, "an operation was lost")
            let numbers = Set(parsed.map(\.operation.id.number))
            try promise(numbers.count == parsed.count, "two operations of one number")
        }
        for message in request.operations { try look(message, request.generation) }
    }

    private static func look(_ message: OperationMessage, _ generation: String) throws {
        if let operation = try? message.operation(generation: generation) {
            let again = try OperationMessage(operation).operation(generation: generation)
            try promise(again == operation, "\(operation) became \(again)")
            if case .create(_, let name, _) = operation.change { try check(name) }
            if case .move(_, _, _, let name) = operation.change { try check(name) }
            if let content = operation.change.content { try check(content) }
        }
        if let source = message.source { try look(source) }
    }

    private static func look(_ message: SourceMessage) throws {
        guard let source = try? message.source() else { return }
        let again = try SourceMessage(source).source()
        try promise(again == source, "\(source) became \(again)")
        if let file = source.stagedFile {
            let name = try Name(Escaping.bytes(file))
            try check(name)
            try promise(name.bytes.first != UInt8(ascii: "."), "a hidden file in staging")
        }
        switch source {
        case .behind(let offset), .staged(_, let offset): try promise(offset >= 0, "before the file")
        case .recipe(let recipe, _, let offset):
            try promise(offset >= 0, "before the file")
            try check(recipe)
        case .inline(let bytes): try promise(Int64(bytes.count) <= InlineContents.largest, "too much in the message")
        case .known: break
        }
    }

    /// All others that are sent to the hub.
    static let bodies = FuzzTarget(name: "bodies", seeds: Seeds.bodies) { bytes in
        let (choice, body) = bytes.choice(of: readers.count)
        try readers[choice](body)
    }

    private static let readers: [Reader] = [
        reader(HelloRequest.self) { _ = $0.problem },
        reader(ReportRequest.self) { report in
            guard report.problem == nil else { return }
            for item in report.pending {
                guard let path = try? wirePath(item.path) else { continue }
                try check(path)
            }
            _ = report.progress?.text
        },
        reader(StagedRequest.self) { request in
            guard request.block >= StagedRequest.smallestBlock else { return }
            let most = StagedRequest.blocks(
                of: request.block, within: StagedRequest.mostBytes, wanted: request.most)
            let (bytes, isTooMuch) = Int64(most).multipliedReportingOverflow(by: request.block)
            try promise(!isTooMuch && bytes <= StagedRequest.mostBytes, "more is read than may be")
        },
        reader(LayOutRequest.self), reader(PrepareRequest.self) { if let source = $0.source { try look(source) } },
        reader(OfferRequest.self), reader(HoldsMessage.self), reader(RecipeRequest.self),
        reader(PathRequest.self) { if let path = try? wirePath($0.path) { try check(path) } },
        reader(WaitRequest.self), reader(ClientRequest.self),
        reader(LimitRequest.self) { for text in [$0.up, $0.down] { try checkTimetable(text ?? "") } },
        reader(HeldRequest.self), reader(InviteRequest.self),
        reader(JoinRequest.self) { request in
            guard let key = try? PublicKey(line: request.publicKey) else { return }
            try promise(key.line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a key that is more than a line")
            try promise(try PublicKey(line: key.line) == key, "\(key) is not what was read of it")
        },
        reader(RotateRequest.self),
        reader(HistoryRequest.self) { if let path = try? wirePath($0.path) { try check(path) } },
    ]

    /// What the hub says: an agent may be talking to one that was taken over.
    static let answers = FuzzTarget(name: "answers", seeds: Seeds.answers) { bytes in
        let (choice, body) = bytes.choice(of: answerReaders.count)
        try answerReaders[choice](body)
    }

    private static let answerReaders: [Reader] = [
        reader(CommitResponse.self) { for outcome in $0.outcomes { try look(outcome) } },
        reader(ChangesResponse.self) { page in
            for node in page.nodes { try look(node) }
            for late in page.late ?? [] { try look(late.outcome) }
            for content in page.contents ?? [] {
                try promise(content.bytes(of: 3).map { $0.count == 3 } ?? true, "another size than was asked for")
            }
            if let limits = try? page.limits?.timetables() {
                try checkTimetable("\(limits.up)")
                try checkTimetable("\(limits.down)")
            }
        },
        reader(SnapshotResponse.self) { page in
            for node in page.nodes { try look(node) }
            _ = try? page.page()
        },
        reader(HelloResponse.self) { hello in
            try promise((1 << 20...LayOutRequest.largest).contains(hello.packSize), "a pack of \(hello.packSize) bytes")
        },
        reader(ExtentsResponse.self) { extents in
            for size: Int64 in [0, 1, 1 << 20, .max] {
                var end: Int64 = 0
                for range in extents.ranges(within: size) {
                    try promise(range.lowerBound >= end && !range.isEmpty, "ranges that are not one after the other")
                    end = range.upperBound
                }
                try promise(end <= size, "a range beyond the content")
            }
        },
        reader(RecipeResponse.self) { answer in
            if let recipe = try? answer.recipe?.recipe() { try check(recipe) }
            if let list = answer.list.flatMap(Base64.bytes) { try checkChunks(list) }
        },
        reader(JoinResponse.self), reader(LayOutResponse.self), reader(StagedResponse.self),
        reader(PrepareResponse.self), reader(ErrorMessage.self), reader(StatusResponse.self),
        reader(RotateResponse.self),
    ]

    private static func look(_ message: NodeMessage) throws {
        guard let node = try? message.node() else { return }
        try check(node.name)
        try check(node.content)
        let again = try NodeMessage(node).node()
        try promise(again == node, "\(node) became \(again)")
    }

    private static func look(_ message: OutcomeMessage) throws {
        guard let outcome = try? message.outcome() else { return }
        let again = try OutcomeMessage(number: message.number, outcome).outcome()
        try promise(again == outcome, "\(outcome) became \(again)")
    }

    /// What a person pastes.
    static let invite = FuzzTarget(name: "invite", seeds: Seeds.invites) { bytes in
        _ = try message(InviteMessage.self, bytes)
    }
}
