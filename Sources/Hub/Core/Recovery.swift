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
        collectStaging()
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

    /// Uploads that nobody has gone on with. One that cannot be removed is no reason not to start.
    private func collectStaging() {
        guard let staging = try? TreeRoot(path: store.layout.staging), let clients = try? staging.list(.top) else {
            return
        }
        let old = clock.now() - .seconds(settings.stagingLife)
        for client in clients where client.status.kind == .directory {
            guard let area = try? PrivateArea(path: "\(store.layout.staging)/\(client.name)"),
                let items = try? area.items()
            else { continue }
            for item in items where max(item.status.mtime, item.status.ctime) < old { try? item.remove() }
        }
    }
}
