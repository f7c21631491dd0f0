import Glibc
import SQLite
import TestSupport
import Testing

@Suite struct FileTests {
    let directory = TemporaryDirectory()
    var path: String { directory.path("a.db") }

    @Test(arguments: [
        ("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1"), ("trusted_schema", "0"),
        ("cell_size_check", "1"), ("cache_size", "-512"),
    ])
    func `a file is opened durable and distrustful`(pragma: String, value: String) throws {
        let database = try Database(path: path, cacheBytes: 512 << 10)
        let read = try database.first("SELECT CAST(\(pragma) AS TEXT) FROM pragma_\(pragma)") { try $0.text(0) }
        #expect(read == value)
    }

    @Test func `only its owner may read the file`() throws {
        let database = try Database(path: path)
        try database.run("CREATE TABLE t (id INTEGER)")
        for suffix in ["", "-wal", "-shm"] {
            var status = stat()
            #expect(stat(path + suffix, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600, "\(suffix)")
        }
    }

    @Test func `a copy in memory has what was there, and goes its own way`() throws {
        let database = try Database(path: path)
        try database.run("CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1)")
        let copy = try database.copyInMemory()
        try copy.run("INSERT INTO t VALUES (2)")
        try database.run("DELETE FROM t")
        #expect(try copy.query("SELECT id FROM t ORDER BY id") { try $0.int64(0) } == [1, 2])
        #expect(try database.query("SELECT id FROM t") { try $0.int64(0) } == [])
    }

    @Test func `what was written is there after the owner died`() throws {
        do {
            let database = try Database(path: path)
            try database.migrate(["CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT) STRICT"])
            try database.insert("a")
        }
        #expect(access(path + "-wal", F_OK) != 0, "the last connection puts the log back into the file")
        #expect(try Database(path: path).words() == ["a"])
    }

    @Test func `a name that is not UTF-8 or looks like a URI is a name`() throws {
        let bytes = Array(directory.path.utf8) + [0x2F, 0xFF]
        try Database(path: bytes).run("CREATE TABLE t (id INTEGER)")
        #expect((bytes + [0]).withUnsafeBytes { access($0.bindMemory(to: CChar.self).baseAddress!, F_OK) } == 0)
        try Database(path: directory.path("x?mode=ro")).run("CREATE TABLE t (id INTEGER)")
        #expect(access(directory.path("x?mode=ro"), F_OK) == 0)
    }

    @Test func `a missing directory is an error with a next step`() throws {
        let error = #expect(throws: DatabaseError.self) { try Database(path: directory.path("none/a.db")) }
        #expect(error?.systemError == ENOENT)
        #expect(error?.path == directory.path("none/a.db"))
        #expect(error?.description.contains("Does its directory exist") == true)
    }

    @Test func `a file that is no database is refused as corrupt`() throws {
        directory.write(String(repeating: "not a database. ", count: 100), to: "a.db")
        let error = #expect(throws: DatabaseError.self) { try Database(path: path) }
        #expect(error?.isCorrupt == true)
    }

    @Test func `a checkpoint empties the log unless a reader needs it`() throws {
        let writer = try Database(path: path, busyMilliseconds: 0)
        try writer.run("CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT) STRICT")
        let reader = try Database(path: path)
        try reader.snapshot {
            #expect(try reader.words() == [])
            try writer.insert("a")
            #expect(try !writer.checkpoint())
        }
        #expect(try writer.checkpoint())
        var status = stat()
        #expect(stat(path + "-wal", &status) == 0)
        #expect(status.st_size == 0)
    }

    @Test func `an intact file has no findings`() throws {
        let database = try Database(path: path)
        try database.migrate(["CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT UNIQUE) STRICT"])
        try database.insert("a")
        #expect(try database.integrityCheck() == [])
    }

    @Test func `a damaged page is found`() throws {
        do {
            let database = try Database(path: path)
            try database.run("CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT UNIQUE) STRICT")
            try database.transaction { for number in 0..<500 { try database.insert("word \(number)") } }
        }
        let file = open(path, O_WRONLY)
        let garbage = [UInt8](repeating: 0xA5, count: 4096)
        #expect(pwrite(file, garbage, garbage.count, 4096 * 2) == garbage.count)
        close(file)
        #expect(try !Database(path: path).integrityCheck().isEmpty)
    }
}
