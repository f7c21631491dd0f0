import SQLite
import TestSupport
import Testing

@Suite struct TransactionTests {
    @Test func `a transaction that throws leaves nothing`() throws {
        let database = try Database.withTable()
        #expect(throws: Stop.self) {
            try database.transaction {
                try database.insert("a")
                throw Stop()
            }
        }
        #expect(try database.words() == [])
        #expect(!database.isInTransaction)
        try database.transaction { try database.insert("b") }
        #expect(try database.words() == ["b"])
    }

    @Test func `an inner transaction that throws undoes only its own part`() throws {
        let database = try Database.withTable()
        try database.transaction {
            try database.insert("kept")
            try? insertAndThrow(database)
            try database.transaction { try database.insert("also kept") }
        }
        #expect(try database.words() == ["kept", "also kept"])
    }

    private func insertAndThrow(_ database: Database) throws {
        try database.transaction {
            try database.insert("undone")
            try database.transaction { try database.insert("undone too") }
            throw Stop()
        }
    }

    @Test func `an outer transaction that throws undoes the inner ones that returned`() throws {
        let database = try Database.withTable()
        #expect(throws: Stop.self) {
            try database.transaction {
                try database.transaction { try database.insert("a") }
                throw Stop()
            }
        }
        #expect(try database.words() == [])
    }

    @Test func `a commit that fails is undone and thrown`() throws {
        let database = try Database.memory()
        try database.run(
            """
            CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
            CREATE TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED) STRICT;
            """)
        let error = #expect(throws: DatabaseError.self) {
            try database.transaction { try database.execute("INSERT INTO child VALUES (1)") }
        }
        #expect(error?.isConstraint == true)
        #expect(try database.first("SELECT count(*) FROM child") { try $0.int(0) } == 0)
    }

    @Test func `nothing is written on its own once SQLite has rolled back what was open`() throws {
        let database = try Database.withTable()
        let error = #expect(throws: DatabaseError.self) {
            try database.transaction {
                try database.insert("a")
                // Rolls back, as a full disk does.
                try? database.execute("INSERT OR ROLLBACK INTO t (word) VALUES (?)", "a")
                try? database.run("INSERT INTO t (word) VALUES ('b')")
                try? database.insert("c")
                try? database.transaction { try database.insert("d") }
            }
        }
        #expect(error?.message == "its transaction was rolled back by an earlier failure")
        #expect(try database.words() == [])
        try database.transaction { try database.insert("e") }
        #expect(try database.words() == ["e"])
    }

    @Test func `a full database is recognised and keeps what was committed`() throws {
        let database = try Database.withTable()
        try database.insert("before")
        try database.run("PRAGMA max_page_count = 8")
        let error = #expect(throws: DatabaseError.self) {
            try database.transaction {
                for number in 0..<1000 { try database.insert(String(repeating: "x", count: 500) + "\(number)") }
            }
        }
        #expect(error?.isFull == true)
        #expect(error?.description.contains("Free some space") == true)
        #expect(try database.words() == ["before"])
    }

    @Test func `a second writer waits, then is told that it is busy`() throws {
        let directory = TemporaryDirectory()
        let first = try Database(path: directory.path("a.db"))
        let second = try Database(path: directory.path("a.db"), busyMilliseconds: 20)
        try first.run("CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT) STRICT")
        try first.transaction {
            try first.insert("a")
            do {
                try second.transaction { try second.insert("b") }
                Issue.record("two writers at once")
            } catch let error as DatabaseError {
                #expect(error.isBusy)
            }
        }
        try second.transaction { try second.insert("c") }
        #expect(try first.words() == ["a", "c"])
    }

    @Test func `a snapshot does not see what others write meanwhile`() throws {
        let directory = TemporaryDirectory()
        let writer = try Database(path: directory.path("a.db"))
        let reader = try Database(path: directory.path("a.db"))
        try writer.run("CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT) STRICT")
        try reader.snapshot {
            #expect(try reader.words() == [])
            try writer.insert("a")
            #expect(try reader.words() == [])
        }
        #expect(try reader.words() == ["a"])
    }

    private struct Stop: Error {}
}
