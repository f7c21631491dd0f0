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
    /// Whose change it was: of all that is found in the share, `share`. That is what the guard counts.
    package var client: String
    /// Which device has made a change that was found in the share; nil where that is not known, and of all others.
    package var device: String?
    /// Unix seconds, by the hub's clock. For the reader.
    package var at: Int64
    /// Where the node was then (of a deletion: where it had been).
    package var path: RelativePath
    /// Where it was before; only of moves.
    package var from: Location?
    /// The path before; only of moves.
    package var fromPath: RelativePath?

    /// Whose change it was, for people.
    package var author: String { device ?? client }
    /// The change's own number.
    package var seq: Sequence { node.seq }
}
