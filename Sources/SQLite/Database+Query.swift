internal import CSQLite

extension Database {
    /// Runs one statement and passes over the rows it may give.
    /// - Parameter bindings: one value for each `?`, in order.
    package func execute(_ sql: String, _ bindings: (any Bindable)?...) throws {
        try execute(sql, bindings: bindings)
    }

    /// Runs one statement with as many values as it has `?`.
    package func execute(_ sql: String, bindings: [(any Bindable)?]) throws {
        try forEach(sql, bindings: bindings) { _ in }
    }

    /// All rows, each made into a value.
    package func query<Value>(
        _ sql: String, _ bindings: (any Bindable)?..., row: (borrowing Row) throws -> Value
    ) throws -> [Value] {
        try query(sql, bindings: bindings, row: row)
    }

    /// All rows, each made into a value, for as many values as there are `?`.
    package func query<Value>(
        _ sql: String, bindings: [(any Bindable)?], row: (borrowing Row) throws -> Value
    ) throws -> [Value] {
        var values: [Value] = []
        try forEach(sql, bindings: bindings) { values.append(try row($0)) }
        return values
    }

    /// The first row made into a value; nil if there is none. Later rows are not computed.
    package func first<Value>(
        _ sql: String, _ bindings: (any Bindable)?..., row: (borrowing Row) throws -> Value
    ) throws -> Value? {
        // Through an array: Swift 6.3's optimiser crashes on an optional that a closure with a borrowed row gives.
        var found: [Value] = []
        try using(sql, bindings) { statement in
            let current = Row(statement)
            if try statement.step() { found.append(try row(current)) }
        }
        return found.first
    }

    /// Hands over row after row, holding one at a time. The closure may use this database, but must not change what
    /// it is walking over.
    package func forEach(
        _ sql: String, _ bindings: (any Bindable)?..., row: (borrowing Row) throws -> Void
    ) throws {
        try forEach(sql, bindings: bindings, row: row)
    }

    /// Hands over row after row, for as many values as there are `?`.
    package func forEach(
        _ sql: String, bindings: [(any Bindable)?], row: (borrowing Row) throws -> Void
    ) throws {
        try using(sql, bindings) { statement in
            let current = Row(statement)
            while try statement.step() { try row(current) }
        }
    }

    /// Runs a script: any number of statements, without values. Made for schemas; nothing of it is cached.
    package func run(_ script: String) throws {
        try requireWhatIsOpen(for: script)
        guard sqlite3_exec(handle, script, nil, nil, nil) == SQLITE_OK else {
            throw DatabaseError(last: handle, sql: script, path: path)
        }
    }

    /// The rowid of the row inserted last on this connection.
    package var lastInsertedID: Int64 { sqlite3_last_insert_rowid(handle) }

    /// How many rows the last INSERT, UPDATE or DELETE on this connection touched itself (triggers do not count).
    package var changes: Int { Int(sqlite3_changes64(handle)) }

    private func using<Value>(
        _ sql: String, _ bindings: [(any Bindable)?], _ body: (Statement) throws -> Value
    ) throws -> Value {
        let statement = try take(sql)
        defer { giveBack(statement) }
        statementsRun += 1
        try statement.bind(bindings)
        return try body(statement)
    }
}
