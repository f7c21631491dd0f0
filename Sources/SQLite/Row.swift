internal import CSQLite

/// The row that a statement stands on: lives for one call of the closure that receives it. Columns count from 0.
/// A column of another type than the one asked for is a ``DatabaseError``; nothing is converted but integer to real.
package struct Row: ~Copyable {
    private let statement: Statement

    /// How many columns there are.
    package let count: Int

    init(_ statement: Statement) {
        self.statement = statement
        count = Int(sqlite3_column_count(statement.handle))
    }

    /// INTEGER.
    package func int64(_ column: Int) throws -> Int64 {
        try expect(column, is: SQLITE_INTEGER)
        return sqlite3_column_int64(statement.handle, Int32(column))
    }

    /// INTEGER.
    package func int(_ column: Int) throws -> Int { Int(try int64(column)) }

    /// INTEGER 0 (false) or another (true).
    package func bool(_ column: Int) throws -> Bool { try int64(column) != 0 }

    /// REAL or INTEGER.
    package func double(_ column: Int) throws -> Double {
        if type(column) != SQLITE_INTEGER { try expect(column, is: SQLITE_FLOAT) }
        return sqlite3_column_double(statement.handle, Int32(column))
    }

    /// TEXT; bytes that are not UTF-8 are an error.
    package func text(_ column: Int) throws -> String {
        try expect(column, is: SQLITE_TEXT)
        // SAFETY: the bytes stay until the next step or reset, and `sqlite3_column_bytes` counts them.
        let bytes = UnsafeBufferPointer(
            start: sqlite3_column_text(statement.handle, Int32(column)),
            count: Int(sqlite3_column_bytes(statement.handle, Int32(column))))
        // Most of it: faster than to look whether it is UTF-8.
        if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw mismatch("column \(column) (\(name(column))) holds text that is not UTF-8")
        }
        return text
    }

    /// BLOB.
    package func blob(_ column: Int) throws -> [UInt8] {
        try expect(column, is: SQLITE_BLOB)
        // SAFETY: the bytes stay until the next step or reset, and `sqlite3_column_bytes` counts them.
        return [UInt8](
            UnsafeRawBufferPointer(
                start: sqlite3_column_blob(statement.handle, Int32(column)),
                count: Int(sqlite3_column_bytes(statement.handle, Int32(column)))))
    }

    /// Whether the column is NULL.
    package func isNull(_ column: Int) -> Bool { type(column) == SQLITE_NULL }

    /// INTEGER or NULL.
    package func optionalInt64(_ column: Int) throws -> Int64? { isNull(column) ? nil : try int64(column) }
    /// INTEGER or NULL.
    package func optionalInt(_ column: Int) throws -> Int? { isNull(column) ? nil : try int(column) }
    /// REAL, INTEGER or NULL.
    package func optionalDouble(_ column: Int) throws -> Double? { isNull(column) ? nil : try double(column) }
    /// TEXT or NULL.
    package func optionalText(_ column: Int) throws -> String? { isNull(column) ? nil : try text(column) }
    /// BLOB or NULL.
    package func optionalBlob(_ column: Int) throws -> [UInt8]? { isNull(column) ? nil : try blob(column) }

    private func type(_ column: Int) -> Int32 {
        precondition(column >= 0 && column < count, "no column \(column) in: \(statement.sql)")
        return sqlite3_column_type(statement.handle, Int32(column))
    }

    private func name(_ column: Int) -> String {
        sqlite3_column_name(statement.handle, Int32(column)).map { String(cString: $0) } ?? "?"
    }

    private func expect(_ column: Int, is expected: Int32) throws {
        let found = type(column)
        guard found != expected else { return }
        throw mismatch(
            "column \(column) (\(name(column))) holds \(Row.typeName(found)), \(Row.typeName(expected)) was expected")
    }

    private func mismatch(_ message: String) -> DatabaseError {
        DatabaseError(code: SQLITE_MISMATCH, message: message, sql: statement.sql, path: statement.path)
    }

    private static func typeName(_ type: Int32) -> String {
        switch type {
        case SQLITE_INTEGER: "INTEGER"
        case SQLITE_FLOAT: "REAL"
        case SQLITE_TEXT: "TEXT"
        case SQLITE_BLOB: "BLOB"
        default: "NULL"
        }
    }
}
