/// A part of everything that the journal has, by id: for a client whose cursor is behind tombstones that are gone. Ids are
/// never used again, so a node that the client knows and its page lacks was deleted meanwhile.
package struct SnapshotPage: Hashable, Sendable {
    /// The page begins after this id.
    package var after: NodeID
    /// Every node from there to ``through``, by id; tombstones that are still there too.
    package var nodes: [Node]
    /// Nodes with ids up to here are in the page or before it. Of the last page: the highest id that was ever given.
    package var through: NodeID
    /// No node has a higher id.
    package var isLast: Bool
    /// The journal's `seq` when the page was made. The feed goes on after that of the first page.
    package var seq: Sequence
    /// The journal's ``collected`` when the page was made: the highest `seq` of a tombstone that is gone.
    package var collected: Sequence

    /// See the properties.
    package init(
        after: NodeID, nodes: [Node], through: NodeID, isLast: Bool, seq: Sequence, collected: Sequence
    ) {
        self.after = after
        self.nodes = nodes
        self.through = through
        self.isLast = isLast
        self.seq = seq
        self.collected = collected
    }
}
