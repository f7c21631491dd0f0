internal import FileTree
import SyncCore

/// What clients have uploaded and nobody will ask for. What cannot be removed is left for the next time.
extension Store {
    /// Removes what nobody has gone on with since a moment (Unix nanoseconds).
    /// - Parameter busy: clients of which a commit is being looked at.
    func collectStaging(before old: Nanoseconds, except busy: Set<String>) {
        guard let staging = try? TreeRoot(path: layout.staging), let clients = try? staging.list(.top) else { return }
        for client in clients where client.status.kind == .directory && !busy.contains(client.name.description) {
            for item in staged(by: client.name.description)
            where max(item.status.mtime, item.status.ctime) < old { try? item.remove() }
        }
    }

    /// Removes all that a client has staged.
    /// - Returns: how many files.
    func clearStaging(of client: String) -> Int {
        let items = staged(by: client)
        for item in items { try? item.remove() }
        return items.count
    }

    private func staged(by client: String) -> [PrivateItem] {
        guard let area = try? PrivateArea(path: "\(layout.staging)/\(client)") else { return [] }
        return (try? area.items()) ?? []
    }
}
