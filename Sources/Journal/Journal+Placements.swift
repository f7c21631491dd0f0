internal import SQLite
import SyncCore

extension Journal {
    /// What is decided and not finished, in the order in which it must be done. After a crash, these are done again.
    package func pendingPlacements() throws -> [Placement] {
        let placements = try database.query(
            "SELECT id, seq, node, step, path, to_path, content, staged, expected FROM placement ORDER BY id"
        ) { try Self.placement($0) }
        return try withWhatIsPlaced(placements)
    }

    /// In one transaction: these placements are done, this is what lies in the share for these nodes now, and these
    /// contents lie in `versions/`.
    /// - Parameters:
    ///   - placements: ids.
    ///   - stored: what was displaced a moment ago: digest and size in bytes.
    ///   - kept: what lies there beside what is current, in the same form.
    package func finish(
        _ placements: [Int64] = [], placed: [(NodeID, Placed)] = [], stored: [(Digest, Int64)] = [],
        kept: [(Digest, Int64)] = []
    ) throws {
        if placements.isEmpty, placed.isEmpty, stored.isEmpty, kept.isEmpty { return }
        try database.transaction {
            for ids in Self.runs(of: placements) { try finish(ids) }
            for (node, placed) in placed { try remember(placed, of: node) }
            let head = try head
            for (digest, size) in stored { try noteStored(digest, size, at: head) }
            for (digest, size) in kept { try noteKept(digest, size, at: head) }
        }
    }

    /// In one transaction: these placements are not needed any more, since for each a later one of its node does its work. What lies
    /// there before it lies there before that one.
    package func replace(_ needless: [(Placement, by: Placement)]) throws {
        try database.transaction {
            for (placement, later) in needless {
                try database.execute(
                    "UPDATE placement SET expected = (SELECT expected FROM placement WHERE id = ?) WHERE id = ?",
                    placement.id, later.id)
                try finish(placement.id...placement.id)
            }
        }
    }

    /// Numbers in a row, of a commit's placements mostly all of them, are forgotten together.
    static func runs(of ids: [Int64]) -> [ClosedRange<Int64>] {
        var runs: [ClosedRange<Int64>] = []
        for id in ids.sorted() {
            if let last = runs.last, id <= last.upperBound + 1 {
                runs[runs.count - 1] = last.lowerBound...id
            } else {
                runs.append(id...id)
            }
        }
        return runs
    }

    private func finish(_ placements: ClosedRange<Int64>) throws {
        try database.execute(
            """
            DELETE FROM placed WHERE node IN
                (SELECT p.node FROM placement p JOIN node n ON n.id = p.node
                 WHERE p.id BETWEEN ? AND ? AND p.step = \(StepCode.remove.rawValue) AND n.deleted = 1)
            """, placements.lowerBound, placements.upperBound)
        try database.execute(
            "DELETE FROM placement WHERE id BETWEEN ? AND ?", placements.lowerBound, placements.upperBound)
    }

    private func remember(_ placed: Placed, of node: NodeID) throws {
        try database.execute(
            """
            INSERT OR REPLACE INTO placed (node, device, inode, size, mtime_ns, ctime_ns, born_ns)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            node, Int64(bitPattern: placed.device), Int64(bitPattern: placed.inode), placed.size, placed.mtime,
            placed.ctime, placed.born)
    }

    /// What was last known to lie in the share for a node.
    package func placed(_ node: NodeID) throws -> Placed? {
        try database.first(
            "SELECT device, inode, size, mtime_ns, ctime_ns, born_ns FROM placed WHERE node = ?", node
        ) { try Self.placed($0) }
    }

    private static func placed(_ row: borrowing Row) throws -> Placed {
        Placed(
            device: UInt64(bitPattern: try row.int64(0)), inode: UInt64(bitPattern: try row.int64(1)),
            size: try row.int64(2), mtime: try row.int64(3), ctime: try row.int64(4), born: try row.int64(5))
    }

    /// What was last known to lie in the share for the live nodes in a directory.
    package func placedChildren(of directory: NodeID) throws -> [NodeID: Placed] {
        let found = try database.query(
            """
            SELECT p.device, p.inode, p.size, p.mtime_ns, p.ctime_ns, p.born_ns, n.id
            FROM node n JOIN placed p ON p.node = n.id
            WHERE n.parent = ? AND n.deleted = 0
            """, directory
        ) { (NodeID(try $0.int64(6)), try Self.placed($0)) }
        return Dictionary(uniqueKeysWithValues: found)
    }

    /// The live nodes that were last seen in this inode (more than one where the inode was used again).
    package func nodes(device: UInt64, inode: UInt64) throws -> [Node] {
        try database.query(
            """
            SELECT \(NodeColumns.list(of: "n")) FROM placed p JOIN node n ON n.id = p.node
            WHERE p.inode = ? AND p.device = ? AND n.deleted = 0
            """, Int64(bitPattern: inode), Int64(bitPattern: device)
        ) { try NodeColumns.read($0) }
    }

    /// Nothing is known any more of what lies in the share for a node.
    func forgetPlaced(_ node: NodeID) throws {
        try database.execute("DELETE FROM placed WHERE node = ?", node)
    }

    // MARK: - Rows

    /// Writes a placement; its id comes from the table.
    func insertPlacement(
        _ step: Placement.Step, of node: NodeID, expected: Content?, seq: Sequence
    ) throws -> Placement {
        let row = PlacementRow(step)
        try database.execute(
            """
            INSERT INTO placement (seq, node, step, path, to_path, content, staged, expected)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            seq, node, Int(row.code.rawValue), row.path, row.to, row.content.map(encoded), row.staged,
            expected.map(encoded))
        return Placement(
            id: database.lastInsertedID, seq: seq, node: node, step: step,
            expected: expected.map { Placement.Expected(content: $0, placed: nil) })
    }

    private static func placement(_ row: borrowing Row) throws -> Placement {
        let expected = try row.optionalBlob(8).map(decodedContent)
        return Placement(
            id: try row.int64(0), seq: Sequence(try row.int64(1)), node: NodeID(try row.int64(2)),
            step: try PlacementRow(row, from: 3).step(),
            expected: expected.map { Placement.Expected(content: $0, placed: nil) })
    }

    /// Adds what is known of the files that are to be replaced, unless an earlier placement will change them first.
    func withWhatIsPlaced(_ placements: [Placement]) throws -> [Placement] {
        try placements.map { placement in
            guard placement.expected != nil else { return placement }
            let isFirst =
                try database.first(
                    "SELECT 1 FROM placement WHERE node = ? AND id < ?", placement.node, placement.id
                ) { _ in false } ?? true
            var placement = placement
            placement.expected?.placed = isFirst ? try placed(placement.node) : nil
            return placement
        }
    }
}

private func encoded(_ content: Content) -> [UInt8] {
    var encoder = Encoder()
    encoder.content(content)
    return encoder.data
}

private func decodedContent(_ bytes: [UInt8]) throws -> Content {
    var decoder = Decoder(bytes)
    return try decoder.content()
}

/// A step as it is stored.
private enum StepCode: Int64 { case file, attributes, directory, symlink, move, remove }

private struct PlacementRow {
    var code: StepCode
    var path: RelativePath
    var to: RelativePath?
    var content: Content?
    var staged: String?

    init(_ step: Placement.Step) {
        switch step {
        case .file(let path, let file, .staged(let staged)):
            (code, self.path, content, self.staged) = (.file, path, .file(file), staged.name)
        case .file(let path, let file, .version):
            (code, self.path, content) = (.file, path, .file(file))
        case .attributes(let path, let content):
            (code, self.path, self.content) = (.attributes, path, content)
        case .directory(let path, let mode):
            (code, self.path, content) = (.directory, path, .directory(mode))
        case .symlink(let path, let target, let mtime):
            (code, self.path, content) = (.symlink, path, .symlink(target: target, mtime: mtime))
        case .move(let from, let to):
            (code, path, self.to) = (.move, from, to)
        case .remove(let path):
            (code, self.path) = (.remove, path)
        }
    }

    init(_ row: borrowing Row, from first: Int) throws {
        guard let code = StepCode(rawValue: try row.int64(first)) else { throw Decoder.damaged }
        self.code = code
        path = try storedPath(try row.blob(first + 1))
        to = try row.optionalBlob(first + 2).map(storedPath)
        content = try row.optionalBlob(first + 3).map(decodedContent)
        staged = try row.optionalText(first + 4)
    }

    func step() throws -> Placement.Step {
        switch (code, content) {
        case (.file, .file(let file)?):
            let source = staged.map { PlacementSource.staged(StagedContent(name: $0)) } ?? .version(file.digest)
            return .file(path, file, source: source)
        case (.attributes, let content?): return .attributes(path, content)
        case (.directory, .directory(let mode)?): return .directory(path, mode)
        case (.symlink, .symlink(let target, let mtime)?): return .symlink(path, target: target, mtime: mtime)
        case (.move, nil):
            guard let to else { throw Decoder.damaged }
            return .move(from: path, to: to)
        case (.remove, nil): return .remove(path)
        default: throw Decoder.damaged
        }
    }
}
