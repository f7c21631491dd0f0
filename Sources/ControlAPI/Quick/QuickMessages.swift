import SyncCore

// What a commit of thousands of files and its answer are made of, and a page that tells of them.

extension ContentMessage: QuickMessage {
    func write(to text: inout QuickText) {
        text.object { text in
            text.rare("extras", extras)
            text.field("kind", kind.rawValue)
            text.field("mode", mode)
            text.field("mtime", mtime)
            text.field("sha256", sha256)
            text.field("size", size)
            text.field("target", target)
        }
    }

    init(from text: inout QuickScanner) throws(NotQuick) {
        var kind: NodeKind?
        (sha256, size, mode, mtime, target, extras) = (nil, nil, nil, nil, nil, nil)
        var read = (
            mode: UInt16?.none, mtime: Int64?.none, sha256: String?.none, size: Int64?.none, target: String?.none
        )
        try text.object { text throws(NotQuick) in
            kind = try text.text("kind").flatMap(NodeKind.init(rawValue:))
            read = (
                try text.number("mode"), try text.number("mtime"), try text.text("sha256"), try text.number("size"),
                try text.text("target")
            )
        }
        self.kind = try text.needed(kind)
        (mode, mtime, sha256, size, target) = (read.mode, read.mtime, read.sha256, read.size, read.target)
    }
}

extension NodeMessage: QuickMessage {
    func write(to text: inout QuickText) {
        text.object { text in
            text.field("content", content)
            text.field("content_version", contentVersion)
            text.field("deleted", deleted)
            text.field("id", id)
            text.field("location_version", locationVersion)
            text.field("name", name)
            text.field("parent", parent)
            text.field("seq", seq)
        }
    }

    init(from text: inout QuickScanner) throws(NotQuick) {
        var read: NodeMessage?
        try text.object { text throws(NotQuick) in
            let content: ContentMessage? = try text.message("content")
            let contentVersion: Int64? = try text.number("content_version")
            let deleted = try text.flag("deleted")
            let id: Int64? = try text.number("id")
            let locationVersion: Int64? = try text.number("location_version")
            let name = try text.text("name")
            let parent: Int64? = try text.number("parent")
            let seq: Int64? = try text.number("seq")
            read = NodeMessage(
                id: try text.needed(id), parent: try text.needed(parent), name: try text.needed(name),
                content: try text.needed(content), contentVersion: try text.needed(contentVersion),
                locationVersion: try text.needed(locationVersion), seq: try text.needed(seq), deleted: deleted)
        }
        self = try text.needed(read)
    }

    private init(
        id: Int64, parent: Int64, name: String, content: ContentMessage, contentVersion: Int64, locationVersion: Int64,
        seq: Int64, deleted: Bool?
    ) {
        self.id = id
        self.parent = parent
        self.name = name
        self.content = content
        self.contentVersion = contentVersion
        self.locationVersion = locationVersion
        self.seq = seq
        self.deleted = deleted
    }
}

extension OutcomeMessage: QuickMessage {
    func write(to text: inout QuickText) {
        text.object { text in
            text.field("batch", batch)
            text.field("copy", copy)
            text.field("node", node)
            text.field("number", number)
            text.rare("reason", reason)
            text.field("result", result.rawValue)
        }
    }

    init(from text: inout QuickScanner) throws(NotQuick) {
        var read: (node: NodeMessage?, copy: NodeMessage?, number: Int64?, batch: Int64?, result: Result?)
        read = (nil, nil, nil, nil, nil)
        try text.object { text throws(NotQuick) in
            read.batch = try text.number("batch")
            read.copy = try text.message("copy")
            read.node = try text.message("node")
            read.number = try text.number("number")
            read.result = try text.text("result").flatMap(Result.init(rawValue:))
        }
        number = try text.needed(read.number)
        result = try text.needed(read.result)
        (node, copy, batch, reason) = (read.node, read.copy, read.batch, nil)
    }
}

extension SourceMessage: QuickMessage {
    func write(to text: inout QuickText) {
        text.object { text in
            text.field("behind", behind)
            text.field("inline", inline)
            text.field("known", known)
            text.field("offset", offset)
            text.rare("recipe", recipe)
            text.field("staged", staged)
        }
    }

    init(from text: inout QuickScanner) throws(NotQuick) {
        var read: (behind: Int64?, inline: String?, known: Bool?, offset: Int64?, staged: String?)
        read = (nil, nil, nil, nil, nil)
        try text.object { text throws(NotQuick) in
            read = (
                try text.number("behind"), try text.text("inline"), try text.flag("known"), try text.number("offset"),
                try text.text("staged")
            )
        }
        (behind, inline, known, offset, staged) = read
        recipe = nil
    }
}

extension OperationMessage: QuickMessage {
    func write(to text: inout QuickText) {
        text.object { text in
            text.field("content", content)
            text.field("content_base", contentBase)
            text.field("location_base", locationBase)
            text.field("name", name)
            text.field("node", node)
            text.field("number", number)
            text.field("parent", parent)
            text.field("parent_operation", parentOperation)
            text.field("source", source)
            text.field("verb", verb.rawValue)
        }
    }

    init(from text: inout QuickScanner) throws(NotQuick) {
        var number: Int64?
        var verb: Verb?
        var content: ContentMessage?
        var source: SourceMessage?
        var name: String?
        var read: (contentBase: Int64?, locationBase: Int64?, node: Int64?, parent: Int64?, above: Int64?)
        read = (nil, nil, nil, nil, nil)
        try text.object { text throws(NotQuick) in
            content = try text.message("content")
            read.contentBase = try text.number("content_base")
            read.locationBase = try text.number("location_base")
            name = try text.text("name")
            read.node = try text.number("node")
            number = try text.number("number")
            read.parent = try text.number("parent")
            read.above = try text.number("parent_operation")
            source = try text.message("source")
            verb = try text.text("verb").flatMap(Verb.init(rawValue:))
        }
        self.number = try text.needed(number)
        self.verb = try text.needed(verb)
        (self.content, self.source, self.name) = (content, source, name)
        (contentBase, locationBase, node, parent, parentOperation) = read
    }
}

extension CommitRequest: QuickMessage {
    func write(to text: inout QuickText) {
        text.object { text in
            text.field("acknowledged", acknowledged)
            text.field("deletes", deletes)
            text.field("epoch", epoch)
            text.field("generation", generation)
            text.field("operations", operations)
            text.field("rewrites", rewrites)
        }
    }

    init(from text: inout QuickScanner) throws(NotQuick) {
        var read: CommitRequest?
        try text.object { text throws(NotQuick) in
            let acknowledged: Int64? = try text.number("acknowledged")
            let deletes: Int? = try text.number("deletes")
            let epoch = try text.text("epoch")
            let generation = try text.text("generation")
            var request = CommitRequest(
                epoch: try text.needed(epoch), generation: try text.needed(generation),
                acknowledged: try text.needed(acknowledged), operations: try text.messages("operations"))
            request.deletes = deletes
            request.rewrites = try text.number("rewrites")
            read = request
        }
        self = try text.needed(read)
    }
}

extension CommitResponse: QuickMessage {
    func write(to text: inout QuickText) {
        text.object { text in
            text.field("chain", chain)
            text.field("head", head)
            text.field("outcomes", outcomes)
        }
    }

    init(from text: inout QuickScanner) throws(NotQuick) {
        var read: CommitResponse?
        try text.object { text throws(NotQuick) in
            let chain = try text.text("chain")
            let head: Int64? = try text.number("head")
            read = CommitResponse(
                outcomes: try text.messages("outcomes"), head: try text.needed(head), chain: chain)
        }
        self = try text.needed(read)
    }
}

extension ChangesResponse: QuickMessage {
    func write(to text: inout QuickText) {
        text.object { text in
            text.field("barrier", barrier)
            text.rare("behind", behind)
            text.field("chain", chain)
            text.rare("coming", coming)
            text.field("coming_mark", comingMark)
            text.rare("contents", contents)
            text.field("epoch", epoch)
            text.field("head", head)
            text.rare("late", late)
            text.rare("limits", limits)
            text.field("nodes", nodes)
            text.rare("paused", paused)
            text.field("subtree", subtree)
            text.field("through", through)
            text.rare("wanted", wanted)
            text.field("wanted_mark", wantedMark)
        }
    }

    init(from text: inout QuickScanner) throws(NotQuick) {
        var read: ChangesResponse?
        try text.object { text throws(NotQuick) in
            let barrier: Int64? = try text.number("barrier")
            let behind: [Int]? = try text.numbers("behind")
            let chain = try text.text("chain")
            let coming: [ComingMessage]? = try text.nothing("coming")
            let comingMark: Int64? = try text.number("coming_mark")
            let contents: [InlineContent]? = try text.nothing("contents")
            let epoch = try text.text("epoch")
            let head: Int64? = try text.number("head")
            let late: [LateOutcomeMessage]? = try text.nothing("late")
            let nodes: [NodeMessage] = try text.messages("nodes")
            let subtree = try text.text("subtree")
            let through: Int64? = try text.number("through")
            let wanted: [ContentKey]? = try text.nothing("wanted")
            read = ChangesResponse(
                epoch: try text.needed(epoch), through: try text.needed(through), chain: chain,
                head: try text.needed(head), nodes: nodes, contents: contents, behind: behind, paused: nil,
                barrier: try text.needed(barrier), late: late, wanted: wanted,
                wantedMark: try text.number("wanted_mark"), subtree: subtree, coming: coming, comingMark: comingMark)
        }
        self = try text.needed(read)
    }
}
