import Glibc
import SQLite

/// A directory that is removed with all files in it once this object dies.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/sqlite-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw DirectoryError(errno: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                // SAFETY: the entry is valid until the next readdir, its name ends in NUL.
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                unlink("\(path)/\(name)")
            }
            closedir(directory)
        }
        rmdir(path)
    }
}

struct DirectoryError: Error {
    let errno: Int32
}

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
