internal import SQLite
import SyncCore

extension Commit {
    /// Changes the tree by one step, writes its history, and its placement unless the share has it already.
    /// - Returns: the node, if the step made one.
    mutating func apply(
        _ effect: Effect, inserted: NodeID?, staged: StagedContent?, asked: Asked?
    ) throws -> NodeID? {
        switch effect {
        case .insert(let location, let content):
            return try insert(location, content, staged)
        case .rewrite(let id, let content):
            try rewrite(node(id), content, staged)
        case .relocate(let id, let location):
            try relocate(node(id), to: location)
        case .revive(let id, let location, let content):
            try revive(node(id), at: location, content, staged, isAsked: asked?.node == id)
        case .remove(let id):
            try remove(node(id))
        case .conflict(let over, let with):
            try recordConflict(over: over, with: node(with, inserted))
        }
        return nil
    }

    private mutating func insert(_ location: Location, _ content: Content, _ staged: StagedContent?) throws -> NodeID {
        ledger.head = ledger.head.next
        var node = Node(id: .root, location: location, content: content, seq: ledger.head)
        node = try journal.insertNode(node, client: client)
        count(content, 1)
        let path = try path(of: location)
        try append(node, .create, path)
        if origin == .client { try place(.appearance(content, path, staged), node) }
        lastInserted = node
        return node.id
    }

    private mutating func rewrite(_ before: Node, _ content: Content, _ staged: StagedContent?) throws {
        var node = before
        node.content = content
        node.contentVersion = before.contentVersion.next
        try update(&node)
        if !content.hasSameBytes(as: before.content) { try journal.noteDisplaced(before.content, at: ledger.head) }
        count(before.content, -1)
        count(content, 1)
        let path = try path(of: node.location)
        try append(node, .edit, path)
        // The share has no extras: they are carried from client to client.
        guard origin == .client, content.bare != before.content.bare else { return }
        try place(.change(from: before.content, to: content, path, staged), node, expected: before.content)
    }

    private mutating func relocate(_ before: Node, to location: Location) throws {
        let from = try path(of: before.location)
        var node = before
        node.location = location
        node.locationVersion = before.locationVersion.next
        try update(&node)
        if node.content.isDirectory { forgetPaths() }
        let path = try path(of: location)
        try append(node, .move, path, from: before.location, fromPath: from)
        if origin == .client, from != path { try place(.move(from: from, to: path), node, expected: node.content) }
    }

    private mutating func revive(
        _ before: Node, at location: Location, _ content: Content, _ staged: StagedContent?, isAsked: Bool
    ) throws {
        var node = before
        node.location = location
        node.content = content
        node.contentVersion = before.contentVersion.next
        node.locationVersion = before.locationVersion.next
        node.isDeleted = false
        try update(&node)
        count(content, 1)
        if content.isDirectory { forgetPaths() }
        let path = try path(of: location)
        try append(node, .revive, path)
        // A directory that had to come back first is no part of what somebody did in the share.
        if origin == .client || !isAsked { try place(.appearance(content, path, staged), node) }
    }

    private mutating func remove(_ before: Node) throws {
        let path = try path(of: before.location)
        var node = before
        node.isDeleted = true
        try update(&node)
        try journal.noteDisplaced(before.content, at: ledger.head)
        count(before.content, -1)
        try append(node, .delete, path)
        if origin == .client { try place(.remove(path), node, expected: before.content) }
    }

    private func recordConflict(over: NodeID, with copy: Node) throws {
        try journal.database.execute(
            "INSERT OR REPLACE INTO conflict (over, copy, client, seq, at) VALUES (?, ?, ?, ?, ?)", over, copy.id,
            author, ledger.head, at)
    }

    // MARK: - Each change

    private mutating func update(_ node: inout Node) throws {
        ledger.head = ledger.head.next
        node.seq = ledger.head
        lastInserted = nil
        try journal.updateNode(node, client: client)
        // Somebody has written there: what was seen before it is no longer expected, the content alone is.
        if origin == .share { try journal.forgetPlaced(node.id) }
    }

    private mutating func append(
        _ node: Node, _ change: HistoryRecord.Change, _ path: RelativePath, from: Location? = nil,
        fromPath: RelativePath? = nil
    ) throws {
        let record = HistoryRecord(
            node: node, change: change, client: client, device: device, at: at, path: path, from: from,
            fromPath: fromPath)
        try journal.append(record, to: &ledger)
    }

    private mutating func count(_ content: Content, _ sign: Int64) {
        guard let file = content.file else { return }
        ledger.files += sign
        ledger.bytes += sign * file.size
    }

    mutating func place(_ step: Placement.Step, _ node: Node, expected: Content? = nil) throws {
        placements.append(
            try journal.insertPlacement(step, of: node.id, expected: expected?.bare, seq: ledger.head))
    }
}

extension Placement.Step {
    /// Something comes to be where nothing was.
    static func appearance(_ content: Content, _ path: RelativePath, _ staged: StagedContent?) -> Self {
        switch content.bare {
        case .file(let file): .file(path, file, source: staged.map { .staged($0) } ?? .version(file.digest))
        case .directory(let mode): .directory(path, mode)
        case .symlink(let target, let mtime): .symlink(path, target: target, mtime: mtime)
        }
    }

    /// Something becomes something else of its kind.
    static func change(
        from before: Content, to after: Content, _ path: RelativePath, _ staged: StagedContent?
    ) -> Self {
        if after.kind != .symlink, before.hasSameBytes(as: after) { return .attributes(path, after.bare) }
        return appearance(after, path, staged)
    }
}

extension Journal {
    /// - Returns: the node with the id that the table gave it.
    func insertNode(_ node: Node, client: String) throws -> Node {
        try database.execute(
            Self.insertNode, bindings: NodeColumns.bindings(node) + [node.seq, client])
        return Node(
            id: NodeID(database.lastInsertedID), location: node.location, content: node.content,
            contentVersion: node.contentVersion, locationVersion: node.locationVersion, seq: node.seq,
            isDeleted: node.isDeleted)
    }

    func updateNode(_ node: Node, client: String) throws {
        try database.execute(
            Self.updateNode, bindings: NodeColumns.bindings(node) + [node.seq, client, node.id])
    }

    private static let changing = NodeColumns.shared + ["seq", "client"]

    private static let insertNode =
        "INSERT INTO node (\(changing.joined(separator: ", "))) "
        + "VALUES (\(changing.map { _ in "?" }.joined(separator: ", ")))"

    private static let updateNode =
        "UPDATE node SET \(changing.map { "\($0) = ?" }.joined(separator: ", ")) WHERE id = ?"
}
