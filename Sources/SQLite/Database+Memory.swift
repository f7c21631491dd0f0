extension Database {
    /// A database of its own that lives in memory and dies with this object.
    package static func memory() throws -> Database { try Database(inMemoryWith: 2 << 20) }

    /// Deletes all rows of a database in memory, and forgets which numbers were given; tables and prepared statements
    /// stay. To make those anew takes longer than most of what is done in such a database.
    package func clear() throws {
        precondition(path == Database.memoryPath && depth == 0, "only in memory, and in no transaction")
        try transaction {
            for table in try query("SELECT name FROM sqlite_schema WHERE type = 'table'", row: { try $0.text(0) }) {
                try execute("DELETE FROM \"\(table)\"")
            }
        }
    }
}
