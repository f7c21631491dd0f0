internal import FileTree
internal import Share
import SyncCore

// Durable, in two ways. One sync of the file system is the cheapest for a batch, and waits for all that others are writing at that
// moment; each file and directory by itself costs more, and waits for nobody.
extension Store {
    /// Some files that wait in ``incoming``, and their names.
    func sync(incoming items: [PrivateItem]) throws(FileTreeError) {
        if items.isEmpty { return }
        let canBeOpened = items.allSatisfy { $0.status.mode.rawValue & 0o400 != 0 }
        guard items.count <= Store.fewFiles, canBeOpened, isDiskBusy else { return try incoming.syncFileSystem() }
        // All of them are begun before the first one is waited for.
        if items.count > 1 { for item in items { try item.open().beginWriting() } }
        for item in items { try item.sync() }
        try incoming.sync()
    }

    /// See ``ShareDisk/sync(_:_:)``.
    func sync(_ touched: Touched, _ items: [PrivateItem]) throws {
        guard touched.count + items.count <= Touched.most, isDiskBusy else { return try sync() }
        do throws(FileTreeError) {
            for item in items { try item.sync() }
            try syncEach(touched)
        } catch {
            // What cannot be opened by itself is durable with all the rest. A disk that fails is no such thing.
            guard error.leavesBytesMissing else { throw error }
            try sync()
        }
    }

    private func syncEach(_ touched: Touched) throws(FileTreeError) {
        for path in touched.files { try share.openFile(path).sync() }
        try syncEach(directories: touched.directories)
        for digest in touched.versions { try syncVersion(digest) }
        try incoming.sync()
        try displaced.sync()
    }

    /// What was read in the share, its names in some directories, and copies that were made of it in ``copies``.
    /// - Parameter read: open since before it was read, so that a write that failed since is told.
    func sync(
        read files: [FileReader], in directories: Set<RelativePath>, _ copies: [PrivateItem]
    ) throws(FileTreeError) {
        guard files.count <= Store.fewFiles, isDiskBusy else { return try share.syncFileSystem() }
        do throws(FileTreeError) {
            for file in files { try file.sync() }
            for copy in copies { try copy.sync() }
            try syncEach(directories: directories)
        } catch {
            guard error.leavesBytesMissing else { throw error }
            try share.syncFileSystem()
        }
    }

    /// Names in directories of the share, and their own: a parent that was missing was made with them.
    private func syncEach(directories: Set<RelativePath>) throws(FileTreeError) {
        let all = directories.reduce(into: Set<RelativePath>()) { all, path in
            var path = path
            while all.insert(path).inserted, !path.isTop { path = path.parent }
        }
        for path in all { try share.syncDirectory(path) }
    }

    /// More files are made durable together.
    static let fewFiles = 16
}
