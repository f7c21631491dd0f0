internal import CSQLite

extension Database {
    /// Brings the tables up to date: runs those scripts that this file has not seen yet, in order, each in a
    /// transaction of its own. `PRAGMA user_version` counts them, so a script that was released must never change.
    /// Foreign keys are not enforced meanwhile, so that tables can be rebuilt, but must hold at the end of each.
    /// - Parameter scripts: all migrations from the first, each any number of statements.
    /// - Throws: ``DatabaseIsNewer`` if the file has seen more than these; ``DatabaseError``.
    package func migrate(_ scripts: [String]) throws {
        guard try version() != scripts.count else { return }
        try run("PRAGMA foreign_keys = OFF")
        defer { try? run("PRAGMA foreign_keys = ON") }
        while try migrateOnce(scripts) {}
    }

    /// True if one script was run, false if there was none left. Another process may be doing the same, therefore
    /// the version is read under the write lock.
    private func migrateOnce(_ scripts: [String]) throws -> Bool {
        try transaction {
            let version = try version()
            if version > scripts.count { throw DatabaseIsNewer(path: path, found: version, known: scripts.count) }
            if version == scripts.count { return false }
            try run(scripts[version])
            try refuseBrokenReferences()
            try run("PRAGMA user_version = \(version + 1)")
            return true
        }
    }

    private func refuseBrokenReferences() throws {
        guard let broken = try brokenReferences().first else { return }
        throw DatabaseError(code: SQLITE_CONSTRAINT, message: "after a migration, \(broken)", path: path)
    }

    private func version() throws -> Int { try first("PRAGMA user_version") { try $0.int(0) } ?? 0 }
}
