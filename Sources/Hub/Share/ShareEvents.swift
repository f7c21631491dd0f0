internal import FileTree
import SyncCore
import Synchronization

/// A name in a directory of the share that the journal knows: it stays the same wherever the directory is moved.
struct Spot: Hashable, Sendable {
    var directory: NodeID
    var name: Name
}

/// Something about the share that is not finished yet.
enum ShareTask: Hashable, Sendable {
    /// A name is to become quiet, or its bytes are being hashed.
    case name(Spot)
    /// A directory is to be listed.
    case directory(NodeID)
    /// A node has no file any more, and may turn up elsewhere.
    case vanished(NodeID)
}

/// Events on their way from the watcher's thread to the hub's queue. Any thread.
final class ShareMailbox: Sendable {
    private struct State {
        var events: [WatchEvent] = []
        var overflowed = false
    }
    private let state = Mutex(State())

    /// - Returns: whether the mailbox was empty, so that somebody has to be told.
    func put(_ batch: WatchBatch) -> Bool {
        state.withLock { state in
            let wasEmpty = state.events.isEmpty && !state.overflowed
            state.events += batch.events
            if batch.overflowed { state.overflowed = true }
            return wasEmpty
        }
    }

    /// All that is in it.
    func take() -> (events: [WatchEvent], overflowed: Bool) {
        state.withLock { state in
            defer { state = State() }
            return (state.events, state.overflowed)
        }
    }
}
