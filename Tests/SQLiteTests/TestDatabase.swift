import SQLite

extension Database {
    /// In memory, with a table `t(id INTEGER PRIMARY KEY, word TEXT UNIQUE)`.
    static func withTable() throws -> Database {
        let database = try Database.memory()
        try database.run("CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT UNIQUE) STRICT")
        return database
    }

    func words() throws -> [String] { try query("SELECT word FROM t ORDER BY id") { try $0.text(0) } }
    func insert(_ word: String) throws { try execute("INSERT INTO t (word) VALUES (?)", word) }
}
