import SyncCore

/// One accepted change: a row of the history.
package struct HistoryRecord: Hashable, Sendable {
    /// What a change did.
    package enum Change: String, Hashable, Sendable {
        case create, edit, move, delete, revive
    }

    /// The node as it was afterwards; its `seq` is the change's.
    package var node: Node
    /// What was done to it.
    package var change: Change
    /// Whose change it was.
    package var client: String
    /// Unix seconds, by the hub's clock. For the reader.
    package var at: Int64
    /// Where the node was then (of a deletion: where it had been).
    package var path: RelativePath
    /// Where it was before; only of moves.
    package var from: Location?
    /// The path before; only of moves.
    package var fromPath: RelativePath?

    /// The change's own number.
    package var seq: Sequence { node.seq }
}
