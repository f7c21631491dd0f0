internal import CSQLite

extension Database {
    /// Runs the closure in a transaction that holds the write lock from its first moment (`BEGIN IMMEDIATE`): all of
    /// it is kept, durably, once this returns; nothing of it if the closure or the commit throws. Inside another
    /// transaction it is a savepoint: its own part is undone if it throws, and kept when the outer one is.
    package func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        depth == 0 ? try outermost("BEGIN IMMEDIATE", body) : try savepoint(body)
    }

    /// Runs the closure on one unchanging view of the database; other connections may write meanwhile. For reading
    /// only: a write inside can fail as busy. Inside a transaction it is that transaction's view.
    package func snapshot<Value>(_ body: () throws -> Value) throws -> Value {
        depth == 0 ? try outermost("BEGIN DEFERRED", body) : try savepoint(body)
    }

    /// Whether a transaction is open on this connection.
    package var isInTransaction: Bool { depth > 0 }

    private func outermost<Value>(_ begin: String, _ body: () throws -> Value) throws -> Value {
        try execute(begin)
        depth = 1
        defer { depth = 0 }
        do {
            let value = try body()
            try execute("COMMIT")
            return value
        } catch {
            // Some failures (disk full, I/O, out of memory) have rolled back already.
            if sqlite3_get_autocommit(handle) == 0 { try? execute("ROLLBACK") }
            throw error
        }
    }

    private func savepoint<Value>(_ body: () throws -> Value) throws -> Value {
        let name = "nested_\(depth)"
        try execute("SAVEPOINT \(name)")
        depth += 1
        defer { depth -= 1 }
        do {
            let value = try body()
            try execute("RELEASE \(name)")
            return value
        } catch {
            if sqlite3_get_autocommit(handle) == 0 {
                try execute("ROLLBACK TO \(name)")
                try execute("RELEASE \(name)")
            }
            throw error
        }
    }
}
