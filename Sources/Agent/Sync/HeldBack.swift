internal import Engine
internal import Index
internal import SyncCore

/// Files that the hub could not take: they stand aside so that the others go on, and are tried again, a few at a time,
/// after a pause that grows. Used on the folder's queue.
struct HeldBack {
    private struct Item {
        var file: FileContent
        var tries: Int
    }
    private var items: [EntryID: Item] = [:]
    /// Those that are being tried again.
    private var released: Set<EntryID> = []
    private var pause = GrowingPause(2_000...30_000)

    /// Tried again at once, in bytes; one file may be larger.
    private static let batch: Int64 = 16 << 20

    /// When the next of them are due, in monotonic milliseconds; nil if there are none.
    var nextRetry: Int64? { released.count < items.count ? pause.due : nil }

    /// - Returns: those that were not held back before.
    mutating func hold(
        _ files: [(entry: EntryID, file: FileContent)], reason: String, in folder: Folder<DiskTree>, at now: Int64
    ) -> [EntryID] {
        pause.begin(at: now, grows: files.contains { released.contains($0.entry) })
        var new: [EntryID] = []
        for (entry, file) in files {
            if items[entry] == nil { new.append(entry) }
            items[entry] = Item(file: file, tries: (items[entry]?.tries ?? 0) + 1)
            released.remove(entry)
            folder.index.heldBack.insert(entry)
            folder.sendingTroubles[entry] = reason
        }
        return new
    }

    /// Lets go of those whose time has come, those tried least and the small ones first; and of what is not as it was.
    mutating func release(in folder: Folder<DiskTree>, at now: Int64) throws {
        for (entry, item) in items where !released.contains(entry) {
            if try folder.index.local(entry)?.digest != item.file.digest { letGo(entry, folder) }
        }
        guard now >= pause.due ?? 0 else { return }
        var bytes: Int64 = 0
        let waiting = items.filter { !released.contains($0.key) }
        for (entry, item) in waiting.sorted(by: {
            ($0.value.tries, $0.value.file.size) < ($1.value.tries, $1.value.file.size)
        }) {
            if bytes > 0, bytes + item.file.size > HeldBack.batch { break }
            bytes += item.file.size
            letGo(entry, folder)
        }
    }

    private mutating func letGo(_ entry: EntryID, _ folder: Folder<DiskTree>) {
        released.insert(entry)
        folder.index.heldBack.remove(entry)
    }

    /// They have arrived.
    mutating func forget(_ entries: [EntryID], in folder: Folder<DiskTree>) {
        var isBetter = false
        for entry in entries {
            folder.sendingTroubles[entry] = nil
            folder.index.heldBack.remove(entry)
            released.remove(entry)
            if items.removeValue(forKey: entry) != nil { isBetter = true }
        }
        if isBetter { pause.shorten() }
    }

    /// Nothing is left to be sent: of those that were let go, there is nothing more to say.
    mutating func forgetReleased(in folder: Folder<DiskTree>) { forget(Array(released), in: folder) }
}
