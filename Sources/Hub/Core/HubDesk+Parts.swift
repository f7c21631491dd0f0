internal import FileTree
internal import Journal
import SyncCore

// What the keys open of the share. The key of a client of a part names a directory by path and inode: it is written anew when the
// directory has moved, so that sessions find it, and when another one stands for the part.
extension HubDesk {
    /// As the journal and the share have it now; what cannot be asked is as it was.
    func reach(of record: ClientRecord) -> ShareReach {
        let part = record.subtree.map { subtree in
            (try? self.part(subtree)) ?? keyParts[record.name] ?? SharePart(path: subtree.path, directory: nil)
        }
        return ShareReach(isReadOnly: record.role == .readOnly, part: part)
    }

    private func part(_ subtree: Subtree) throws -> SharePart {
        guard let node = try journal.node(subtree.node), !node.isDeleted, node.content.isDirectory,
            let path = try journal.path(of: node.id), !path.isTop
        else { return SharePart(path: try journal.path(of: subtree.node) ?? subtree.path, directory: nil) }
        // RACE: what stands there may be another directory that a device of the whole share has just put there, and that the journal
        // does not know of yet. Worst outcome: a device of the part sees that one until it is looked at: by the doing of one that may
        // move anything into the part.
        let status = try? store.share.status(of: path)
        return SharePart(path: path, directory: status.flatMap { $0.kind == .directory ? $0.identity : nil })
    }

    /// Writes the keys anew when the directory of a client is at another place, or is another one, and ends the sessions that are
    /// confined to one that is not it any more. A key whose directory is nowhere stays as it is, and opens nothing. Looks at the
    /// clients of a part alone.
    func followParts() throws {
        if fence.reason != nil { return }
        var ended: [ClientRecord] = []
        var isOther = false
        for (name, client) in clients where client.record.revokedAt == nil {
            guard let subtree = client.record.subtree, let kept = keyParts[name] else { continue }
            let now = try part(subtree)
            guard now != kept, now.directory != nil else { continue }
            isOther = true
            if kept.directory == now.directory { continue }
            ended.append(client.record)
        }
        guard isOther else { return }
        try writeKeys()
        // There, too, a part is found by its path if the journal is lost.
        keepClientsFile()
        ended.forEach(endSessions)
    }
}
