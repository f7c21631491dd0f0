internal import FileTree
package import SyncCore

// Copies of what is current. They lie privately until their bytes are durable, and get their names in `versions/` then: a name there
// is that of its bytes, whatever ends the hub.
extension Placer {
    /// A verified copy of what is current: it goes into `versions/` with the next ``flush()``.
    package func keepCopy(_ item: Disk.Item, _ digest: Digest) {
        if copies[digest] == nil { copies[digest] = item } else { discard(item) }
    }

    /// The same for one that is durable: it goes there at once.
    package func shelveCopy(_ item: Disk.Item, _ digest: Digest) {
        do {
            try store.keepCopy(item, digest)
            kept[digest] = item.status.size
        } catch {
            // The share has the bytes.
            warn("copy_not_kept", ["sha256": digest, "reason": "\(error)"])
            discard(item)
        }
    }

    /// What is current lies in `versions/`, and the journal may not know.
    package func noteKept(_ digest: Digest, size: Int64) { kept[digest] = size }

    /// Whether a copy is on its way there.
    package func isKeeping(_ digest: Digest) -> Bool { copies[digest] != nil || kept[digest] != nil }

    func shelveCopies() {
        for (digest, item) in copies { shelveCopy(item, digest) }
        copies = [:]
    }

    private func discard(_ item: Disk.Item) { try? item.remove() }
}
