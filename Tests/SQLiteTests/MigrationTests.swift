import SQLite
import Testing

@Suite struct MigrationTests {
    let first = "CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT UNIQUE) STRICT;"
    let second = "ALTER TABLE t ADD COLUMN note TEXT; UPDATE t SET note = 'old';"

    @Test func `each script runs once, in order`() throws {
        let database = try Database.memory()
        try database.migrate([first])
        try database.insert("a")
        try database.migrate([first, second])
        try database.migrate([first, second])
        #expect(try database.first("SELECT note FROM t") { try $0.text(0) } == "old")
        #expect(try database.first("PRAGMA user_version") { try $0.int(0) } == 2)
    }

    @Test func `a script that fails leaves what was before it`() throws {
        let database = try Database.memory()
        let broken = "CREATE TABLE u (id INTEGER); INSERT INTO nowhere VALUES (1);"
        #expect(throws: DatabaseError.self) { try database.migrate([first, broken]) }
        #expect(try database.first("PRAGMA user_version") { try $0.int(0) } == 1)
        #expect(try database.query("SELECT name FROM sqlite_schema WHERE type = 'table'") { try $0.text(0) } == ["t"])
    }

    @Test func `a newer file is refused untouched`() throws {
        let database = try Database.memory()
        try database.migrate([first, second])
        let error = #expect(throws: DatabaseIsNewer.self) { try database.migrate([first]) }
        #expect(error?.found == 2)
        #expect(error?.known == 1)
        #expect(error?.description.contains("Install the newer version") == true)
    }

    @Test func `a table can be rebuilt under its references, which must hold afterwards`() throws {
        let tables = """
            CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
            CREATE TABLE child (parent INTEGER NOT NULL REFERENCES parent) STRICT;
            INSERT INTO parent VALUES (1);
            INSERT INTO child VALUES (1);
            """
        let rebuilt = """
            CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT) STRICT;
            INSERT INTO new_parent (id) SELECT id FROM parent;
            DROP TABLE parent;
            ALTER TABLE new_parent RENAME TO parent;
            """
        let database = try Database.memory()
        try database.migrate([tables, rebuilt])
        let error = #expect(throws: DatabaseError.self) {
            try database.migrate([tables, rebuilt, "DELETE FROM parent"])
        }
        #expect(error?.message.contains("child refers to a row of parent that does not exist") == true)
        // Enforced again.
        #expect(throws: DatabaseError.self) { try database.execute("INSERT INTO child VALUES (2)") }
        #expect(try database.integrityCheck() == [])
    }
}
