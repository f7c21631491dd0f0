internal import Index
internal import SyncCore

/// A file with several names (hard links): to us each name is a file of its own. Nothing that is done here for one name may
/// be seen under another, and what its user does through one name is seen under all.
extension Folder {
    /// A file's bytes have to be looked at again.
    func changed(_ row: LocalRow, _ status: DiskStatus) throws {
        var row = row
        row.stamp = status.stamp
        row.mode = status.mode
        row.digest = nil
        try index.update(row)
        fresh.append(FreshFile(directory: row.parent, name: row.name, entry: row.entry, changed: status.stamp.ctime))
    }

    /// The kernel tells of the name only through which a file was changed. A new name alone moves no more than the ctime, and
    /// does not have the others read again.
    /// - Parameter isNew: the entry has only just appeared.
    func lookAtOtherNames(of entry: EntryID, _ status: DiskStatus, isNew: Bool = false) throws {
        for other in try index.locals(device: status.stamp.device, inode: status.stamp.inode)
        where other.entry != entry && other.kind == .file && !other.isVanished {
            if isNew ? other.hasBytes(of: status) : other.stamp == status.stamp { continue }
            guard let path = try index.path(of: other.entry) else { continue }
            try reporting(path) {
                guard let now = try tree.status(of: path), now.kind == .node(.file), now.isInode(status) else { return }
                try changed(other, now)
            }
        }
    }
}

extension LocalRow {
    /// As far as size, time and mode tell.
    fileprivate func hasBytes(of status: DiskStatus) -> Bool {
        stamp.size == status.stamp.size && stamp.mtime == status.stamp.mtime && mode.bare == status.mode.bare
    }
}

extension DiskStatus {
    fileprivate func isInode(_ other: DiskStatus) -> Bool {
        stamp.device == other.stamp.device && stamp.inode == other.stamp.inode
    }
}
