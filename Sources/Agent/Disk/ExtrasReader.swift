internal import Engine
internal import FileTree
internal import SyncCore

/// Owner, group and attributes of what lies in a folder, where they are carried. A listing tells those of directories; a
/// file's are read with its bytes, since whatever changes them changes its ctime too.
struct ExtrasReader {
    let root: TreeRoot
    let carried: CarriedExtras

    /// As a listing shows it.
    func described(_ status: FileStatus, _ path: @autoclosure () -> RelativePath) throws(FileTreeError) -> DiskStatus {
        guard status.kind == .directory, carried != .nothing else { return DiskStatus(status) }
        let path = path()
        if path.isTop { return DiskStatus(status) }
        var described = DiskStatus(status)
        described.mode = try mode(status.mode, of: path)
        return described
    }

    /// Permission bits, with the extras that are carried.
    func mode(_ mode: Mode, of path: RelativePath) throws(FileTreeError) -> Mode {
        guard carried != .nothing else { return mode }
        do throws(FileTreeError) { return Mode(mode.rawValue, extras: try root.extras(of: path, carried)) } catch {
            // It went meanwhile: its event, or the next look, tells.
            if error.reason == .notFound { return mode }
            throw error
        }
    }
}
