/// When a client's changes are too many to be believed without a person (DESIGN §4.8): a pure rule over numbers.
package struct MassChangeGuard: Hashable, Sendable {
    /// How many percent of the live nodes may go or be rewritten in one batch; 0 switches the guard off.
    package var percent: Int
    /// A batch of fewer nodes is never held.
    package var least: Int

    package init(percent: Int = 30, least: Int = 50) {
        self.percent = percent
        self.least = least
    }

    /// Lets everything pass.
    package static let off = MassChangeGuard(percent: 0)

    /// Whether a batch is large enough to count the live nodes for.
    package func isLarge(_ changes: Int) -> Bool { percent > 0 && changes >= max(least, 1) }

    /// - Parameters:
    ///   - changes: nodes that the batch deletes, or gives other bytes.
    ///   - live: nodes that lived before it.
    package func trips(changes: Int, live: Int) -> Bool {
        isLarge(changes) && Double(changes) * 100 > Double(percent) * Double(live)
    }
}

/// What a client says that it has still to send, with the commit that says it.
package struct AnnouncedChanges: Hashable, Sendable {
    /// Nodes to be deleted.
    package var deletes: Int
    /// Nodes whose bytes are to become others.
    package var rewrites: Int

    package init(deletes: Int = 0, rewrites: Int = 0) {
        self.deletes = deletes
        self.rewrites = rewrites
    }

    /// Both together.
    package var count: Int { deletes + rewrites }
}
