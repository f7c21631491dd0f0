internal import Index
package import SyncCore

/// What was done since the start, and what is left, for people.
extension Folder {
    /// What of the commit in flight has reached the hub.
    func countSent(_ content: Content?) { done = done + Amount(files: 1, bytes: content?.file?.size ?? 0) }

    /// Things are here as the hub has them.
    /// - Parameter bytes: that came for them.
    package func countReceived(files: Int, bytes: Int64 = 0) { done = done + Amount(files: files, bytes: bytes) }

    /// All that was done since the start, with what has come of what is on its way.
    package var progress: Amount { Amount(files: done.files, bytes: done.bytes + onTheWay) }

    /// How much waits to be sent and to come, and its bytes, without what has come of them or is here. Counts all of it: takes time where
    /// there is much.
    package func backlog() throws -> (up: Int, down: Int, bytes: Int64) {
        var backlog = try index.backlog()
        backlog.bytes = max(backlog.bytes - onTheWay - ahead.here.values.reduce(0, +), 0)
        return backlog
    }

    /// The same, both directions together.
    package func left() throws -> Amount {
        let backlog = try backlog()
        return Amount(files: backlog.up + backlog.down, bytes: backlog.bytes)
    }

    /// In bytes.
    private var onTheWay: Int64 { ahead.arrived.values.reduce(0, +) + ahead.came.values.reduce(0, +) }
}
