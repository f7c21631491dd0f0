internal import ControlAPI
internal import FileTree
import SyncCore

// What clients stage: it has a quota, and it goes when others need the room. SFTP asks nobody, so it is looked at now and then.
extension HubDesk {
    /// At most so often for one client.
    private static let looksEvery: Nanoseconds = .seconds(30)

    /// Looks whether a client has staged more than it may, unless that was looked at a moment ago. What is over goes, the oldest first,
    /// and its sessions end: they may have files open that have no name any more.
    func checkQuota(of name: String) {
        let now = clock.uptime()
        if let last = quotaLooks[name], now - last < HubDesk.looksEvery { return }
        quotaLooks[name] = now
        let (store, queue, quota) = (store, queue, settings.stagingQuota)
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        helpers.run(for: name) {
            let gone = quota.excess(of: store.stagedSizes(of: name))
            if gone.isEmpty { return }
            for file in gone { store.removeStaged(file, of: name) }
            queue.async {
                hubLog.warning("staging_over_quota", ["client": name, "removed": gone.count])
                if let client = desk.clients[name] { desk.endSessions(of: client.record) }
            }
        }
    }

    /// Somebody has something to send. On a disk that is full, what another has staged most of goes: it sends it again when there is
    /// room, and whoever has a little is not kept waiting by one who fills the disk.
    func makeRoomFor(_ name: String) {
        let now = clock.uptime()
        if let lastRoomLook, now - lastRoomLook < HubDesk.looksForRoomEvery { return }
        lastRoomLook = now
        guard let space = try? store.incoming.space(), StagingRule.isFull(free: space.free, total: space.total) else {
            return
        }
        let names = clients.values.filter { $0.record.revokedAt == nil && commitLines[$0.record.name] == nil }
            .map(\.record.name)
        let prepared = Dictionary(
            uniqueKeysWithValues: names.map { name in
                (name, ready.values(of: name).reduce(Int64(0)) { $0 + $1.item.status.size })
            })
        let (store, queue) = (store, queue)
        nonisolated(unsafe) let desk = self  // SAFETY: used on the queue only.
        helpers.run(for: name) {
            var sizes = prepared
            for name in names { sizes[name, default: 0] += store.stagedSizes(of: name).reduce(0) { $0 + $1.bytes } }
            guard let largest = StagingRule.largest(of: sizes, except: name, total: space.total) else { return }
            queue.async { desk.clear(largest, for: name) }
        }
    }

    private func clear(_ name: String, for other: String) {
        if isStopped || commitLines[name] != nil { return }
        // A second name would keep the room of a file.
        endComing { $0.uploader == name }
        let count = store.clearStaging(of: name) + dropReady(of: name)
        hubLog.warning("disk_full", ["client": other, "removed_of": name, "staged_files_removed": count])
        if let client = clients[name] { endSessions(of: client.record) }
    }

    private static let looksForRoomEvery: Nanoseconds = .seconds(5)
}
