import FileTree
import Processes

/// What was asked of a tree's disk, and whether by a thread that the disk serves only when nobody else wants it.
package final class DiskLooks: Sendable {
    private let looks = Monitor<[(step: DiskStep, isIdle: Bool)]>([])

    package init() {}

    /// The tree, with all its steps written down. None of them fails by this.
    package func root(_ path: String) throws -> TreeRoot {
        try TreeRoot(
            path: path,
            failing: { [looks] step in
                looks.withLock { $0.append((step, DiskPriority.isIdle)) }
                return 0
            })
    }

    /// Of each such step since it was forgotten the last time, in order, whether its thread was idle for the disk.
    package func idle(_ step: DiskStep) -> [Bool] {
        looks.withLock { $0.filter { $0.step == step }.map(\.isIdle) }
    }

    package func forget() { looks.withLock { $0 = [] } }
}
