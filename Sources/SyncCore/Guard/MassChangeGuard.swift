/// When a client's changes are too many to be believed without a person (DESIGN §4.8): a pure rule over numbers.
package struct MassChangeGuard: Hashable, Sendable {
    /// How many percent of the live nodes may go or be rewritten within the window; 0 switches the guard off.
    package var percent: Int
    /// Fewer nodes are never held.
    package var least: Int
    /// What a client does within so many seconds is summed up. A person's decision covers what still comes for as long.
    package var window: Int64

    package init(percent: Int = 30, least: Int = 50, window: Int64 = 600) {
        self.percent = percent
        self.least = least
        self.window = window
    }

    /// Lets everything pass.
    package static let off = MassChangeGuard(percent: 0)

    /// Whether so many changes are enough to count the live nodes for.
    package func isLarge(_ changes: Int) -> Bool { percent > 0 && changes >= max(least, 1) }

    /// Both conditions hold: so many of all, and not just a few.
    /// - Parameters:
    ///   - changes: nodes that the client deletes, or gives other bytes.
    ///   - live: nodes that lived before it.
    package func trips(changes: Int, live: Int) -> Bool {
        isLarge(changes) && Double(changes) * 100 > Double(percent) * Double(live)
    }

    /// How many names a client has changed within the window, once it has sent all that it announces.
    /// - Parameters:
    ///   - done: names that it has changed already.
    ///   - here: names that its commit is about to change.
    ///   - new: those of `here` that are not among `done`.
    ///   - announced: what it has to send in all, this commit included. How much of the rest is new is not known: as much as
    ///     of this commit. A program that writes the same files again and again is no mass rewrite.
    package static func sum(done: Int, here: Int, new: Int, announced: Int) -> Int {
        let coming = max(announced - here, 0)
        return done + new + (here > 0 ? coming * new / here : 0)
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
