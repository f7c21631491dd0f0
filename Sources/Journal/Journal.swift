internal import Hashing
internal import SQLite
import SyncCore

/// The hub's history (DESIGN §3, §6): every node, every change, every client's cursor, every conflict, in one SQLite
/// file. Not Sendable: one thread at a time. What a call has changed is durable when it returns; a call that throws
/// has changed nothing. Throws what `Database` throws, and ``JournalError``.
package final class Journal {
    let database: Database
    /// Random, made with the journal: 32 hex digits. Cursors and versions mean something only within it.
    package let epoch: String

    /// Opens the journal; makes a new one, with a new epoch, if there is no file.
    /// - Parameter path: relative to the working directory unless it begins with `/`.
    package convenience init(path: String) throws {
        try self.init(Database(path: path, cacheBytes: 16 << 20))
    }

    /// A new journal that dies with this object.
    package static func inMemory() throws -> Journal { try Journal(Database.memory()) }

    /// As ``inMemory()``, in the memory of one that is not used any more: takes a part of the time.
    package static func inMemory(insteadOf old: Journal) throws -> Journal {
        try old.database.clear()
        try old.database.execute(Schema.firstIdentifier)
        return try Journal(old.database)
    }

    /// As it is now, in memory: what a backup is to a file.
    package func copyInMemory() throws -> Journal { try Journal(database.copyInMemory()) }

    private init(_ database: Database) throws {
        try database.migrate(Schema.migrations)
        self.database = database
        epoch = try database.transaction {
            if let epoch = try database.first("SELECT epoch FROM meta", row: { try $0.text(0) }) { return epoch }
            let epoch = randomBytes(count: 16).map(Escaping.hex).joined()
            try database.execute(
                "INSERT INTO meta (id, epoch, head, chain, files, bytes) VALUES (1, ?, 0, ?, 0, 0)",
                epoch, HistoryChain.start(epoch: epoch))
            return epoch
        }
    }

    /// The `seq` of the last change; zero before the first.
    package var head: Sequence {
        get throws { try ledger().head }
    }

    /// The chain value of the last change: 32 bytes. Two journals with one epoch, one head and one chain value have
    /// the same history.
    package var chain: [UInt8] {
        get throws { try ledger().chain }
    }

    /// The share in numbers, kept with each change.
    package func statistics() throws -> Statistics {
        let ledger = try ledger()
        return Statistics(files: ledger.files, bytes: ledger.bytes)
    }

    /// Writes SQLite's log back into the file.
    /// - Returns: false if a reader kept it from finishing; nothing is lost then.
    @discardableResult
    package func checkpoint() throws -> Bool { try database.checkpoint() }

    /// Several questions to one unchanging view of it. Cheaper than each by itself. For reading only.
    package func snapshot<Value>(_ body: () throws -> Value) throws -> Value { try database.snapshot(body) }

    /// Several calls as one: all of it is kept, or nothing if the closure throws.
    package func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        try database.transaction(body)
    }
}
