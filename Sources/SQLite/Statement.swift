internal import CSQLite

/// One prepared statement; its death finalizes it. Belongs to its database's thread.
final class Statement {
    let handle: OpaquePointer
    let sql: String
    /// Where its database is, for errors.
    let path: String
    /// Somebody has taken it and not given it back.
    var isInUse = false

    /// How many `?` it has.
    private let parameters: Int

    init(handle: OpaquePointer, sql: String, path: String) {
        self.handle = handle
        parameters = Int(sqlite3_bind_parameter_count(handle))
        self.sql = sql
        self.path = path
    }

    deinit { sqlite3_finalize(handle) }

    func bind(_ values: [(any Bindable)?]) throws {
        precondition(
            values.count == parameters,
            "\(values.count) values for another number of parameters in: \(sql)")
        for (index, value) in values.enumerated() {
            try check(bind(value?.binding ?? .null, at: Int32(index + 1)))
        }
    }

    private func bind(_ value: Binding, at index: Int32) -> Int32 {
        switch value {
        case .null: sqlite3_bind_null(handle, index)
        case .integer(let integer): sqlite3_bind_int64(handle, index, integer)
        case .real(let real): sqlite3_bind_double(handle, index, real)
        case .text(var text):
            text.withUTF8 { bytes in
                // SAFETY: SQLite copies the bytes before it returns; UInt8 and CChar have one layout.
                bytes.withMemoryRebound(to: CChar.self) {
                    csqlite_bind_text(handle, index, $0.baseAddress, UInt64($0.count))
                }
            }
        case .blob(let blob):
            // SAFETY: SQLite copies the bytes before it returns.
            blob.withUnsafeBytes { csqlite_bind_blob(handle, index, $0.baseAddress, UInt64($0.count)) }
        }
    }

    /// True if it stands on a row now, false once there are no more.
    func step() throws -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw DatabaseError(last: sqlite3_db_handle(handle), sql: sql, path: path)
        }
    }

    /// Ready for the next use: holds no lock and no bound bytes.
    func reset() {
        sqlite3_reset(handle)  // Repeats the error of the last step, which was thrown there.
        sqlite3_clear_bindings(handle)
    }

    /// SQL, as it is looked up each time that it is run: hashed by its length and its end, compared as a whole.
    struct Text: Hashable {
        let sql: String

        init(_ sql: String) { self.sql = sql }

        func hash(into hasher: inout Hasher) {
            let hash = sql.utf8.withContiguousStorageIfAvailable { bytes in
                var hash = UInt64(bytes.count)
                for index in max(bytes.count - 24, 0)..<bytes.count { hash = hash &* 31 &+ UInt64(bytes[index]) }
                return hash
            }
            hasher.combine(hash ?? 0)
        }
    }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK else { throw DatabaseError(last: sqlite3_db_handle(handle), sql: sql, path: path) }
    }
}
