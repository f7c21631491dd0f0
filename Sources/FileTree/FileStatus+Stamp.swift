package import SyncCore

extension Ages.Stamp {
    /// What was found somewhere.
    package init(_ status: FileStatus) {
        self.init(inode: status.inode, size: status.size, ctime: status.ctime)
    }
}
