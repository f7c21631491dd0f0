internal import SQLite
import SyncCore

/// A part of the share that a client maps.
package struct Subtree: Hashable, Sendable {
    /// As it was asked for at the join: where the directory is looked for when it is gone.
    package var path: RelativePath
    /// The directory, wherever it is by now.
    package var node: NodeID

    package init(path: RelativePath, node: NodeID) {
        self.path = path
        self.node = node
    }
}

// What a view of a part of the tree has to know of the past (SubtreeView, in the hub).
extension Journal {
    /// Another directory stands for the part that a client maps: for the client a journal that it does not know.
    package func setSubtree(of name: String, to node: NodeID) throws {
        try database.execute(
            "UPDATE client SET subtree_node = ?, cursor = 0, report = NULL WHERE name = ?", node, name)
    }

    /// Where the part that a client maps was last: its directory was there when it was deleted, and the record of that goes.
    package func setSubtreePath(of name: String, _ path: RelativePath) throws {
        try database.execute("UPDATE client SET subtree = ? WHERE name = ?", path, name)
    }

    /// Where a node was after the change `seq`, from its history; nil if it was not there then.
    package func location(of node: NodeID, at seq: Sequence) throws -> Location? {
        let found = try database.query(
            "SELECT parent, name, deleted FROM history WHERE node = ? AND seq <= ? ORDER BY seq DESC LIMIT 1", node, seq
        ) { try Self.place($0) }
        return found.first?.location
    }

    /// Where a node came to be by each of its changes after `seq`; deletions are left out.
    package func places(of node: NodeID, after seq: Sequence) throws -> [(location: Location, seq: Sequence)] {
        try database.query(
            "SELECT parent, name, deleted, seq FROM history WHERE node = ? AND seq > ? ORDER BY seq", node, seq
        ) { row in (try Self.place(row).location, Sequence(try row.int64(3))) }.compactMap { place in
            place.0.map { (location: $0, seq: place.1) }
        }
    }

    /// Everything live below a directory, parents before what is in them.
    package func descendants(of directory: NodeID) throws -> [Node] {
        var found: [Node] = []
        var queue = [directory]
        while let next = queue.popLast() {
            for child in try children(of: next) {
                found.append(child)
                if child.content.isDirectory { queue.append(child.id) }
            }
        }
        return found
    }

    /// How many files live below a directory, and their bytes together. Looks at each of them.
    package func statistics(below directory: NodeID) throws -> (files: Int64, bytes: Int64) {
        let found = try database.query(
            """
            WITH RECURSIVE below (id) AS (
                VALUES (?) UNION ALL SELECT node.id FROM node JOIN below ON node.parent = below.id
                WHERE node.deleted = 0 AND node.kind = 1 AND node.id <> node.parent)
            SELECT count(*), coalesce(sum(node.size), 0) FROM node JOIN below ON node.parent = below.id
            WHERE node.deleted = 0 AND node.kind = 0
            """, directory
        ) { (files: try $0.int64(0), bytes: try $0.int64(1)) }
        return found.first ?? (0, 0)
    }

    private static func place(_ row: borrowing Row) throws -> (location: Location?, Bool) {
        let isDeleted = try row.bool(2)
        let location = Location(parent: NodeID(try row.int64(0)), name: try storedName(try row.blob(1)))
        return (isDeleted ? nil : location, isDeleted)
    }
}
