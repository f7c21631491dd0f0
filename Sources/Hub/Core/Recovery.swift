internal import FileTree
import Glibc
internal import Journal
import SyncCore

/// What a start does before anybody is served: finishes what was decided, and collects what a crash left.
struct Recovery {
    let store: Store
    let journal: Journal
    let placer: Placer
    let clock: HubClock
    let settings: HubCoreSettings

    func run() throws {
        try shelve()
        let pending = try journal.pendingPlacements()
        if !pending.isEmpty { hubLog.info("finishing", ["placements": pending.count]) }
        try placer.replay(pending)
        try placer.flush()
        try collectIncoming()
        store.collectStaging(before: clock.now() - .seconds(settings.stagingLife), except: [])
    }

    /// What had come out of the share and not reached `versions/`.
    private func shelve() throws {
        for item in try store.displaced.items() { try placer.keepStray(item) }
    }

    /// Verified files that no placement refers to: their commit never happened.
    private func collectIncoming() throws {
        let needed = Set(
            try journal.pendingPlacements().compactMap { placement -> String? in
                guard case .file(_, _, .staged(let staged)) = placement.step else { return nil }
                return staged.name
            })
        for item in try store.incoming.items() where !needed.contains(item.name.description) { try item.remove() }
    }
}
