internal import SQLite
import SyncCore

extension Journal {
    /// What is wrong with the journal, a sentence each; empty if nothing is. Reads all of it.
    package func check() throws -> [String] {
        let problems = try database.integrityCheck()
        if !problems.isEmpty { return problems }
        return try database.snapshot {
            try chainProblems() + stateProblems() + counterProblems() + treeProblems()
        }
    }

    /// Whether the rows of the history are those that were written.
    private func chainProblems() throws -> [String] {
        var chain = HistoryChain.start(epoch: epoch)
        var last = Sequence.zero
        do {
            try database.forEach("\(Self.selectHistory) ORDER BY h.seq") { row in
                let record = try Self.record(row)
                guard record.seq == last.next else {
                    throw JournalError.damaged("its history jumps from \(last.rawValue) to \(record.seq.rawValue)")
                }
                chain = HistoryChain.next(after: chain, record)
                guard try chain == row.blob(Self.chainColumn) else {
                    throw JournalError.damaged("the hash chain breaks at change \(record.seq.rawValue)")
                }
                last = record.seq
            }
        } catch let error as JournalError {
            return ["\(error)"]
        }
        let ledger = try ledger()
        if ledger.head == last, ledger.chain == chain { return [] }
        return ["the history ends at change \(last.rawValue), the journal says \(ledger.head.rawValue)"]
    }

    /// Whether each node is what the last change of it made.
    private func stateProblems() throws -> [String] {
        let differs = (NodeColumns.shared + ["client"]).map { "n.\($0) IS NOT h.\($0)" }.joined(separator: " OR ")
        let different = try database.query(
            """
            SELECT n.id FROM node n LEFT JOIN history h ON h.seq = n.seq
            WHERE h.node IS NOT n.id OR \(differs) ORDER BY n.id LIMIT 100
            """
        ) { "node \(try $0.int64(0)) is not what the history says" }
        // A tombstone that was collected left its history behind.
        let older = try database.query(
            """
            SELECT DISTINCT h.node FROM history h LEFT JOIN node n ON n.id = h.node
            WHERE n.seq < h.seq OR n.id IS NULL AND (h.deleted = 0 OR h.seq > (SELECT collected FROM meta))
                AND h.seq = (SELECT max(seq) FROM history WHERE node = h.node) LIMIT 100
            """
        ) { "node \(try $0.int64(0)) lacks the last change that the history has of it" }
        return different + older
    }

    private func counterProblems() throws -> [String] {
        let statistics = try statistics()
        let counted = try database.first(
            "SELECT count(*), coalesce(sum(size), 0) FROM node WHERE deleted = 0 AND kind = 0"
        ) { Statistics(files: try $0.int64(0), bytes: try $0.int64(1)) }
        guard let counted, counted != statistics else { return [] }
        return [
            "there are \(counted.files) files of \(counted.bytes) bytes, the journal counts \(statistics.files) of "
                + "\(statistics.bytes)"
        ]
    }

    /// Whether each live node hangs on the share by live directories.
    private func treeProblems() throws -> [String] {
        let orphans = try database.query(
            """
            SELECT n.id FROM node n LEFT JOIN node p ON p.id = n.parent
            WHERE n.deleted = 0 AND n.parent <> 1 AND (p.id IS NULL OR p.deleted = 1 OR p.kind <> 1)
            ORDER BY n.id LIMIT 100
            """
        ) { "node \(try $0.int64(0)) is live, and not in a live directory" }
        if !orphans.isEmpty { return orphans }
        let lost = try database.first(
            """
            WITH RECURSIVE reached (id) AS (
                SELECT id FROM node WHERE parent = 1 AND deleted = 0
                UNION ALL
                SELECT n.id FROM reached r JOIN node n ON n.parent = r.id AND n.deleted = 0)
            SELECT (SELECT count(*) FROM node WHERE deleted = 0) - (SELECT count(*) FROM reached)
            """
        ) { try $0.int64(0) }
        return lost == 0 ? [] : ["\(lost ?? 0) nodes are in a cycle of directories"]
    }
}
