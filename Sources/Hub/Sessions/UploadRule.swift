internal import FileTree
internal import Journal
internal import Share
import SyncCore

/// Whether a file in the share is one that counts. Pure.
enum UploadRule {
    /// What is known of a file after a look.
    struct Answer: Hashable, Sendable {
        /// Nil: it counts.
        var piece: Piece?
        /// To be kept of it; nil: nothing.
        var record: BrokenUpload?
    }

    /// - Parameters:
    ///   - open: who has it open for writing.
    ///   - broken: whose upload of it broke off since anybody looked.
    ///   - record: what was kept of it.
    ///   - status: of the file, now.
    ///   - moment: now, by ``Journal/runningTime``.
    static func answer(
        open: String?, broken: String?, record: BrokenUpload?, _ status: FileStatus, moment: Int64
    ) -> Answer {
        let seen = BrokenUpload.Seen(status)
        if let client = open { return Answer(piece: .open(by: client), record: record) }
        if let client = broken {
            return Answer(
                piece: .broken(by: client),
                record: BrokenUpload(client: client, moment: moment, inode: status.inode, seen: seen))
        }
        // Another file has the name, or somebody has written to it and nobody told that it broke off.
        guard var record, record.inode == status.inode, (record.seen ?? seen) == seen else { return Answer() }
        // It was open when the hub ended.
        record.seen = seen
        return Answer(piece: .broken(by: record.client), record: record)
    }
}
