#pragma once
#include <sqlite3.h>

// Macros and variadics that Swift does not see.

// SQLITE_TRANSIENT: SQLite copies the bytes before it returns. A null pointer would bind NULL, so that an empty value
// needs an address of its own.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_text64(statement, index, bytes ? bytes : "", count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int csqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 count) {
    return sqlite3_bind_blob64(statement, index, bytes ? bytes : "", count, SQLITE_TRANSIENT);
}

// No statement may corrupt the file on purpose (writable_schema, shadow tables).
static inline int csqlite_set_defensive(sqlite3 *database) {
    return sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)0);
}

// Counting each allocation takes a mutex of the whole process, and nobody asks for the counts. Before the first database
// is opened.
static inline int csqlite_count_no_memory(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

// What a statement or savepoint would undo is kept in memory up to so many bytes, and in a file beyond that: with SQLite's own
// 64 KiB most transactions of many statements write several pages to that file for each. Before the first database is opened.
static inline int csqlite_keep_undo_in_memory(int bytes) { return sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, bytes); }
