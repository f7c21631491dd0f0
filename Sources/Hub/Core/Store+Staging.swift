internal import ControlAPI
internal import FileTree
import Glibc
internal import Journal
import SyncCore

/// What clients have uploaded and nobody will ask for. What cannot be removed is left for the next time.
extension Store {
    /// Removes what nobody has gone on with for a while. The journal keeps since when it lies there.
    /// - Parameters:
    ///   - moment: now, by ``Journal/runningTime``.
    ///   - life: in seconds of that time.
    ///   - busy: clients of which a commit is being looked at.
    func collectStaging(noting journal: Journal, at moment: Int64, after life: Int64, except busy: Set<String>) throws {
        guard let staging = try? TreeRoot(path: layout.staging), let clients = try? staging.list(.top) else { return }
        var items: [RelativePath: PrivateItem] = [:]
        for client in clients where client.status.kind == .directory {
            for item in staged(by: client.name.description) { items[RelativePath([client.name, item.name])] = item }
        }
        var ages = try journal.stagedAges()
        ages.meet(items.mapValues { Ages.Stamp($0.status) }, at: moment)
        for (path, _) in ages.lying(for: life, at: moment) where !busy.contains(path.names[0].description) {
            guard let item = items[path], remove(item) else { continue }
            ages.forget(path)
        }
        try journal.keepStagedAges(ages, at: moment)
    }

    /// Removes all that a client has staged.
    /// - Parameter keepsAhead: all but what is staged ahead of a commit.
    /// - Returns: how many files.
    func clearStaging(of client: String, keepsAhead: Bool = false) -> Int {
        let items = staged(by: client).filter {
            !keepsAhead || !$0.name.bytes.starts(with: StagedResponse.prefix.utf8)
        }
        return items.count { remove($0) }
    }

    /// Takes a client's staging directory away from all sessions that have it.
    /// - Returns: what has to be removed from ``incoming``, which may take long; nil if nothing was there.
    /// - Throws: ``HubFileError``.
    func removeStaging(of client: String) throws(HubFileError) -> Name? {
        let own = layout.staging + "/" + client
        let name = PrivateArea.randomName()
        if rename(own, "\(incoming.path)/\(name)") == 0 { return name }
        if errno == ENOENT { return nil }
        throw HubFileError(doing: "empty", path: own, code: errno)
    }

    /// Removes what was laid out for a client whose connection is gone.
    func clearLaidOut(for client: String) {
        for item in staged(by: client) where item.name.bytes.starts(with: LayOutResponse.prefix.utf8) {
            remove(item)
        }
    }

    /// Removes one thing that a client has staged, whatever it is; nothing when absent.
    func removeStaged(_ name: Name, of client: String) {
        guard let area = try? stagingArea(of: client), let item = try? area.item(named: name) else { return }
        remove(item)
    }

    /// A directory, which no client of ours makes there, may hold very much and be very deep: it is taken aside, and emptied
    /// where nobody waits for it.
    /// - Returns: false if it is still there.
    @discardableResult
    private func remove(_ item: PrivateItem) -> Bool {
        if item.status.kind != .directory { return (try? item.remove()) != nil }
        guard let doomed = try? PrivateArea(path: layout.privateFiles + "/doomed"),
            (try? item.move(to: doomed, as: PrivateArea.randomName())) != nil
        else { return false }
        emptyDoomed()
        return true
    }

    /// Removes what was taken aside, also by a hub before this one.
    func emptyDoomed() {
        let path = layout.privateFiles + "/doomed"
        remover.async {
            var status = stat()
            guard lstat(path, &status) == 0, let doomed = try? PrivateArea(path: path) else { return }
            for item in (try? doomed.items()) ?? [] { try? item.remove() }
        }
    }

    /// - Returns: nil if that cannot be seen.
    func hasStagedAhead(by client: String) -> Bool? {
        guard let area = try? stagingArea(of: client), let items = try? area.items() else { return nil }
        return items.contains { $0.name.bytes.starts(with: StagedResponse.prefix.utf8) }
    }

    private func staged(by client: String) -> [PrivateItem] {
        guard let area = try? stagingArea(of: client) else { return [] }
        return (try? area.items()) ?? []
    }
}
