internal import SQLite
package import SyncCore

/// The agent's own time (see RunningTime), and what goes by it. An index from a backup has the moments that it had then, all of
/// them; one that is made anew counts from zero, and what it finds in the trash with it.
extension FolderIndex {
    /// Seconds in which agents have run on this index, as far as that was noted: from where one that starts goes on. No moment
    /// in the index is later.
    package var runningTime: Int64 { get throws { try number("running") } }

    /// So long agents have run by now; an earlier moment changes nothing.
    package func noteRunning(_ moment: Int64) throws {
        if moment > (try runningTime) { try set("running", String(moment)) }
    }

    /// Since when what is in the folder's trash lies there; paths are the folder's.
    package func trashAges() throws -> Ages {
        let found = try database.query("SELECT path, inode, size, ctime, moment FROM trash_age") { row in
            (
                try RelativePath(bytes: row.blob(0)),
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
    package func keepTrashAges(_ ages: Ages, at moment: Int64) throws {
        try database.transaction {
            let before = try trashAges().records
            if before == ages.records { return }
            try noteRunning(moment)
            for path in before.keys where ages.records[path] == nil {
                try database.execute("DELETE FROM trash_age WHERE path = ?", path.bytes)
            }
            for (path, record) in ages.records where before[path] != record {
                try database.execute(
                    "INSERT OR REPLACE INTO trash_age (path, inode, size, ctime, moment) VALUES (?, ?, ?, ?, ?)",
                    path.bytes, Int64(bitPattern: record.stamp.inode), record.stamp.size, record.stamp.ctime,
                    record.since)
            }
        }
    }
}
