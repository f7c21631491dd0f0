internal import SQLite
import SyncCore

// How deep the tree is, and may become.
extension Journal {
    /// How many directories there are in one another below a live directory.
    /// - Parameter most: what is deeper is not looked at.
    package func height(of id: NodeID, atMost most: Int) throws -> Int {
        let height = try database.first(
            """
            WITH RECURSIVE below(id, level) AS (
                VALUES (?, 0)
                UNION ALL
                SELECT node.id, below.level + 1 FROM below JOIN node ON node.parent = below.id
                WHERE node.deleted = 0 AND node.kind = \(NodeKind.directory.code) AND below.level < ?)
            SELECT max(level) FROM below
            """, id, Int64(most)
        ) { try $0.int64(0) }
        return Int(height ?? 0)
    }
}

extension Commit {
    /// Whether a decision would make the tree deeper than it may be (``TreeLimits``). Only directories are asked about: no
    /// file lies deeper than in the deepest one.
    mutating func goesTooDeep(_ effects: [Effect]) throws -> Bool {
        for effect in effects {
            switch effect {
            case .insert(let location, let content), .revive(_, at: let location, let content):
                guard content.isDirectory else { continue }
                if try !TreeLimits.allowsDirectory(at: path(of: location).names.count) { return true }
            case .relocate(let id, to: let location):
                let before = try node(id)
                guard before.content.isDirectory else { continue }
                let (old, new) = (try path(of: before.location).names.count, try path(of: location).names.count)
                let journal = journal
                let fits = try TreeLimits.allowsMove(from: old, to: new) {
                    try journal.height(of: id, atMost: TreeLimits.directories)
                }
                if !fits { return true }
            case .rewrite, .remove, .conflict: continue
            }
        }
        return false
    }
}
