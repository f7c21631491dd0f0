import SyncCore

/// Where the bytes of a file lie when its operation is committed. Files of no bytes need no source.
package enum ContentSource: Hashable, Sendable {
    /// The hub has this digest already, in the share, in versions or earlier in the same commit.
    case known
    /// Here they are: at most ``InlineContents/largest``.
    case inline([UInt8])
    /// `size` bytes from `offset` in what comes behind the request (``MessageWithBytes``).
    case behind(offset: Int64)
    /// `size` bytes from `offset` in a file of this client's staging directory (a plain name; a pack holds many).
    case staged(file: String, offset: Int64)
    /// Put together by the hub from contents that it has, in the share or in versions, and from new bytes, which lie one after the
    /// other from `offset` on in a file of this client's staging directory; nil if there are none.
    case recipe(Recipe, file: String?, offset: Int64)

    /// The file of the staging directory that it needs.
    package var stagedFile: String? {
        switch self {
        case .known, .inline, .behind: nil
        case .staged(let file, _): file
        case .recipe(_, let file, _): file
        }
    }
}

/// `ContentSource` on the wire.
package struct SourceMessage: Codable, Hashable, Sendable {
    /// True, and alone, for ``ContentSource/known``.
    package var known: Bool?
    /// The bytes themselves, base64, and alone, for ``ContentSource/inline(_:)``.
    package var inline: String?
    /// Where the bytes begin behind the request, and alone, for ``ContentSource/behind(offset:)``.
    package var behind: Int64?
    /// The file in the staging directory.
    package var staged: String?
    /// Of ``ContentSource/recipe(_:file:offset:)``.
    package var recipe: RecipeMessage?
    /// Bytes.
    package var offset: Int64?

    package init(_ source: ContentSource) {
        switch source {
        case .known: known = true
        case .inline(let bytes): inline = Base64.text(bytes)
        case .behind(let offset): behind = offset
        case .staged(let file, let offset):
            staged = file
            self.offset = offset
        case .recipe(let recipe, let file, let offset):
            self.recipe = RecipeMessage(recipe)
            staged = file
            self.offset = file == nil ? nil : offset
        }
    }

    /// - Throws: ``WireError`` for what names no source, or no plain file.
    package func source() throws(WireError) -> ContentSource {
        if known == true { return .known }
        if let inline {
            guard let bytes = Base64.bytes(inline) else {
                throw .badValue(field: "source.inline", reason: "expected base64 with padding")
            }
            guard bytes.count <= InlineContents.largest else {
                throw .badValue(
                    field: "source.inline", reason: "at most \(InlineContents.largest) bytes; stage larger contents")
            }
            return .inline(bytes)
        }
        if let behind {
            if behind < 0 { throw .badValue(field: "source.behind", reason: "must not be negative") }
            return .behind(offset: behind)
        }
        let recipe = try recipe?.recipe()
        if let recipe, recipe.newBytes == 0 { return .recipe(recipe, file: nil, offset: 0) }
        let file = try require(staged, "source.staged")
        // A plain name: what it names is opened below the client's own staging directory and nowhere else.
        let name = try wireName(file, field: "source.staged")
        if name.bytes.first == UInt8(ascii: ".") {
            throw .badValue(field: "source.staged", reason: "a staged file's name does not begin with a dot")
        }
        let offset = offset ?? 0
        if offset < 0 { throw .badValue(field: "source.offset", reason: "must not be negative") }
        if let recipe { return .recipe(recipe, file: file, offset: offset) }
        return .staged(file: file, offset: offset)
    }
}

/// What an operation does, as a word.
package enum Verb: String, Codable, Sendable {
    case create, edit, move, delete
}

/// An operation on the wire.
package struct OperationMessage: Codable, Hashable, Sendable {
    /// The counter of its operation id; the generation stands in the request.
    package var number: Int64
    /// Which fields are there follows from it.
    package var verb: Verb
    /// The node; all but `create`.
    package var node: Int64?
    /// The directory, for `create` and `move`: a node …
    package var parent: Int64?
    /// … or the number of the operation that created it.
    package var parentOperation: Int64?
    /// Escaped; `create` and `move`.
    package var name: String?
    /// The content version it was made from; `edit` and `delete`.
    package var contentBase: Int64?
    /// The location version it was made from; `move` and `delete`.
    package var locationBase: Int64?
    /// `create` and `edit`.
    package var content: ContentMessage?
    /// Where a file's bytes lie.
    package var source: SourceMessage?
    private enum CodingKeys: String, CodingKey {
        case number, verb, node, parent, parentOperation = "parent_operation", name, contentBase = "content_base"
        case locationBase = "location_base", content, source
    }

    package init(_ operation: Operation, source: ContentSource? = nil) {
        number = operation.id.number
        switch operation.change {
        case .create(let parent, let name, let content):
            verb = .create
            setParent(parent)
            self.name = Escaping.text(name.bytes)
            self.content = ContentMessage(content)
        case .edit(let node, let base, let content):
            verb = .edit
            self.node = node.rawValue
            contentBase = base.rawValue
            self.content = ContentMessage(content)
        case .move(let node, let base, let parent, let name):
            verb = .move
            self.node = node.rawValue
            locationBase = base.rawValue
            setParent(parent)
            self.name = Escaping.text(name.bytes)
        case .delete(let node, let contentBase, let locationBase):
            verb = .delete
            self.node = node.rawValue
            self.contentBase = contentBase.rawValue
            self.locationBase = locationBase.rawValue
        }
        self.source = source.map(SourceMessage.init)
    }

    private mutating func setParent(_ reference: ParentReference) {
        switch reference {
        case .node(let id): parent = id.rawValue
        case .created(let operation): parentOperation = operation.number
        }
    }

    /// - Throws: ``WireError`` that names the field that is missing or wrong.
    package func operation(generation: String) throws(WireError) -> Operation {
        Operation(id: OperationID(generation: generation, number: number), change: try change(generation))
    }

    private func change(_ generation: String) throws(WireError) -> Change {
        switch verb {
        case .create:
            return .create(
                in: try parentReference(generation), name: try wireName(try require(name, "name"), field: "name"),
                content: try require(content, "content").content())
        case .edit:
            return .edit(
                NodeID(try require(node, "node")), base: Version(try require(contentBase, "content_base")),
                content: try require(content, "content").content())
        case .move:
            return .move(
                NodeID(try require(node, "node")), base: Version(try require(locationBase, "location_base")),
                to: try parentReference(generation), name: try wireName(try require(name, "name"), field: "name"))
        case .delete:
            return .delete(
                NodeID(try require(node, "node")), contentBase: Version(try require(contentBase, "content_base")),
                locationBase: Version(try require(locationBase, "location_base")))
        }
    }

    private func parentReference(_ generation: String) throws(WireError) -> ParentReference {
        if let parentOperation { return .created(by: OperationID(generation: generation, number: parentOperation)) }
        return .node(NodeID(try require(parent, "parent")))
    }
}

/// `POST /v1/commit`: operations in the order in which they are to be decided, parents before what is in them.
package struct CommitRequest: Codable, Hashable, Sendable {
    /// The journal that the base versions are from.
    package var epoch: String
    /// Of the client's index; with each number it makes an operation id.
    package var generation: String
    /// Outcomes of operations up to this number have been taken in and need not be remembered any more.
    package var acknowledged: Int64
    /// At most ``HelloResponse/maxOperations``.
    package var operations: [OperationMessage]
    /// Nodes that the client has still to delete, this commit included; none when it does not say.
    package var deletes: Int?
    /// Nodes whose bytes are still to become others, this commit included.
    package var rewrites: Int?

    package init(
        epoch: String, generation: String, acknowledged: Int64, operations: [OperationMessage],
        announced: AnnouncedChanges = AnnouncedChanges()
    ) {
        deletes = announced.deletes > 0 ? announced.deletes : nil
        rewrites = announced.rewrites > 0 ? announced.rewrites : nil
        self.epoch = epoch
        self.generation = generation
        self.acknowledged = acknowledged
        self.operations = operations
    }
}

/// One outcome on the wire.
package struct OutcomeMessage: Codable, Hashable, Sendable {
    /// ``Outcome`` as a word.
    package enum Result: String, Codable, Sendable {
        case applied, merged, conflict, refused, contentMissing = "content_missing", held
    }
    /// Of the operation that it answers.
    package var number: Int64
    /// Which fields are there follows from it.
    package var result: Result
    /// The node as it is now: of `applied` and `merged`; the current one of `conflict` and `refused`.
    package var node: NodeMessage?
    /// Only with `conflict`.
    package var copy: NodeMessage?
    /// Only with `refused`.
    package var reason: Refusal?
    /// Only with `held`: of what a person has to approve or reject.
    package var batch: Int64?

    package init(number: Int64, _ outcome: Outcome) {
        self.number = number
        switch outcome {
        case .applied(let node):
            result = .applied
            self.node = NodeMessage(node)
        case .merged(let node):
            result = .merged
            self.node = NodeMessage(node)
        case .conflict(let current, let copy):
            result = .conflict
            node = NodeMessage(current)
            self.copy = NodeMessage(copy)
        case .refused(let reason, let current):
            result = .refused
            self.reason = reason
            node = current.map(NodeMessage.init)
        case .contentMissing:
            result = .contentMissing
        case .held(let batch):
            result = .held
            self.batch = batch
        }
    }

    /// - Throws: ``WireError`` that names the field that is missing or wrong.
    package func outcome() throws(WireError) -> Outcome {
        switch result {
        case .applied: .applied(try require(node, "node").node())
        case .merged: .merged(try require(node, "node").node())
        case .conflict:
            .conflict(current: try require(node, "node").node(), copy: try require(copy, "copy").node())
        case .refused: .refused(try require(reason, "reason"), current: try node?.node())
        case .contentMissing: .contentMissing
        case .held: .held(batch: try require(batch, "batch"))
        }
    }
}

extension CommitRequest {
    /// What the client has still to send; what cannot be is none.
    package var announced: AnnouncedChanges {
        let counts = 0...(1 << 40)
        return AnnouncedChanges(
            deletes: deletes.flatMap { counts.contains($0) ? $0 : nil } ?? 0,
            rewrites: rewrites.flatMap { counts.contains($0) ? $0 : nil } ?? 0)
    }
}

/// The answer to a commit: one outcome for each operation, in the same order.
package struct CommitResponse: Codable, Hashable, Sendable {
    /// In the order of the request's operations.
    package var outcomes: [OutcomeMessage]
    /// The journal's `seq` afterwards.
    package var head: Int64
    /// The chain value of the history at `head`, in hex: what the next ``HelloRequest`` tells with it.
    package var chain: String?

    package init(outcomes: [OutcomeMessage], head: Int64, chain: String? = nil) {
        self.outcomes = outcomes
        self.head = head
        self.chain = chain
    }
}
