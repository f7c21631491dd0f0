internal import SQLite
import SyncCore

// The hub's own time (see RunningTime), and what goes by it. A journal from a backup has the moments that it had then, all
// of them, so what was counted from them still is.
extension Journal {
    /// Seconds in which hubs have run on this journal, as far as that was noted: from where one that starts goes on. No
    /// moment that the journal has is later.
    package var runningTime: Int64 {
        get throws { try database.first("SELECT running FROM meta") { try $0.int64(0) } ?? 0 }
    }

    /// So long hubs have run by now; an earlier moment changes nothing.
    package func noteRunning(_ moment: Int64) throws {
        try database.execute("UPDATE meta SET running = ?1 WHERE running < ?1", moment)
    }

    /// Since when what clients have uploaded has lain there; paths are `CLIENT/NAME`.
    package func stagedAges() throws -> Ages {
        let found = try database.query("SELECT path, inode, size, ctime_ns, moment FROM staged_age") { row in
            (
                try storedPath(try row.blob(0)),
                Ages.Record(
                    stamp: Ages.Stamp(
                        inode: UInt64(bitPattern: try row.int64(1)), size: try row.int64(2), ctime: try row.int64(3)),
                    since: try row.int64(4))
            )
        }
        return Ages(Dictionary(found) { first, _ in first })
    }

    /// In place of what was kept before.
    /// - Parameter moment: now, by ``runningTime``.
    package func keepStagedAges(_ ages: Ages, at moment: Int64) throws {
        try database.transaction {
            let before = try stagedAges().records
            if before == ages.records { return }
            try noteRunning(moment)
            for path in before.keys where ages.records[path] == nil {
                try database.execute("DELETE FROM staged_age WHERE path = ?", path)
            }
            for (path, record) in ages.records where before[path] != record {
                try database.execute(
                    "INSERT OR REPLACE INTO staged_age (path, inode, size, ctime_ns, moment) VALUES (?, ?, ?, ?, ?)",
                    path, Int64(bitPattern: record.stamp.inode), record.stamp.size, record.stamp.ctime, record.since)
            }
        }
    }
}
