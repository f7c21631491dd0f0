import SQLite
import Testing

@Suite struct QueryTests {
    @Test(arguments: [
        Binding.null, .integer(.min), .integer(0), .integer(.max), .real(-0.5), .text(""), .text("caf\u{e9}"),
        .text("a\0b"), .blob([]), .blob([0, 0xFF]),
    ])
    func `what is bound is what is read`(value: Binding) throws {
        let read = try Database.memory().first("SELECT ?", value) { row in
            switch value {
            case .null: row.isNull(0) ? Binding.null : nil
            case .integer: Binding.integer(try row.int64(0))
            case .real: Binding.real(try row.double(0))
            case .text: Binding.text(try row.text(0))
            case .blob: Binding.blob(try row.blob(0))
            }
        }
        #expect(read == value)
    }

    @Test func `an empty blob is not NULL, and nil is`() throws {
        let types = try Database.memory().first("SELECT typeof(?), typeof(?), typeof(?)", [UInt8](), "", nil) {
            [try $0.text(0), try $0.text(1), try $0.text(2)]
        }
        #expect(types == ["blob", "text", "null"])
    }

    @Test func `optionals and raw values are bound as what they hold`() throws {
        let some: Int64? = 5
        let none: String? = nil
        let read = try Database.memory().first("SELECT ?, ?, ?, ?", some, none, Flavour(rawValue: 7), true) { row in
            "\(try row.optionalInt(0) ?? -1) \(try row.optionalText(1) ?? "none") \(try row.int(2)) \(try row.bool(3))"
        }
        #expect(read == "5 none 7 true")
    }

    @Test func `a column of another type is an error that names both`() throws {
        let database = try Database.memory()
        let error = #expect(throws: DatabaseError.self) {
            try database.first("SELECT 1, 'x' AS label") { try $0.int64(1) }
        }
        #expect(error?.message == "column 1 (label) holds TEXT, INTEGER was expected")
        #expect(throws: DatabaseError.self) { try database.first("SELECT NULL") { try $0.int64(0) } }
        #expect(throws: DatabaseError.self) { try database.first("SELECT 1.5") { try $0.int64(0) } }
        #expect(throws: DatabaseError.self) { try database.first("SELECT x'00'") { try $0.text(0) } }
        #expect(throws: DatabaseError.self) { try database.first("SELECT CAST(x'ff' AS TEXT)") { try $0.text(0) } }
        #expect(try database.first("SELECT 2") { try $0.double(0) } == 2.0)
    }

    @Test func `rows come in order, one at a time, and first takes only the first`() throws {
        let database = try Database.withTable()
        for word in ["a", "b", "c"] { try database.insert(word) }
        #expect(try database.words() == ["a", "b", "c"])
        #expect(try database.first("SELECT word FROM t ORDER BY id DESC") { try $0.text(0) } == "c")
        #expect(try database.first("SELECT word FROM t WHERE id > 9") { try $0.text(0) } == nil)
        let some = try database.query("SELECT word FROM t WHERE id IN (?, ?)", bindings: [1, 3]) { try $0.text(0) }
        #expect(some == ["a", "c"])
    }

    @Test func `a statement may be used again inside its own rows`() throws {
        let database = try Database.withTable()
        for word in ["a", "b", "c"] { try database.insert(word) }
        var seen = 0
        try database.forEach("SELECT word FROM t ORDER BY id") { _ in seen += try database.words().count }
        #expect(seen == 9)
    }

    @Test func `a closure that throws ends the walk and frees the statement`() throws {
        let database = try Database.withTable()
        for word in ["a", "b"] { try database.insert(word) }
        #expect(throws: Stop.self) { try database.forEach("SELECT word FROM t") { _ in throw Stop() } }
        #expect(try database.words() == ["a", "b"])
        // A statement still open would keep the table locked.
        try database.run("DROP TABLE t")
    }

    @Test func `more statements than the cache holds still work`() throws {
        let database = try Database.memory()
        for number in 0..<600 { #expect(try database.first("SELECT \(number)") { try $0.int(0) } == number) }
    }

    @Test func `the id and the count of what was changed are known`() throws {
        let database = try Database.withTable()
        try database.insert("a")
        try database.insert("b")
        #expect(database.lastInsertedID == 2)
        try database.execute("UPDATE t SET word = word || 'x'")
        #expect(database.changes == 2)
    }

    @Test func `an error tells statement, code and path but no values`() throws {
        let database = try Database.withTable()
        try database.insert("secret")
        let error = #expect(throws: DatabaseError.self) { try database.insert("secret") }
        #expect(error?.isConstraint == true)
        #expect(error?.code == 2067)  // SQLITE_CONSTRAINT_UNIQUE
        #expect(error?.sql == "INSERT INTO t (word) VALUES (?)")
        #expect(error?.path == ":memory:")
        #expect(error?.description.contains("secret") == false)
        #expect(error?.isFull == false)
        #expect(throws: DatabaseError.self) { try database.execute("SELEKT 1") }
    }

    private struct Stop: Error {}
}

private struct Flavour: RawRepresentable {
    let rawValue: Int64
}

extension Flavour: Bindable {}
