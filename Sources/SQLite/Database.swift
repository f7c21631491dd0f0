internal import CSQLite
import Glibc

/// One connection to one SQLite database; its death closes it. Not Sendable: one thread at a time, and no `await`
/// between the calls of one transaction.
///
/// A file is opened in WAL mode with `synchronous=FULL`: once ``transaction(_:)`` has returned, a power cut loses
/// nothing of it (https://www.sqlite.org/pragma.html#pragma_synchronous). Every call but `precondition`s on our own
/// mistakes reports failure by a ``DatabaseError``.
package final class Database {
    let handle: OpaquePointer
    /// Of the file, for display; `:memory:` if there is none.
    package let path: String
    /// Prepared statements, by their SQL.
    private var statements: [Statement.Text: Statement] = [:]
    /// How many statements were run with values, since it was opened: for tests of what costs how much.
    package internal(set) var statementsRun = 0
    /// How many transactions and savepoints are open.
    var depth = 0

    /// Opens the file; makes it (mode 0600) if it does not exist.
    /// - Parameters:
    ///   - path: bytes as the kernel takes them; relative to the working directory unless it begins with `/`.
    ///   - cacheBytes: how much of the database may stay in memory.
    ///   - busyMilliseconds: how long to wait for a lock that another connection holds.
    package convenience init(path: [UInt8], cacheBytes: Int = 2 << 20, busyMilliseconds: Int32 = 10_000) throws {
        // A path is never read as a URI or as a special name.
        let path = path.first == UInt8(ascii: "/") ? path : Array("./".utf8) + path
        try Database.makePrivateFile(path)
        try self.init(opening: path, busyMilliseconds: busyMilliseconds)
        try setUp(cacheBytes: cacheBytes)
        try useWriteAheadLog()
    }

    /// Opens the file at a path that is text: see ``init(path:cacheBytes:busyMilliseconds:)``.
    package convenience init(path: String, cacheBytes: Int = 2 << 20, busyMilliseconds: Int32 = 10_000) throws {
        try self.init(path: Array(path.utf8), cacheBytes: cacheBytes, busyMilliseconds: busyMilliseconds)
    }

    /// One that lives in memory.
    convenience init(inMemoryWith cacheBytes: Int) throws {
        try self.init(opening: Array(Database.memoryPath.utf8), busyMilliseconds: 0)
        // Each page that a transaction changes is copied first, and little lies in memory.
        try run("PRAGMA page_size = 1024")
        try setUp(cacheBytes: cacheBytes)
    }

    /// What no file is called: see ``init(path:cacheBytes:busyMilliseconds:)``.
    package static let memoryPath = ":memory:"

    private init(opening path: [UInt8], busyMilliseconds: Int32) throws {
        _ = Database.isConfigured
        self.path = String(decoding: path, as: UTF8.self)
        // NOMUTEX: the thread rule above replaces SQLite's own lock.
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        var opened: OpaquePointer?
        // SAFETY: the bytes end in the NUL added here and are only read during the call.
        let code = (path + [0]).withUnsafeBytes {
            sqlite3_open_v2($0.bindMemory(to: CChar.self).baseAddress!, &opened, flags, nil)
        }
        guard code == SQLITE_OK, let handle = opened else {
            let error = DatabaseError(last: opened, path: self.path)
            sqlite3_close_v2(opened)
            throw error
        }
        self.handle = handle
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, busyMilliseconds)
    }

    /// Once in a process; refused, and of no consequence, where somebody else has opened a database before.
    private static let isConfigured =
        csqlite_count_no_memory() == SQLITE_OK && csqlite_keep_undo_in_memory(4 << 20) == SQLITE_OK

    deinit {
        statements = [:]
        sqlite3_close_v2(handle)
    }

    private func setUp(cacheBytes: Int) throws {
        guard csqlite_set_defensive(handle) == SQLITE_OK else { throw DatabaseError(last: handle, path: path) }
        try run(
            """
            PRAGMA foreign_keys = ON;
            PRAGMA trusted_schema = OFF;
            PRAGMA cell_size_check = ON;
            PRAGMA mmap_size = 0;
            PRAGMA cache_size = -\(max(cacheBytes / 1024, 64));
            """)
    }

    /// The log grows to 64 MiB at most between checkpoints that find no reader in the way.
    private func useWriteAheadLog() throws {
        let mode = try first("PRAGMA journal_mode = WAL") { try $0.text(0) }
        guard mode == "wal" else {
            throw DatabaseError(code: SQLITE_CANTOPEN, message: "its file system cannot hold a WAL", path: path)
        }
        try run("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;")
    }

    /// SQLite would make it readable by all; `-wal` and `-shm` take the mode of the file.
    private static func makePrivateFile(_ path: [UInt8]) throws {
        // SAFETY: the bytes end in the NUL added here and are only read during the call.
        let file = (path + [0]).withUnsafeBytes {
            open($0.bindMemory(to: CChar.self).baseAddress!, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
        }
        guard file >= 0 else {
            let error = errno
            throw DatabaseError(
                code: SQLITE_CANTOPEN, systemError: error, message: "cannot be opened",
                path: String(decoding: path, as: UTF8.self))
        }
        close(file)
    }
}

extension Database {
    /// A statement ready to be bound, its own until it is given back: a closure that runs the same SQL gets another.
    func take(_ sql: String) throws -> Statement {
        try requireWhatIsOpen(for: sql)
        let text = Statement.Text(sql)
        if let statement = statements[text] {
            if statement.isInUse { return try prepare(sql) }
            statement.isInUse = true
            return statement
        }
        let statement = try prepare(sql)
        if statements.count >= Database.cachedStatements { statements = [:] }
        statement.isInUse = true
        statements[text] = statement
        return statement
    }

    func giveBack(_ statement: Statement) {
        statement.reset()
        statement.isInUse = false
    }

    /// A failure such as a full disk can roll everything back (https://www.sqlite.org/lang_transaction.html): what the
    /// caller still believes to be inside must not be committed on its own.
    func requireWhatIsOpen(for sql: String) throws {
        guard depth > 0, sqlite3_get_autocommit(handle) != 0 else { return }
        throw DatabaseError(
            code: SQLITE_ABORT, message: "its transaction was rolled back by an earlier failure", sql: sql, path: path)
    }

    /// More than the statements of a program; a program that makes SQL up does not fill the memory with it.
    private static let cachedStatements = 256

    private func prepare(_ sql: String) throws -> Statement {
        var prepared: OpaquePointer?
        var hasRest = false
        let code = sql.withCString { text in
            var rest: UnsafePointer<CChar>?
            let code = sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, &rest)
            // SAFETY: SQLite leaves `rest` inside of `text`, which ends in NUL.
            hasRest = rest.map { String(cString: $0).contains { !$0.isWhitespace } } ?? false
            return code
        }
        guard code == SQLITE_OK else { throw DatabaseError(last: handle, sql: sql, path: path) }
        guard let prepared else { preconditionFailure("no statement in: \(sql)") }
        let statement = Statement(handle: prepared, sql: sql, path: path)
        precondition(!hasRest, "more than one statement in: \(sql)")
        return statement
    }
}
