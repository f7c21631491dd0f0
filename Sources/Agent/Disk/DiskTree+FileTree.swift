internal import Engine
internal import FileTree
internal import Index
internal import SyncCore

// What FileTree says, in the words of the engine.
extension DiskProblem {
    init(_ error: FileTreeError) {
        let cause: Cause =
            switch error.reason {
            case .notFound: .notFound
            case .noSpace: .noSpace
            case .denied: .denied
            case .readOnly: .readOnly
            case .changedWhileRead: .changedWhileRead
            default: .other
            }
        self.init(cause, "\(error)")
    }
}

extension DiskStatus {
    init(_ status: FileStatus) {
        let kind: Kind =
            switch status.kind {
            case .file: .node(.file)
            case .directory: .node(.directory)
            case .symlink: .node(.symlink)
            case .other(.fifo): .other("a FIFO")
            case .other(.socket): .other("a socket")
            case .other(.blockDevice), .other(.characterDevice): .other("a device")
            }
        self.init(kind: kind, stamp: Stamp(status), mode: status.mode)
    }
}

extension Stamp {
    init(_ status: FileStatus) {
        self.init(
            device: status.device, inode: status.inode, size: status.size, mtime: status.mtime, ctime: status.ctime,
            born: status.born)
    }
}
