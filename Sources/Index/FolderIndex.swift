internal import SQLite
package import SyncCore

/// An agent's memory of the three trees. Not Sendable: one thread at a time. A change is durable against a crash of the
/// process when the call returns; after a power cut the newest may be missing, which costs a rescan and nothing else
/// (what must not be missing is written by ``setInflight(_:request:)``).
package final class FolderIndex {
    let database: Database

    /// Entries that are still being written: their subjects say so, and nothing is planned for them. Not stored: a
    /// restart looks at every file anyway.
    package var settling: Set<EntryID> = []
    /// Entries that the hub has no room for at the moment: nothing is planned for them either. Not stored.
    package var heldBack: Set<EntryID> = []
    /// Whether a rule ignores a subject: asked of each before a verdict is given. Set by whoever knows the rules.
    package var ignores: (Subject) throws -> Bool = { _ in false }
    /// What waits of a subject, since rules cannot be read: asked after ``ignores``. Set by whoever knows the rules.
    package var unruled: (Subject) throws -> Unruled = { _ in Unruled() }
    /// Whether the bytes of something have to be at the hub before it can be told. Set by whoever knows.
    package var travels: (Verdict.Sending) throws -> Bool = { _ in false }
    /// Of the folder: its subjects are judged by it. Not stored; see ``lastMode``.
    package var mode = SyncMode.twoWay
    /// See ``Subject/overwrites``. Not stored.
    package var overwrites = false
    /// Whether something may be on record as being brought onto the disk: see ``countIntents()``.
    var mayHaveIntents = true
    /// See ``carry(_:)``.
    package internal(set) var carries = CarriedExtras.nothing

    /// - Parameters:
    ///   - path: of the database file; made if it is not there.
    ///   - newGeneration: names this index if it is made now (random, hex): two indexes never share operation ids.
    package convenience init(path: String, newGeneration: String) throws {
        // As much as a transaction of a few thousand files changes: what does not fit is written to the log before its time,
        // and again for each change. An idle index gives it back: see ``releaseMemory()``.
        let database = try Database(path: path, cacheBytes: 16 << 20)
        try database.execute("PRAGMA synchronous = NORMAL")
        // In pages: what many files change is brought into the database a few times, not for each hundred of them.
        try database.execute("PRAGMA wal_autocheckpoint = 4000")
        // One process has it (the home's lock): no locks of files are taken and given back for each question.
        try database.execute("PRAGMA locking_mode = EXCLUSIVE")
        try self.init(database, newGeneration)
    }

    /// An index that lives in memory.
    package static func memory(newGeneration: String) throws -> FolderIndex {
        try FolderIndex(try Database.memory(), newGeneration)
    }

    /// One in the memory of another that is not used any more: takes a part of the time.
    package static func memory(insteadOf old: FolderIndex, newGeneration: String) throws -> FolderIndex {
        try old.database.clear()
        return try FolderIndex(old.database, newGeneration)
    }

    /// As it is now, in memory: what a backup is to a file. What is not stored is not in it.
    package func copyInMemory() throws -> FolderIndex { try FolderIndex(database.copyInMemory(), generation) }

    private init(_ database: Database, _ newGeneration: String) throws {
        self.database = database
        try database.migrate(Schema.migrations)
        try database.transaction {
            if try value("generation") == nil { try set("generation", newGeneration) }
            // What a scan was cut off in is looked at again from the start.
            try database.execute("UPDATE local SET vanished = 0 WHERE vanished = 1 AND entry = 1")
        }
        try countIntents()
    }

    /// Runs `body` in one transaction; what it throws undoes all of it.
    package func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        try database.transaction(body)
    }

    /// Gives back what is kept in memory of the database, after a burst of work.
    package func releaseMemory() throws { try database.execute("PRAGMA shrink_memory") }

    /// How many statements were run since it was opened: for tests of what costs how much.
    package var statementsRun: Int { database.statementsRun }

    /// SQLite's own check; empty when it finds nothing.
    package func check() throws -> [String] { try database.integrityCheck() }

    // MARK: - Single values

    /// Made with the index and never changed; part of each operation id.
    package var generation: String { get throws { try value("generation") ?? "" } }

    /// The epoch of the journal that `synced` and `remote` speak of; nil before the first contact.
    package var epoch: String? { get throws { try value("epoch") } }

    /// Everything up to here has been received from the hub.
    package var received: Sequence { get throws { Sequence(try number("cursor")) } }

    /// Up to here the hub had been heard of completely, at the last time that it was; see SubtreeView in the hub.
    package var complete: Sequence { get throws { Sequence(try number("complete")) } }

    /// The chain value that the hub's history had at `received`; nil when it did not tell.
    package var chain: String? { get throws { try value("chain") } }

    /// How much of the hub's history this index has seen, in pages or in answers to commits, and the chain value there: a
    /// journal that does not have it was set back since.
    package var seen: (seq: Sequence, chain: String?) {
        get throws {
            let seen = Sequence(try number("seen"))
            return try seen > received ? (seen, value("seen_chain")) : (received, chain)
        }
    }

    /// An answer told where the history was.
    package func see(_ seq: Sequence, chain: String?) throws {
        guard let chain, seq.rawValue >= (try number("seen")) else { return }
        try set("seen", String(seq.rawValue))
        try set("seen_chain", chain)
    }

    /// While this index merges as if new: nothing is sent before everything up to here was received, so that bytes that the
    /// hub has are not sent to it.
    package var hearsFirst: Sequence { get throws { Sequence(try number("hear_first")) } }

    /// The number that the next operation will have.
    package var nextNumber: Int64 { get throws { max(try number("next_number"), 1) } }

    /// Everything up to here is on the disk: what the hub may call this client's cursor.
    package var applied: Sequence {
        get throws {
            // What never is to be here does not keep anybody waiting, nor does what the hub holds of this client: that stays as
            // it is here until a person decides.
            if !mode.receives { return try received }
            let waiting = try database.first(
                """
                SELECT MIN(remote.seq) FROM remote JOIN unsettled_node USING (node)
                WHERE remote.seq > 0 AND NOT EXISTS (SELECT 1 FROM held WHERE held.node = remote.node)
                """
            ) { row in try row.optionalInt64(0) }
            guard let first = waiting ?? nil else { return try received }
            return Sequence(min(first - 1, try received.rawValue))
        }
    }

    /// What the folder's identity marker says; nil before the folder was seen for the first time.
    package var folderIdentity: String? { get throws { try value("folder") } }

    /// From now on a folder whose marker says otherwise is another one.
    package func setFolderIdentity(_ id: String) throws { try set("folder", id) }

    /// Outcomes up to this operation number have been taken in.
    package var acknowledged: Int64 { get throws { try number("acknowledged") } }

    func value(_ key: String) throws -> String? {
        try database.first("SELECT value FROM meta WHERE key = ?", key) { row in try row.text(0) }
    }

    func number(_ key: String) throws -> Int64 { try value(key).flatMap { Int64($0) } ?? 0 }

    func set(_ key: String, _ value: String?) throws {
        if let value {
            try database.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, value)
        } else {
            try database.execute("DELETE FROM meta WHERE key = ?", key)
        }
    }
}
