package import FileTree
package import Journal

extension Placed {
    /// What was seen of something in the share.
    package init(_ status: FileStatus) {
        self.init(
            device: status.device, inode: status.inode, size: status.size, mtime: status.mtime, ctime: status.ctime,
            born: status.born)
    }

    /// Whether it can be the same inode, and not one that has its number now.
    package func isInode(of status: FileStatus) -> Bool { status.isInode(identity, born: born) }

    /// Which inode.
    package var identity: FileIdentity { FileIdentity(device: device, inode: inode) }
    /// By which a later change is noticed, of what was this kind.
    package func fingerprint(of kind: FileKind) -> Fingerprint {
        Fingerprint(kind: kind, identity: identity, size: size, mtime: mtime, ctime: ctime)
    }
}
