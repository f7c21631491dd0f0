internal import CSQLite

extension Database {
    /// All that is in it now, as a database of its own in memory. Not inside a transaction.
    package func copyInMemory() throws -> Database {
        let copy = try Database.memory()
        guard let backup = sqlite3_backup_init(copy.handle, "main", handle, "main") else {
            throw DatabaseError(last: copy.handle, path: path)
        }
        let code = sqlite3_backup_step(backup, -1)
        sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else { throw DatabaseError(last: copy.handle, path: path) }
        return copy
    }
}
