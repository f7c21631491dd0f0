internal import SQLite
package import SyncCore

/// What one operation of the commit in flight said about a local entry.
package struct Inflight: Hashable, Sendable {
    /// Which of the four changes it asked for.
    package enum Verb: String, Sendable { case create, edit, move, delete }
    /// Of its operation id.
    package var number: Int64
    /// Which other fields are there follows from it.
    package var verb: Verb
    /// Nil for a deletion.
    package var entry: EntryID?
    /// Nil for a creation.
    package var node: NodeID?
    /// The directory that it was sent as being in; creations and moves.
    package var parent: EntryID?
    /// The name that was sent; creations and moves.
    package var name: Name?
    /// The content that was sent; nil for a move or deletion.
    package var content: Content?

    package init(
        number: Int64, verb: Verb, entry: EntryID?, node: NodeID?, parent: EntryID? = nil, name: Name? = nil,
        content: Content? = nil
    ) {
        self.number = number
        self.parent = parent
        self.name = name
        self.verb = verb
        self.entry = entry
        self.node = node
        self.content = content
    }
}

extension FolderIndex {
    /// Numbers for `count` operations, never given again.
    package func takeNumbers(_ count: Int) throws -> Range<Int64> {
        let first = try nextNumber
        try set("next_number", String(first + Int64(count)))
        return first..<(first + Int64(count))
    }

    /// Remembers a commit before it is sent: after a crash the very same request is sent again and gets the same
    /// outcomes. Durable against a power cut too, with all that was written before: if the numbers went back, an
    /// operation that says something else would get an old outcome. Not inside a transaction.
    package func setInflight(_ operations: [Inflight], request: String) throws {
        // SQLite: the level cannot be changed inside a transaction; in WAL mode FULL syncs the log with each commit.
        precondition(!database.isInTransaction, "a commit in flight must be durable when this returns")
        try database.execute("PRAGMA synchronous = FULL")
        defer { try? database.execute("PRAGMA synchronous = NORMAL") }
        try transaction {
            for operation in operations {
                let content = operation.content.map(ContentColumns.init)
                try database.execute(
                    """
                    INSERT INTO inflight (number, verb, entry, node, parent, name, kind, size, mtime, mode, sha256, target,
                        extras)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                    bindings: [
                        operation.number, operation.verb.rawValue, operation.entry?.rawValue, operation.node?.rawValue,
                        operation.parent?.rawValue, operation.name?.bytes,
                    ] + (content?.bindings ?? [nil, nil, nil, nil, nil, nil, nil]))
            }
            try set("commit", request)
        }
    }

    /// The request in flight, if one is.
    package var inflightRequest: String? { get throws { try value("commit") } }

    /// Whether a commit is in flight: without reading it.
    package var isInflight: Bool {
        get throws { try database.first("SELECT 1 FROM meta WHERE key = 'commit'") { _ in true } ?? false }
    }

    /// The entries that the commit in flight speaks of; deletions have none.
    package func inflightEntries() throws -> [EntryID] {
        try database.query("SELECT DISTINCT entry FROM inflight WHERE entry IS NOT NULL") { row in
            EntryID(try row.int64(0))
        }
    }

    /// What files are to hold by what is in flight.
    package func inflightContents() throws -> Set<Digest> {
        Set(
            try database.query("SELECT DISTINCT sha256 FROM inflight WHERE sha256 IS NOT NULL") { row in
                Digest(bytes: try row.blob(0))
            }.compactMap { $0 })
    }

    /// Nil when that operation is not in flight.
    package func inflight(_ number: Int64) throws -> Inflight? {
        try database.first("SELECT \(Self.sentColumns) FROM inflight WHERE number = ?", number) { try Self.sent($0) }
    }

    static let sentColumns =
        "number, verb, entry, node, parent, name, kind, size, mtime, mode, sha256, target, extras"

    static func sent(_ row: borrowing Row) throws -> Inflight {
        Inflight(
            number: try row.int64(0), verb: Inflight.Verb(rawValue: try row.text(1)) ?? .edit,
            entry: try row.optionalInt64(2).map { EntryID($0) }, node: try row.optionalInt64(3).map { NodeID($0) },
            parent: try row.optionalInt64(4).map { EntryID($0) },
            name: row.isNull(5) ? nil : try Name(try row.blob(5)),
            content: row.isNull(6) ? nil : try ContentColumns.content(row, from: 6))
    }

    /// All outcomes up to `number` have been taken in, or the commit is given up.
    package func clearInflight(acknowledged number: Int64?) throws {
        try database.execute("DELETE FROM inflight")
        try set("commit", nil)
        if let number { try set("acknowledged", String(number)) }
    }
}
