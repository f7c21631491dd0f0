internal import CSQLite

extension Database {
    /// What is wrong with the file, in SQLite's words; empty if it found nothing. Reads all of it. It cannot see a
    /// flipped byte inside a value, nor a file that was set back together with its log: chains and epochs do.
    package func integrityCheck() throws -> [String] {
        do {
            let found = try query("PRAGMA integrity_check") { try $0.text(0) }
            return try found.filter { $0 != "ok" } + brokenReferences()
        } catch let error as DatabaseError where error.isCorrupt {
            return [error.message]
        }
    }

    /// The same, but not whether each index has what its table has: takes a part of the time, and finds what would make
    /// queries fail.
    package func quickCheck() throws -> [String] {
        do {
            return try query("PRAGMA quick_check") { try $0.text(0) }.filter { $0 != "ok" }
        } catch let error as DatabaseError where error.isCorrupt {
            return [error.message]
        }
    }

    /// Writes the log back into the file and empties it.
    /// - Returns: false if a reader or writer kept it from finishing; nothing is lost then.
    @discardableResult
    package func checkpoint() throws -> Bool {
        let code = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        if code & 0xFF == SQLITE_BUSY { return false }
        guard code == SQLITE_OK else { throw DatabaseError(last: handle, path: path) }
        return true
    }

    /// A sentence for each row whose foreign key points to no row.
    func brokenReferences() throws -> [String] {
        try query("PRAGMA foreign_key_check") { row in
            let rowID = try row.optionalInt64(1).map { "row \($0)" } ?? "a row"
            return "\(rowID) of \(try row.text(0)) refers to a row of \(try row.text(2)) that does not exist"
        }
    }
}
