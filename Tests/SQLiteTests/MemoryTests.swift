import SQLite
import Testing

@Suite struct MemoryTests {
    @Test func `a database that was cleared has its tables, no rows, and gives the first numbers again`() throws {
        let database = try Database.memory()
        try database.run(
            """
            CREATE TABLE word (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE) STRICT;
            CREATE TABLE plain (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
            """)
        for _ in 0..<2 {
            for text in ["a", "b"] { try database.execute("INSERT INTO word (text) VALUES (?)", text) }
            try database.execute("INSERT INTO plain (key) VALUES ('a')")
            #expect(try database.query("SELECT id FROM word ORDER BY id") { try $0.int(0) } == [1, 2])
            try database.clear()
            #expect(try database.first("SELECT count(*) FROM word") { try $0.int(0) } == 0)
            #expect(try database.first("SELECT count(*) FROM plain") { try $0.int(0) } == 0)
        }
    }

    @Test func `statements that end alike and are of one length are two`() throws {
        let database = try Database.memory()
        let end = ", 'the end, which is long enough'"
        for digit in [1, 2, 1, 2] {
            #expect(try database.first("SELECT \(digit)\(end)") { try $0.int(0) } == digit)
        }
    }
}
