internal import CLinux
import Glibc
package import SyncCore

/// Tells what happens in directories (inotify), one watch for each: what lies deeper is the owner's affair. Add the watch
/// *before* listing the directory; then whatever is not in the list comes as an event.
///
/// Any thread may call. The callback runs on the watcher's own thread; it must not call ``drain()`` or ``stop()``.
package final class Watcher: Sendable {
    private let core: WatchCore

    /// - Parameter deliver: gets all that was there to read, in order.
    /// - Throws: ``WatchError``: `.tooManyInstances`, …
    package init(deliver: @escaping @Sendable (WatchBatch) -> Void) throws(WatchError) {
        core = try WatchCore(deliver: deliver)
        try core.start()
    }

    deinit { core.stop() }

    /// Watches a directory. The watch is on the inode: it stays, with its token, when the directory is renamed or moved.
    /// - Parameter token: the owner's name for it. A token that had another directory leaves that one.
    /// - Returns: the token under which the same directory was watched until now, if another: that one is free.
    /// - Throws: ``WatchError``: `.limitReached`, `.directory`, …
    @discardableResult
    package func watch(_ directory: RelativePath, in root: TreeRoot, token: Int64) throws(WatchError) -> Int64? {
        let handle: Descriptor
        do throws(FileTreeError) {
            handle = try root.openDirectory(directory, "watch")
        } catch {
            throw .directory(error)
        }
        return try core.add(handle, path: directory.description, token: token)
    }

    /// No event of that token is delivered any more, once this has returned and the running callback, if any, has.
    package func unwatch(_ token: Int64) { core.remove(token) }

    /// Directories watched.
    package var count: Int { core.count }

    /// Returns when all events that the kernel had queued at the call have been delivered, the callback included.
    ///
    /// How: the queue of an inotify instance is in order. A change of mode of a file in memory that only this watcher
    /// knows and watches queues a sentinel behind everything that is there; when it has been read, and the batch delivered,
    /// the call returns. If the queue was full the sentinel is lost, but an overflow is read: then another is queued. Each
    /// call takes the other one of two such files, so that a sentinel left over from the call before cannot answer.
    package func drain() { core.drain() }

    /// Ends the thread and waits for it. No event is delivered afterwards. May be called twice.
    package func stop() { core.stop() }
}
