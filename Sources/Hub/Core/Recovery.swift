internal import FileTree
import Glibc
internal import Journal
internal import Share
import SyncCore

/// What a start does before anybody is served: finishes what was decided, and collects what a crash left.
struct Recovery {
    let store: Store
    let journal: Journal
    let placer: Placer

    func run() throws {
        try placer.recover()
        try collectIncoming()
        try store.giveBackAll()
    }

    /// Verified files that no placement refers to, and nothing that is held: their commit never happened.
    private func collectIncoming() throws {
        let needed = try placer.neededStaged().union(try journal.heldFiles())
        for item in try store.incoming.items() where !needed.contains(item.name.description) { try item.remove() }
    }
}
