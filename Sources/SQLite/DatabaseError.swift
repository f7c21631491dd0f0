internal import CSQLite
import Glibc

/// What SQLite refused to do. Holds the statement with its `?`, never the values that were bound to it.
package struct DatabaseError: Error, Equatable, Sendable {
    /// The statement; empty if it was none (opening, closing, a checkpoint).
    package let sql: String
    /// SQLite's extended result code (https://www.sqlite.org/rescode.html).
    package let code: Int32
    /// The errno that came with it, 0 if none did.
    package let systemError: Int32
    /// SQLite's words.
    package let message: String
    /// Of the database file; `:memory:` if it has none.
    package let path: String

    init(code: Int32, systemError: Int32 = 0, message: String, sql: String = "", path: String) {
        self.sql = sql
        self.code = code
        self.systemError = systemError
        self.message = message
        self.path = path
    }

    /// What went wrong in the last call on this connection (nil if SQLite had no memory to make one).
    init(last database: OpaquePointer?, sql: String = "", path: String) {
        let isFailedSystemCall = sqlite3_extended_errcode(database) & 0xFF == SQLITE_IOERR
        self.init(
            code: sqlite3_extended_errcode(database),
            systemError: isFailedSystemCall ? sqlite3_system_errno(database) : 0,
            message: String(cString: sqlite3_errmsg(database)), sql: sql, path: path)
    }

    /// The code without its extension.
    package var primaryCode: Int32 { code & 0xFF }

    /// No space left for the database (disk or quota). Nothing of the transaction was kept.
    package var isFull: Bool {
        primaryCode == SQLITE_FULL || isInputOutput && [ENOSPC, EDQUOT].contains(systemError)
    }

    /// The file system takes no writes (any more). Nothing of the transaction was kept.
    package var isReadOnly: Bool { primaryCode == SQLITE_READONLY || isInputOutput && systemError == EROFS }

    /// The file system failed to read, write or sync. Nothing of the transaction may be taken as kept.
    package var isInputOutput: Bool { primaryCode == SQLITE_IOERR }

    /// Another connection held the lock for longer than the busy time limit.
    package var isBusy: Bool { primaryCode == SQLITE_BUSY }

    /// A UNIQUE, CHECK, NOT NULL, foreign key or STRICT type rule said no.
    package var isConstraint: Bool { primaryCode == SQLITE_CONSTRAINT }

    /// The file is damaged, or is no database.
    package var isCorrupt: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }
}

extension DatabaseError: CustomStringConvertible {
    /// A sentence with the next step.
    package var description: String {
        let cause = systemError == 0 ? "" : ", \(String(cString: strerror(systemError)))"
        let statement = sql.isEmpty ? "" : ", in: \(sql)"
        return "the database \(path): \(message) (code \(code)\(cause)\(statement))\(nextStep)"
    }

    private var nextStep: String {
        if isFull { return ". Free some space on that file system and start again." }
        if isReadOnly { return ". Its file system is read-only: look why (dmesg), and mount it for writing." }
        if isInputOutput { return ". Look at the disk (dmesg, smartctl) before writing to it again." }
        if isCorrupt { return ". Stop, keep a copy of the file and of its -wal, and restore it from a backup." }
        if isBusy { return ". Another process uses it: see who with `fuser`." }
        if primaryCode == SQLITE_CANTOPEN { return ". Does its directory exist, and may this user write there?" }
        return ""
    }
}

/// The file was written by a later version of the program, whose tables this one does not know. Nothing was changed.
package struct DatabaseIsNewer: Error, Equatable, Sendable, CustomStringConvertible {
    /// Of the database file.
    package let path: String
    /// The migrations that were applied to it.
    package let found: Int
    /// The migrations that this program knows.
    package let known: Int

    /// A sentence with the next step.
    package var description: String {
        "the database \(path) has format \(found), this program knows formats up to \(known). "
            + "Install the newer version of the program again."
    }
}
