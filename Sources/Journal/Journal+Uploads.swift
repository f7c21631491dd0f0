internal import SQLite
import SyncCore

/// An upload into the share that its device did not finish, or has not yet.
package struct BrokenUpload: Hashable, Sendable {
    /// What the file looked like when nobody wrote to it any more.
    package struct Seen: Hashable, Sendable {
        /// In bytes.
        package var size: Int64
        /// Unix nanoseconds; only compared for being equal.
        package var mtime: Nanoseconds

        package init(size: Int64, mtime: Nanoseconds) {
            self.size = size
            self.mtime = mtime
        }
    }

    /// Whose upload it is.
    package var client: String
    /// Since when, by ``Journal/runningTime``.
    package var moment: Int64
    /// Of the file.
    package var inode: UInt64
    /// Nil: it was still open.
    package var seen: Seen?

    package init(client: String, moment: Int64, inode: UInt64, seen: Seen?) {
        self.client = client
        self.moment = moment
        self.inode = inode
        self.seen = seen
    }
}

extension Journal {
    /// Uploads that were not finished, by where they are.
    package func brokenUploads() throws -> [Location: BrokenUpload] {
        let found = try database.query("SELECT parent, name, client, moment, inode, size, mtime_ns FROM upload") {
            try Self.upload($0)
        }
        return Dictionary(found) { first, _ in first }
    }

    private static func upload(_ row: borrowing Row) throws -> (Location, BrokenUpload) {
        let size = try row.optionalInt64(5)
        let mtime = try row.optionalInt64(6)
        let upload = BrokenUpload(
            client: try row.text(2), moment: try row.int64(3), inode: UInt64(bitPattern: try row.int64(4)),
            seen: size.map { BrokenUpload.Seen(size: $0, mtime: mtime ?? 0) })
        return (Location(parent: NodeID(try row.int64(0)), name: try storedName(try row.blob(1))), upload)
    }

    /// In one transaction: these are not finished, and nothing is to be known of those any more.
    package func keepUploads(_ uploads: [Location: BrokenUpload], forgetting gone: [Location] = []) throws {
        if uploads.isEmpty, gone.isEmpty { return }
        try database.transaction {
            for location in gone {
                try database.execute(
                    "DELETE FROM upload WHERE parent = ? AND name = ?", location.parent, location.name)
            }
            for (location, upload) in uploads {
                try database.execute(
                    """
                    INSERT OR REPLACE INTO upload (parent, name, client, moment, inode, size, mtime_ns)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                    location.parent, location.name, upload.client, upload.moment,
                    Int64(bitPattern: upload.inode), upload.seen?.size, upload.seen?.mtime)
            }
        }
    }
}
