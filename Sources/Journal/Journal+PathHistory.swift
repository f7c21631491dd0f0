internal import SQLite
import SyncCore

// The past of a path. Nodes have identity, paths are computed: what lay at a path is found by who is there, was deleted there, or
// was moved away from there, name by name. Every step is a few looks into an index.
extension Journal {
    /// What has become of a path. A node that came there from elsewhere brings its past along; of one that was moved away it
    /// ends there.
    /// - Parameter limit: entries at most, the newest; at least 1.
    /// - Returns: no entries if nothing ever was there.
    package func past(of path: RelativePath, limit: Int) throws -> PathHistory {
        try database.snapshot {
            var places = [Tenure(node: .root, from: .zero, until: nil)]
            for name in path.names.dropLast() {
                places = try places.flatMap { place in
                    try occupants(of: name, in: place, limit: Self.mostAtOnce, isDirectory: true)
                }
                places = Array(places.sorted(by: Tenure.isNewer).prefix(Self.mostDirectories))
            }
            guard let name = path.names.last else { return PathHistory(entries: []) }
            let live = try node(at: path)
            var found: [Sequence: HistoryRecord] = [:]
            for place in places {
                let occupants = try occupants(of: name, in: place, limit: limit, isDirectory: false)
                for record in try deletions(of: name, in: place, limit: limit) { found[record.seq] = record }
                var seen: Set<NodeID> = []
                for tenure in occupants.sorted(by: Tenure.isNewer) where seen.insert(tenure.node).inserted {
                    if found.count >= 2 * limit { break }
                    for record in try contents(of: tenure, limit: limit) { found[record.seq] = record }
                }
            }
            let newest = found.values.sorted { $0.seq < $1.seq }.suffix(limit)
            return PathHistory(entries: try newest.map { try entry($0, live) })
        }
    }

    /// Where a node is or, of one that is forgotten but for its history, where it was at last.
    package func lastPath(of id: NodeID) throws -> RelativePath? {
        if let path = try path(of: id) { return path }
        return try history(of: id, limit: 1).first?.path
    }

    /// Directories that had one path one after the other, of which things are looked for.
    private static let mostDirectories = 16
    /// Nodes that had one name in a directory one after the other.
    private static let mostAtOnce = 100

    private func entry(_ record: HistoryRecord, _ live: Node?) throws -> PathHistory.Entry {
        let isDeletion = record.change == .delete
        let isCurrent =
            !isDeletion && live?.id == record.node.id && live?.contentVersion == record.node.contentVersion
        var isThere = !isDeletion
        if isThere, !isCurrent, let file = record.node.content.file {
            isThere = try holds(record.node.content) || hasLiveFile(with: file.digest, size: file.size)
        }
        return PathHistory.Entry(record: record, isCurrent: isCurrent, isThere: isThere)
    }

    // MARK: - Who was there

    /// Those that had a name in a directory while that was where it was.
    /// - Parameter isDirectory: what is below it is asked for: since when it was there is needed.
    private func occupants(
        of name: Name, in place: Tenure, limit: Int, isDirectory: Bool
    ) throws -> [Tenure] {
        let end = place.until?.rawValue ?? .max
        var found = try database.query(
            """
            SELECT node, seq FROM (SELECT node, seq FROM history
                WHERE parent = ?1 AND name = ?2 AND deleted = 1 AND seq > ?3 ORDER BY seq DESC LIMIT ?4)
            UNION ALL
            SELECT node, seq FROM (SELECT node, seq FROM history
                WHERE from_parent = ?1 AND from_name = ?2 AND seq > ?3 ORDER BY seq DESC LIMIT ?4)
            """, place.node, name, place.from, limit
        ) { Tenure(node: NodeID(try $0.int64(0)), from: .zero, until: Sequence(try $0.int64(1))) }
        if let live = try child(of: place.node, named: name) {
            found.append(Tenure(node: live.id, from: .zero, until: nil))
        }
        return try found.compactMap { tenure in
            var tenure = tenure
            let left = tenure.until?.rawValue ?? .max
            if isDirectory || left > end {
                // Otherwise it came when the directory was elsewhere.
                guard let came = try arrival(of: tenure, at: name, in: place.node), came.rawValue < end else {
                    return nil
                }
                tenure.from = max(came, place.from)
            }
            if left > end { tenure.until = place.until }
            return tenure
        }
    }

    /// The change that put a node where it is then; nil if there is none on record.
    private func arrival(of tenure: Tenure, at name: Name, in parent: NodeID) throws -> Sequence? {
        try database.first(
            """
            SELECT seq FROM history WHERE node = ? AND seq < ? AND parent = ? AND name = ? AND change IN (0, 2, 4)
            ORDER BY content_version DESC, seq DESC LIMIT 1
            """, tenure.node, tenure.until?.rawValue ?? .max, parent, name
        ) { Sequence(try $0.int64(0)) }
    }

    private func deletions(of name: Name, in place: Tenure, limit: Int) throws -> [HistoryRecord] {
        try database.query(
            """
            \(Self.selectHistory)
            WHERE h.parent = ? AND h.name = ? AND h.deleted = 1 AND h.seq > ? AND h.seq <= ? ORDER BY h.seq DESC LIMIT ?
            """, place.node, name, place.from, place.until?.rawValue ?? .max, limit
        ) { try Self.record($0) }
    }

    /// The changes that made the contents that a node had, newest first, down to its first.
    private func contents(of tenure: Tenure, limit: Int) throws -> [HistoryRecord] {
        let end = tenure.until?.rawValue ?? .max
        let last = try database.first(
            """
            SELECT content_version FROM history WHERE node = ? AND seq <= ?
            ORDER BY content_version DESC, seq DESC LIMIT 1
            """, tenure.node, end
        ) { try $0.int64(0) }
        guard let last else { return [] }
        var found: [HistoryRecord] = []
        for version in stride(from: last, to: max(0, last - Int64(limit)), by: -1) {
            let record = try database.first(
                "\(Self.selectHistory) WHERE h.node = ? AND h.content_version = ? ORDER BY h.seq LIMIT 1", tenure.node,
                version
            ) { try Self.record($0) }
            guard let record else { break }
            found.append(record)
        }
        return found
    }
}
