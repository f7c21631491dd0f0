internal import SQLite
import SyncCore

/// The share's marker was gone, and what else is gone nobody knows.
struct ShareDoubt {
    /// Since when, or when a deletion was held last, by ``Journal/runningTime``.
    var moment: Int64
    /// The head before. What was made in the share since may go as it came.
    var head: Sequence
}

// A marker that is gone while its directory is there was removed by somebody, or lay on a disk of several that is away: what else is
// missing then is no deletion before a person has said so.
extension Journal {
    /// From now on every deletion that is found in the share waits for a person.
    /// - Parameters:
    ///   - client: under which changes of the share are recorded. What a person has approved of it before says nothing about this.
    ///   - moment: now, by ``runningTime``.
    package func doubtShare(_ client: String, at moment: Int64) throws {
        try database.transaction {
            try database.execute(
                "INSERT OR REPLACE INTO share_doubt (id, moment, head) VALUES (1, ?, ?)", moment, try head)
            try database.execute(
                "DELETE FROM guard_window WHERE client = ? AND batch IS NULL AND verdict = 1", client)
        }
    }

    /// Whether every deletion that is found in the share waits for a person.
    package var isShareDoubted: Bool { get throws { try shareDoubt != nil } }

    /// Ends that, if nothing of the share is held and for the guard's window nothing was. To be called when all of the share has been
    /// looked at since.
    /// - Returns: whether it is over.
    package func endShareDoubt(_ client: String, _ rule: MassChangeGuard, at moment: Int64) throws -> Bool {
        try database.transaction {
            guard let doubt = try shareDoubt else { return true }
            guard moment - doubt.moment > rule.window, try heldNodes(of: client).isEmpty else { return false }
            try forgetShareDoubt()
            return true
        }
    }

    var shareDoubt: ShareDoubt? {
        get throws {
            try database.query("SELECT moment, head FROM share_doubt") {
                ShareDoubt(moment: try $0.int64(0), head: Sequence(try $0.int64(1)))
            }.first
        }
    }

    /// A deletion was held for it.
    func extendShareDoubt(_ time: GuardTime) throws {
        try database.execute("UPDATE share_doubt SET moment = ?", time.moment)
    }

    /// A person has decided about what was held since: what still comes is decided by that, as with any batch. A decision about an
    /// older batch says nothing, nor does one about rewrites alone: what is missing was no part of it.
    func endShareDoubt(decidedBy batch: Int64, _ operations: [HeldOperation]) throws {
        guard let doubt = try shareDoubt, operations.contains(where: { $0.weight == .deletes }) else { return }
        let isNewest =
            try database.first(
                "SELECT 1 FROM guard_window WHERE batch = ? AND moment >= ?", batch, doubt.moment
            ) { _ in true } ?? false
        if isNewest { try forgetShareDoubt() }
    }

    private func forgetShareDoubt() throws { try database.execute("DELETE FROM share_doubt") }
}
