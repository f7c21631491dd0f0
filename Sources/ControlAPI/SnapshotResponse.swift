import SyncCore

/// `GET /v1/snapshot?epoch=E&after=N`: everything that the journal has, by id, in pages; ``SnapshotPage`` on the wire.
package struct SnapshotResponse: Codable, Hashable, Sendable {
    /// The journal's.
    package var epoch: String
    /// The id that the page begins after; 0 for the first.
    package var after: Int64
    /// The `after` of the next page.
    package var through: Int64
    /// No node has a higher id.
    package var last: Bool
    /// The journal's `seq`; the feed goes on after that of the first page.
    package var seq: Int64
    /// The chain value of the history at `seq`, in hex.
    package var chain: String?
    /// The highest `seq` of a tombstone that is gone.
    package var collected: Int64
    /// By id; tombstones that are still there too.
    package var nodes: [NodeMessage]
    package init(_ page: SnapshotPage, epoch: String, chain: String?) {
        self.epoch = epoch
        after = page.after.rawValue
        through = page.through.rawValue
        last = page.isLast
        seq = page.seq.rawValue
        self.chain = chain
        collected = page.collected.rawValue
        nodes = page.nodes.map(NodeMessage.init)
    }

    /// - Throws: ``WireError`` that names the field that is missing or wrong.
    package func page() throws(WireError) -> SnapshotPage {
        var found: [Node] = []
        for node in nodes { found.append(try node.node()) }
        return SnapshotPage(
            after: NodeID(after), nodes: found, through: NodeID(through), isLast: last, seq: Sequence(seq),
            collected: Sequence(collected))
    }
}
