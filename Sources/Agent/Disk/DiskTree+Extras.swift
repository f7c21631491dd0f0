internal import Engine
internal import FileTree
internal import SyncCore

/// Owner, group and attributes, where they are carried.
extension DiskTree {
    private var extras: ExtrasReader { ExtrasReader(root: root, carried: carried) }

    func described(_ status: FileStatus, _ path: @autoclosure () -> RelativePath) throws(FileTreeError) -> DiskStatus {
        try extras.described(status, path())
    }

    /// What was just placed, with all that it has.
    func whole(_ status: FileStatus, _ path: RelativePath) throws -> DiskStatus {
        guard carried != .nothing, status.kind != .symlink else { return DiskStatus(status) }
        do throws(FileTreeError) {
            // Setting them has moved its ctime.
            guard let now = try root.status(of: path), now.identity == status.identity, now.size == status.size,
                now.mtime == status.mtime
            else { return DiskStatus(status) }
            var described = DiskStatus(now)
            described.mode = try mode(now.mode, of: path)
            return described
        } catch { throw DiskProblem(error) }
    }

    /// Permission bits, with the extras that are carried.
    func mode(_ mode: Mode, of path: RelativePath) throws(FileTreeError) -> Mode { try extras.mode(mode, of: path) }

    func setExtras(of path: RelativePath, _ status: FileStatus, _ mode: Mode) throws(FileTreeError) {
        guard carried != .nothing, let extras = mode.extras else { return }
        _ = try root.setExtras(extras, of: path, expecting: status.identity)
    }

    func knows(_ extras: Extras) -> (owner: Bool, group: Bool, attributes: Bool) { TreeRoot.knows(extras) }
}
