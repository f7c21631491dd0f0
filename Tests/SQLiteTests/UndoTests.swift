import Glibc
import SQLite
import TestSupport
import Testing

/// What an inner transaction would undo is kept until it ends.
@Suite struct UndoTests {
    /// Files that SQLite made for its own use, and this process has open: they have no name any more.
    private func temporaryFiles() -> Set<String> {
        guard let entries = opendir("/proc/self/fd") else { return [] }
        defer { closedir(entries) }
        var found: Set<String> = []
        while let entry = readdir(entries) {
            // SAFETY: d_name is NUL-terminated within the record; the offset is the compiler's.
            let name = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
            var target = [CChar](repeating: 0, count: 512)
            let path = "/proc/self/fd/" + String(cString: name.assumingMemoryBound(to: CChar.self))
            guard readlink(path, &target, target.count - 1) > 0 else { continue }
            let file = String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if file.contains("etilqs_") { found.insert(file) }
        }
        return found
    }

    @Test func `a megabyte of it needs no file, and is undone`() throws {
        let directory = TemporaryDirectory()
        let database = try Database(path: directory.path + "/test.db")
        try database.run("CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT")
        let bytes = [UInt8](repeating: 1, count: 3_000)
        try database.transaction {
            for id in 0..<300 { try database.execute("INSERT INTO t VALUES (?, ?)", id, bytes) }
        }
        struct Undo: Error {}
        // Other tests have databases too, whose files come and go: one of this transaction would be made each time.
        var made: Set<String> = []
        try eventually("a transaction makes no temporary file: \(made)") {
            let before = temporaryFiles()
            try database.transaction {
                _ = #expect(throws: Undo.self) {
                    try database.transaction {
                        try database.execute("UPDATE t SET bytes = ?", [UInt8](repeating: 2, count: 3_000))
                        made = temporaryFiles().subtracting(before)
                        throw Undo()
                    }
                }
            }
            return made.isEmpty
        }
        #expect(try database.first("SELECT COUNT(*) FROM t WHERE bytes = ?", bytes) { try $0.int(0) } == 300)
    }
}
