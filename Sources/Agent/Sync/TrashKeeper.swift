internal import FileTree
internal import Index
internal import SyncCore

/// Removes from the folder's trash what has lain there for so long that agents have run on this index: a wrong clock removes
/// nothing. Belongs to the worker's queue.
struct TrashKeeper {
    private let days: Int
    private let running: RunningTime
    private let uptime: @Sendable () -> Nanoseconds
    private var nextLook = Int64.min

    /// So often something may have to be done, in seconds. A crash sets the time back by no more than that.
    static let interval = 3_600

    /// - Parameters:
    ///   - days: for how long what is in the trash is kept.
    ///   - uptime: of a clock that never goes back.
    init(_ index: FolderIndex, days: Int, uptime: @escaping @Sendable () -> Nanoseconds) throws {
        self.days = days
        self.uptime = uptime
        running = RunningTime(kept: try index.runningTime, uptime: uptime())
    }

    /// Writes down how long agents have run.
    func note(in index: FolderIndex) throws { try index.noteRunning(running.moment(at: uptime())) }

    /// Looks at the trash, once a day.
    /// - Parameter root: the folder.
    /// - Returns: how many files and symlinks were removed.
    mutating func look(in root: TreeRoot, _ index: FolderIndex) throws -> Int {
        let moment = running.moment(at: uptime())
        guard moment >= nextLook else { return 0 }
        nextLook = moment + TrashKeeper.day
        let trash = Trash(in: root)
        var ages = try index.trashAges()
        ages.meet(try trash.contents(), at: moment)
        let removed = try trash.clean(ages.lying(for: Int64(days) * TrashKeeper.day, at: moment))
        for path in removed { ages.forget(path) }
        try index.keepTrashAges(ages, at: moment)
        return removed.count
    }

    /// In seconds.
    private static let day: Int64 = 86_400
}
